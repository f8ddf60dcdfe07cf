/** What a signal does before the process ends. Never rejects. */
type Departure = () => Promise<void>;

const departures = new Map<NodeJS.Signals, Set<Departure>>();

/**
 * Runs `departure` at one of the signals. A listener of ours switches the signal's default off, so where nobody else
 * listens, the signal is raised again afterwards; the host's own listeners run as if we were not there.
 * Returns what takes it back.
 */
export function departOnSignals(signals: readonly NodeJS.Signals[], departure: Departure): () => void {
  for (const signal of signals) {
    const waiting = departures.get(signal);
    if (waiting) {
      waiting.add(departure);
    } else {
      departures.set(signal, new Set([departure]));
      // Before the host's own, which may close the server that calls still go to.
      process.prependListener(signal, onSignal);
    }
  }
  return () => {
    for (const signal of signals) {
      const waiting = departures.get(signal);
      if (waiting?.delete(departure) && waiting.size === 0) {
        departures.delete(signal);
        process.off(signal, onSignal);
      }
    }
  };
}

function onSignal(signal: NodeJS.Signals): void {
  const waiting = departures.get(signal);
  if (!waiting) return;
  const alone = process.listenerCount(signal) === 1;
  void Promise.all([...waiting].map((departure) => departure())).then(() => {
    if (alone) process.kill(process.pid, signal);
  });
}
