import { type DestinationStream, destination, type Level, type Logger, pino } from "pino";
import { default as pretty } from "pino-pretty";
import type { Clock } from "./clock.ts";
import type { ErrorCode } from "./errors.ts";

export type { Logger } from "pino";

const stderrFd = 2;
/** Lines that a stuck reader of our stderr has not taken; more are dropped, since calls come first. */
const maxPendingLogBytes = 4 * 1024 * 1024;
/** Lines are written together, since each write is a system call and wakes a thread; pino writes the rest when the process ends. */
const logBatchBytes = 4 * 1024;
const logDelayMs = 100;
/** A caller that makes nothing but errors must not fill the disk; the lines left out are counted. */
const maxErrorLinesPerSecond = 200;

export interface LoggerOptions {
  readonly level: Level | "silent";
  /** Default: stderr. */
  readonly destination?: DestinationStream;
}

/** JSON to stderr, or readable where that is a terminal. */
export function createLogger(options: LoggerOptions): Logger {
  const base = { level: options.level, base: { pid: process.pid } };
  return pino(base, options.destination ?? (process.stderr.isTTY ? readableStderr() : jsonStderr()));
}

function jsonStderr(): DestinationStream {
  return destination({
    dest: stderrFd,
    sync: false,
    minLength: logBatchBytes,
    periodicFlush: logDelayMs,
    maxLength: maxPendingLogBytes,
  });
}

function readableStderr(): DestinationStream {
  return pretty({ destination: stderrFd, sync: true, colorize: true, ignore: "pid" });
}

/** For changes of the control plane: who did what to which name, never a key. */
export function auditLogger(logger: Logger): Logger {
  return logger.child({ audit: true });
}

/** One call, for its line in the log: names of the snapshot and our own texts, nothing that the caller wrote. */
export interface CallLine {
  readonly requestId: string;
  readonly service: string;
  readonly method: string;
  readonly status: number;
  readonly code: ErrorCode | undefined;
  readonly durationMs: number;
  readonly instanceMs: number;
  readonly instanceId: string | undefined;
  readonly attempts: number;
  /** Why it failed, as far as it is not the caller's fault. */
  readonly cause: unknown;
}

export interface AccessLog {
  /** Whether this call gets a line: asked first, so that no line is made up in vain. */
  wants(failed: boolean): boolean;
  write(line: CallLine): void;
}

/**
 * One line a call: errors always, up to a bound a second; of the others the share `sampling`, 0 … 1. Sampling is even, not
 * random: of 0.01, each hundredth.
 */
export function createAccessLog(logger: Logger, sampling: number, clock: Pick<Clock, "monotonicMs">): AccessLog {
  let share = 0;
  let secondBeganMs = 0;
  let errorLines = 0;
  let leftOut = 0;

  function wantsError(): boolean {
    const nowMs = clock.monotonicMs();
    if (nowMs - secondBeganMs >= 1_000) {
      if (leftOut > 0) logger.warn({ leftOut }, "access lines of failed calls were left out");
      secondBeganMs = nowMs;
      errorLines = 0;
      leftOut = 0;
    }
    if (errorLines < maxErrorLinesPerSecond) {
      errorLines += 1;
      return true;
    }
    leftOut += 1;
    return false;
  }

  return {
    wants(failed) {
      if (failed) return wantsError();
      share += sampling;
      if (share < 1) return false;
      share -= 1;
      return true;
    },
    write({ cause, ...line }) {
      const rounded = { ...line, durationMs: round(line.durationMs), instanceMs: round(line.instanceMs) };
      if (line.status >= 500) logger.error({ ...rounded, cause: causeText(cause, line.code) }, "call");
      else logger.info(rounded, "call");
    },
  };
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

const maxCauseLength = 1_000;

/** An instance's own words are data: cut, on one line, and nothing in them can move a terminal's cursor. */
function causeText(cause: unknown, code: ErrorCode | undefined): string | undefined {
  if (cause === undefined) return undefined;
  // Where in the code matters for our own faults alone; for all others it would push out what happened.
  const text = code === "INTERNAL" && cause instanceof Error ? (cause.stack ?? cause.message) : reasons(cause);
  return text
    .slice(0, maxCauseLength)
    .replace(/\n\s*/g, " | ")
    .replace(/[\p{Cc}\u2028\u2029]/gu, "?");
}

const maxReasons = 5;

/** What an error says, and what its cause says, down to the first. */
function reasons(cause: unknown): string {
  const texts: string[] = [];
  for (let error = cause; error !== undefined && texts.length < maxReasons; error = (error as Error).cause) {
    if (!(error instanceof Error)) {
      texts.push(String(error));
      break;
    }
    // A connect to a name with several addresses fails without a message.
    texts.push(error.message || (error as NodeJS.ErrnoException).code || error.name);
  }
  return texts.join(": ");
}
