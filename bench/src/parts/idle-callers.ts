import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startBackend } from "../contestants/contestant.ts";
import { startThriftgate } from "../contestants/thriftgate.ts";
import { benchCalls } from "../fixtures/calls.ts";
import { httpProtocol } from "../paced/protocol.ts";
import type { Part } from "../part.ts";

export interface IdleCallersFigures {
  readonly callers: number;
  readonly megabytesBefore: number;
  readonly megabytesAfter: number;
}

/** The gateway takes 10,000 connections; some are left to those that registered the service. */
const callers = 9_990;
const atOnce = 100;
const settleMs = 2_000;

export const idleCallers: Part = {
  about: "memory of the gateway with 10,000 callers that keep their connections and made one call each",
  async run() {
    const backend = await startBackend("own", undefined);
    const { server, stop } = await startThriftgate(backend.server.ready.port, "small", undefined);
    const open: Socket[] = [];
    try {
      const { port } = server.ready;
      open.push(await callOnce(port));
      await sleep(settleMs);
      const megabytesBefore = server.residentBytes() / 2 ** 20;
      while (open.length < callers) {
        const next = Math.min(atOnce, callers - open.length);
        open.push(...(await Promise.all(Array.from({ length: next }, () => callOnce(port)))));
      }
      await sleep(settleMs);
      const closed = open.filter((socket) => socket.destroyed).length;
      if (closed > 0) throw new Error(`${closed} of ${callers} connections were closed; is ulimit -n above ${callers}?`);
      const megabytesAfter = server.residentBytes() / 2 ** 20;
      const figures: IdleCallersFigures = { callers, megabytesBefore, megabytesAfter };
      return {
        figures,
        lines: [`${callers} callers: ${megabytesBefore.toFixed(0)} MiB before, ${megabytesAfter.toFixed(0)} MiB after`],
      };
    } finally {
      for (const socket of open) socket.destroy();
      await stop();
      await backend.stop();
    }
  },
};

/** A connection that has had its one answer. */
function callOnce(port: number): Promise<Socket> {
  const protocol = httpProtocol(benchCalls.small);
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(protocol.request));
    let received = Buffer.alloc(0);
    socket.once("error", reject);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length !== protocol.answerLength(received)) return;
      if (protocol.isRight(received)) resolve(socket);
      else reject(new Error(`a wrong answer: ${received}`));
    });
  });
}
