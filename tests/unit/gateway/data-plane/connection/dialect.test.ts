import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Dialect, Instance } from "../../../../../gateway/src/snapshot/snapshot.ts";
import { createCallFormat } from "../../../../../thrift/src/wire/create-call-format.ts";
import { createMessageReader } from "../../../../../thrift/src/wire/create-message-reader.ts";
import { applicationException, frame, messageBytes, messageType, takeMessage } from "../../../../support/thrift-bytes.ts";
import { type Bench, createBench, createFastClock, instanceAt, summary } from "./fixtures.ts";

const dialects: readonly Dialect[] = [
  { transport: "framed", protocol: "binary" },
  { transport: "buffered", protocol: "binary" },
  { transport: "framed", protocol: "compact" },
  { transport: "buffered", protocol: "compact" },
  { transport: "header", protocol: "binary" },
];
const limits = { maxMessageBytes: 1_000_000, maxDepth: 64 };

let bench: Bench;
let servers: Server[];
let sockets: Set<Socket>;

beforeEach(() => {
  bench = createBench({ connectTimeoutMs: 400 });
  servers = [];
  sockets = new Set();
});

afterEach(async () => {
  await bench.connections.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  expect(bench.faults).toEqual([]);
  expect(bench.deadlines.size).toBe(0);
});

interface Strict {
  readonly instance: Instance;
  /** May be changed while it runs. */
  dialect: Dialect;
  /** Names of the methods called, and of those that do not exist. */
  readonly calls: string[];
  readonly connections: () => number;
}

/** A server of one dialect: what it can't read makes it close the connection, or say nothing. */
async function startServer(dialect: Dialect, otherwise: "closes" | "is silent"): Promise<Strict> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    const { transport, protocol } = strict.dialect;
    const format = createCallFormat({ transport, protocol });
    const reader = createMessageReader(
      strict.dialect,
      (bytes, offset, end) => {
        const { name, seqid, body } = takeMessage(Buffer.from(bytes.subarray(offset, end)))!.message;
        strict.calls.push(name);
        const method = name.slice(name.indexOf(":") + 1);
        const reply =
          method === "echo"
            ? messageBytes({ type: messageType.reply, name: method, seqid, body })
            : messageBytes({ type: messageType.exception, name: method, seqid, body: applicationException(1, "unknown") });
        if (format !== undefined) socket.write(format(reply, seqid));
        else socket.write(transport === "framed" ? frame(reply) : reply);
      },
      limits,
    );
    socket.on("data", (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        if (otherwise === "closes") socket.destroy();
      }
    });
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const strict: Strict = {
    instance: instanceAt(port, { dialectIsGuess: true }),
    dialect,
    calls: [],
    connections: () => connections,
  };
  return strict;
}

