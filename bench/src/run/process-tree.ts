import { readdirSync, readFileSync } from "node:fs";

const clockTicksPerSecond = 100;

/** Also what its children took that have ended. */
export function cpuSecondsOfTree(root: number): number {
  return sum(treeOf(root), (pid) => {
    const fields = statFields(pid);
    // utime, stime, cutime and cstime: fields 14 to 17 of proc(5)'s stat.
    return fields === undefined ? 0 : fields.slice(11, 15).reduce((ticks, text) => ticks + Number(text), 0) / clockTicksPerSecond;
  });
}

export function residentBytesOfTree(root: number): number {
  return sum(treeOf(root), (pid) => {
    const status = readProc(`${pid}/status`);
    return status === undefined ? 0 : Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  });
}

function sum(pids: readonly number[], figure: (pid: number) => number): number {
  return pids.length === 0 ? Number.NaN : pids.reduce((total, pid) => total + figure(pid), 0);
}

/** None where there is no /proc. */
function treeOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of listProc()) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : undefined;
    if (fields !== undefined) parents.set(Number(name), Number(fields[1]));
  }
  const isInTree = (pid: number | undefined): boolean => pid !== undefined && (pid === root || isInTree(parents.get(pid)));
  return [...parents.keys()].filter(isInTree);
}

function listProc(): string[] {
  try {
    return readdirSync("/proc");
  } catch {
    return [];
  }
}

/** From field 3 on; the command's name, field 2, may hold spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  const stat = readProc(`${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}
