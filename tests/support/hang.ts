import { readdirSync, readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

/** Stops a process with SIGSTOP; until all its threads have: on a busy machine they work on for a while. */
export async function hang({ pid }: { readonly pid: number }): Promise<void> {
  process.kill(pid, "SIGSTOP");
  while (!isStopped(pid)) await nextTurn();
}

function isStopped(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => stateOf(pid, thread) === "T");
  } catch {
    // A thread that ended meanwhile.
    return false;
  }
}

/** proc(5): the state stands behind the name, which is in parentheses. */
function stateOf(pid: number, thread: string): string | undefined {
  return readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8").replace(/^.*\) /s, "")[0];
}