/** One that never says anything. */
async function startSilent(): Promise<Instance> {
  const server = createServer((socket) => void sockets.add(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return instanceAt((server.address() as AddressInfo).port, { dialectIsGuess: true });
}

const probe = "__thriftgate_dialect_probe";

describe.each(["closes", "is silent"] as const)("a server that %s when it can't read", (otherwise) => {
  it.each(dialects)("$transport $protocol is found out by the first call", async (dialect) => {
    const server = await startServer(dialect, otherwise);
    const endings = await Promise.all([1, 2, 3].map(() => bench.ask(server.instance)));
    expect(endings.map(summary)).toEqual(["reply hello", "reply hello", "reply hello"]);
    expect(server.calls).toEqual([probe, "echo", "echo", "echo"]);
    expect(bench.connections.observed(server.instance.id).dialect).toEqual(dialect);
  });
});

it("is found out once, on a connection of its own", async () => {
  const server = await startServer(dialects[0]!, "closes");
  for (let call = 0; call < 3; call++) expect(summary(await bench.ask(server.instance))).toBe("reply hello");
  expect(server.calls).toEqual([probe, "echo", "echo", "echo"]);
  expect(server.connections()).toBe(2);
});

it("is not asked where it was declared", async () => {
  const server = await startServer(dialects[1]!, "closes");
  const declared = { ...server.instance, dialectIsGuess: false, dialect: dialects[1]! };
  expect(summary(await bench.ask(declared))).toBe("reply hello");
  expect(server.calls).toEqual(["echo"]);
});

it("is asked by its service's name where services share a port", async () => {
  const server = await startServer(dialects[1]!, "closes");
  const multiplexed = { ...server.instance, dialect: { ...dialects[0]!, multiplexed: "Some" } };
  expect(summary(await bench.ask(multiplexed))).toBe("reply hello");
  expect(server.calls).toEqual([`Some:${probe}`, "Some:echo"]);
});

it("is found out anew when the instance joined again", async () => {
  const server = await startServer(dialects[0]!, "closes");
  expect(summary(await bench.ask(server.instance))).toBe("reply hello");
  server.dialect = dialects[3]!;
  const again = { ...server.instance, joinedAtMs: server.instance.joinedAtMs + 1 };
  expect(summary(await bench.ask(again))).toBe("reply hello");
  expect(server.calls).toEqual([probe, "echo", probe, "echo"]);
});

it("stays known when the instance is published again as it was", async () => {
  const server = await startServer(dialects[1]!, "closes");
  await bench.ask(server.instance);
  await bench.ask({ ...server.instance, weight: 50 });
  expect(server.calls).toEqual([probe, "echo", "echo"]);
});

it("is guessed for calls that have waited as long as a connection may take", async () => {
  expect(summary(await bench.ask(await startSilent(), { deadlineMs: 1_000 }))).toBe("UPSTREAM_TIMEOUT");
});

it("gives a call up that waits, at its deadline or when its caller goes", async () => {
  const instance = await startSilent();
  const cancelled = bench.send(instance, { onEnding: () => bench.faults.push("a cancelled call ended") });
  const expired = bench.ask(instance, { deadlineMs: 50 });
  expect(bench.connections.observed(instance.id).inFlight).toBe(2);
  cancelled.pending.cancel();
  expect(bench.connections.observed(instance.id).inFlight).toBe(1);
  expect(summary(await expired)).toBe("UPSTREAM_TIMEOUT, not sent");
  expect(bench.connections.observed(instance.id).inFlight).toBe(0);
});

it("is not asked for long where nobody listens", async () => {
  const server = await startServer(dialects[0]!, "closes");
  servers[0]!.close();
  await once(servers[0]!, "close");
  const started = performance.now();
  expect(summary(await bench.ask(server.instance))).toBe("NO_HEALTHY_INSTANCE, not sent");
  expect(performance.now() - started).toBeLessThan(2_000);
});

it("lets calls that wait end when the instance leaves", async () => {
  const server = await startServer(dialects[0]!, "closes");
  const ending = bench.ask(server.instance);
  bench.connections.retire(server.instance.id);
  expect(summary(await ending)).toBe("reply hello");
});

describe("an instance that joins", () => {
  const found = (instance: Instance) => bench.connections.observed(instance.id).dialect;

  it("is asked before its first call", async () => {
    await bench.connections.close();
    bench = createBench({ connectTimeoutMs: 30_000 });
    const server = await startServer(dialects[1]!, "closes");
    bench.connections.introduce(server.instance);
    await expect.poll(() => found(server.instance)).toEqual(dialects[1]);
    expect(server.calls).toEqual([probe]);
    expect(summary(await bench.ask(server.instance))).toBe("reply hello");
    expect(server.calls).toEqual([probe, "echo"]);
  });

  it("is not asked where it declared its dialect", async () => {
    const server = await startServer(dialects[1]!, "closes");
    bench.connections.introduce({ ...server.instance, dialectIsGuess: false });
    const other = await startServer(dialects[0]!, "closes");
    bench.connections.introduce(other.instance);
    await expect.poll(() => found(other.instance)).toEqual(dialects[0]);
    expect(server.connections()).toBe(0);
  });

  it("is asked again later, where it does not listen yet", async () => {
    await bench.connections.close();
    bench = createBench({ connectTimeoutMs: 40_000 }, { clock: createFastClock(10) });
    const server = await startServer(dialects[0]!, "closes");
    const { port } = servers[0]!.address() as AddressInfo;
    servers[0]!.close();
    await once(servers[0]!, "close");
    bench.connections.introduce(server.instance);
    await expect.poll(() => bench.deadlines.size).toBe(1);
    servers[0]!.listen(port, "127.0.0.1");
    await expect.poll(() => found(server.instance), { timeout: 15_000 }).toEqual(dialects[0]);
  });

  it("anew, in another dialect, is asked anew", async () => {
    const server = await startServer(dialects[0]!, "closes");
    bench.connections.introduce(server.instance);
    await expect.poll(() => found(server.instance)).toEqual(dialects[0]);
    server.dialect = dialects[2]!;
    bench.connections.introduce({ ...server.instance, joinedAtMs: server.instance.joinedAtMs + 1 });
    await expect.poll(() => found(server.instance)).toEqual(dialects[2]);
  });

  it("is not asked when it left before its turn", async () => {
    const silent = await startSilent();
    const others = Array.from({ length: 40 }, (_, index) => ({ ...silent, id: `silent-${index}` }));
    const server = await startServer(dialects[0]!, "closes");
    for (const instance of [...others, server.instance]) bench.connections.introduce(instance);
    bench.connections.retire(server.instance.id);
    for (const { id } of others) bench.connections.retire(id);
    expect(server.connections()).toBe(0);
    expect(bench.deadlines.size).toBe(0);
  });

  it("with a thousand others opens few connections at a time, and all are asked", async () => {
    await bench.connections.close();
    bench = createBench({ connectTimeoutMs: 30_000 });
    const server = await startServer(dialects[0]!, "closes");
    let most = 0;
    servers[0]!.on("connection", () => {
      most = Math.max(most, sockets.size);
    });
    const instances = Array.from({ length: 1_000 }, (_, index) => ({ ...server.instance, id: `instance-${index}` }));
    for (const instance of instances) bench.connections.introduce(instance);
    await expect.poll(() => instances.filter((instance) => found(instance)).length, { timeout: 15_000 }).toBe(1_000);
    expect(server.connections()).toBe(1_000);
    // Thirty-two, and those whose end the server has not seen yet.
    expect(most).toBeLessThan(200);
  });

  it("holds up no call, neither to others nor to itself for longer than a connection may take", async () => {
    const silent = await startSilent();
    for (let index = 0; index < 40; index++) bench.connections.introduce({ ...silent, id: `silent-${index}` });
    const declared = await startServer(dialects[1]!, "closes");
    const spoken = { ...declared.instance, dialectIsGuess: false, dialect: dialects[1]! };
    expect(summary(await bench.ask(spoken))).toBe("reply hello");
    const undeclared = await startServer(dialects[0]!, "closes");
    expect(summary(await bench.ask(undeclared.instance))).toBe("reply hello");
    const ending = await bench.ask({ ...silent, id: "silent-39" }, { deadlineMs: 3_000 });
    // It was sent, by guess, before its deadline.
    expect(summary(ending)).toBe("UPSTREAM_TIMEOUT");
  });
});

it("is found out anew where calls go wrong that are sent as it was found", async () => {
  const server = await startServer(dialects[0]!, "closes");
  expect(summary(await bench.ask(server.instance))).toBe("reply hello");
  server.dialect = dialects[1]!;
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => bench.connections.observed(server.instance.id).state).toBe("idle");
  expect(summary(await bench.ask(server.instance))).toBe("UPSTREAM_CONNECTION_LOST");
  expect(summary(await bench.ask(server.instance))).toBe("reply hello");
  expect(server.calls).toEqual([probe, "echo", probe, "echo"]);
});
