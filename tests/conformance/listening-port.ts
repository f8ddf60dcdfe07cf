import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

const LISTEN = "0A";

/** The port that a process of others listens on, which it was told to choose itself; looks until it does. */
export async function listeningPort(pid: number, hasEnded: () => boolean): Promise<number> {
  for (;;) {
    const port = findPort(pid);
    if (port !== undefined) return port;
    if (hasEnded()) throw new Error("it ended before it listened");
    await wait(10);
  }
}

function findPort(pid: number): number | undefined {
  try {
    const inodes = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(pid, fd))?.[1]));
    for (const table of ["tcp", "tcp6"]) {
      for (const line of readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n")) {
        const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
        if (state === LISTEN && inodes.has(inode)) return Number.parseInt(local!.split(":")[1]!, 16);
      }
    }
  } catch {
    // It is gone, or not there yet.
  }
  return undefined;
}

function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return "";
  }
}
