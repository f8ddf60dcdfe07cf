export interface SignalledRun {
  /** A fault of it that comes after the signal is no fault: it was told to stop in the middle. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly onStopFailure: (error: unknown) => void;
}

/**
 * Starts, and at the first SIGTERM or SIGINT stops and ends the process: with 0, or with 1 where stopping fails. A second
 * signal ends it at once, with 1. Resolves once it has started.
 */
export async function runUntilSignal({ start, stop, onStopFailure }: SignalledRun): Promise<void> {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        onStopFailure(error);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  try {
    await start();
  } catch (error) {
    if (!stopping) throw error;
  }
}
