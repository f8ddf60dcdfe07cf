import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { drip, resetAfter } from "../../../../support/hostile-behaviours.ts";
import { applicationException, messageType, stringStruct } from "../../../../support/thrift-bytes.ts";
import {
  echo,
  type PeerCall,
  silent,
  startThriftPeer,
  type ThriftPeer,
  type ThriftPeerOptions,
} from "../../../../support/thrift-peer.ts";
import {
  type Bench,
  createBench,
  createFastClock,
  createSkippingClock,
  instanceAt,
  speaking,
  summary,
  type Transport,
  textOf,
} from "./fixtures.ts";

const transports: readonly Transport[] = ["framed", "buffered"];

let bench: Bench;
let peers: ThriftPeer[];

beforeEach(() => {
  bench = createBench();
  peers = [];
});

afterEach(async () => {
  await bench.connections.close();
  await Promise.all(peers.map((peer) => peer.close()));
  expect(bench.faults).toEqual([]);
  expect(bench.deadlines.size).toBe(0);
});

async function startPeer(options?: ThriftPeerOptions): Promise<ThriftPeer> {
  const peer = await startThriftPeer(options);
  peers.push(peer);
  return peer;
}

/** A peer to which a connection is open, so that a short deadline is the reply's alone. */
async function connected(): Promise<{ readonly peer: ThriftPeer; readonly instance: ReturnType<typeof instanceAt> }> {
  const peer = await startPeer();
  const instance = instanceAt(peer.port);
  expect(summary(await bench.ask(instance))).toBe("reply hello");
  return { peer, instance };
}

describe.each(transports)("%s", (transport) => {
  it("carries a call and its reply", async () => {
    const peer = await startPeer();
    const ending = await bench.ask(speaking(transport, peer.port), { text: "héllo" });
    expect(textOf(ending)).toBe("héllo");
    expect(peer.calls[0]).toMatchObject({ name: "echo", seqid: 1, type: messageType.call, framed: transport === "framed" });
  });

  it("gives no more calls to a connection whose reply was garbled, and ends those under way there", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => void held.push(call) });
    const instance = speaking(transport, peer.port);
    const calls = [bench.send(instance, { garbled: true }), bench.send(instance, { text: "second" })];
    await peer.until(() => held.length === 2);
    echo(held[0]!);
    await calls[0]!.ending;
    const third = bench.send(instance, { text: "third" });
    await peer.until(({ connections }) => connections.length === 2 && held.length === 3);
    expect(held[2]!.socket).not.toBe(held[0]!.socket);
    for (const call of held.slice(1)) echo(call);
    expect(textOf(await calls[1]!.ending)).toBe("second");
    expect(textOf(await third.ending)).toBe("third");
    await peer.until(({ connections }) => connections.length === 1);
  });

  it("matches 1,000 calls under way to their replies, in whatever order these come", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({
      behaviour(call) {
        held.push(call);
        if (held.length < 1_000) return;
        held.sort((one, other) => ((one.seqid * 7919) % 1009) - ((other.seqid * 7919) % 1009));
        for (const { socket, replyBytes } of held) socket.write(replyBytes());
      },
    });
    const instance = speaking(transport, peer.port);
    const endings = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => bench.ask(instance, { text: `call ${index}` })),
    );
    expect(endings.map(textOf)).toEqual(Array.from({ length: 1_000 }, (_, index) => `call ${index}`));
    expect(peer.accepted).toBe(4);
    expect(bench.connections.observed(instance.id).inFlight).toBe(0);
  });

  it("reads replies in any chunks", async () => {
    const peer = await startPeer({ behaviour: drip(0) });
    const instance = speaking(transport, peer.port);
    expect(summary(await bench.ask(instance, { text: "drip" }))).toBe("reply drip");
  });

  it("reads many replies in one chunk, with the next one begun", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({
      behaviour(call) {
        held.push(call);
        if (held.length < 10) return;
        const bytes = Buffer.concat(held.map(({ replyBytes }) => replyBytes()));
        call.socket.write(bytes.subarray(0, -5), () => setImmediate(() => call.socket.write(bytes.subarray(-5))));
      },
    });
    const instance = speaking(transport, peer.port);
    const endings = await Promise.all(Array.from({ length: 10 }, (_, index) => bench.ask(instance, { text: `${index}` })));
    expect(endings.map(textOf)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  });

  it.each([15_000, 17_000, 70_000, 1_000_000])("carries %i bytes between small calls", async (size) => {
    const peer = await startPeer();
    const instance = speaking(transport, peer.port);
    const large = Buffer.alloc(size, "abc");
    const sent = ["before", large, "between", large, "after"].map((text) => bench.ask(instance, { text, deadlineMs: 10_000 }));
    const endings = await Promise.all(sent);
    expect(endings.map((ending) => textOf(ending).length)).toEqual([6, size, 7, size, 5]);
    expect(textOf(endings[3]!)).toBe(large.toString());
    expect(peer.calls.map(({ seqid }) => seqid)).toEqual([1, 2, 3, 4, 5]);
  });

  it("hands over exceptions, and takes the instance for sound", async () => {
    const peer = await startPeer({
      behaviour: ({ socket, replyBytes }) =>
        socket.write(replyBytes({ type: messageType.exception, body: applicationException(1, "unknown method") })),
    });
    const instance = speaking(transport, peer.port);
    expect(await bench.ask(instance)).toMatchObject({ kind: "reply", type: messageType.exception });
    expect(await bench.ask(instance)).toMatchObject({ kind: "reply", type: messageType.exception });
    expect(peer.accepted).toBe(1);
  });

  it("survives a reset at each byte of a reply, and calls again", async () => {
    const peer = await startPeer();
    const instance = speaking(transport, peer.port);
    await bench.ask(instance);
    const { length } = peer.calls[0]!.replyBytes();
    for (let count = 0; count < length; count++) {
      peer.behaviour = resetAfter(count);
      expect(summary(await bench.ask(instance))).toBe("UPSTREAM_CONNECTION_LOST");
    }
    peer.behaviour = echo;
    expect(summary(await bench.ask(instance))).toBe("reply hello");
  });

  it("bounds what a reply may take", async () => {
    await bench.connections.close();
    bench = createBench({ maxFrameBytes: 1_000 });
    const peer = await startPeer({ resultOf: () => stringStruct(0, Buffer.alloc(2_000)) });
    expect(summary(await bench.ask(speaking(transport, peer.port)))).toBe("UPSTREAM_REPLY_TOO_LARGE");
    await peer.until(({ connections }) => connections.length === 0);
  });
});

describe("a oneway call", () => {
  it("ends when it is handed to the socket, and leaves nothing behind", async () => {
    const peer = await startPeer();
    const instance = instanceAt(peer.port);
    const endings = await Promise.all([
      bench.ask(instance, { oneway: true, text: "1" }),
      bench.ask(instance, { text: "2" }),
      bench.ask(instance, { oneway: true, text: "3" }),
      bench.ask(instance, { oneway: true, text: Buffer.alloc(100_000) }),
    ]);
    expect(endings.map(summary)).toEqual(["sent", "reply 2", "sent", "sent"]);
    await peer.until(({ calls }) => calls.length === 4);
    expect(peer.calls.map(({ type }) => type)).toEqual([4, 1, 4, 4]);
    expect(bench.connections.observed(instance.id).inFlight).toBe(0);
  });

  it("that is answered costs the connection, and no other call there", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({
      behaviour(call) {
        if (call.type !== messageType.oneway) return held.push(call);
        call.socket.write(call.replyBytes());
      },
    });
    const instance = instanceAt(peer.port);
    const other = bench.send(instance, { text: "other" });
    expect(summary(await bench.ask(instance, { oneway: true }))).toBe("sent");
    await peer.until(({ calls }) => calls.length === 2);
    const [socket] = peer.connections;
    socket!.write(held[0]!.replyBytes());
    expect(summary(await other.ending)).toBe("reply other");
    await peer.until(({ connections }) => connections.length === 0);
  });
});

describe("bytes that nobody asked for", () => {
  it("on an idle connection cost it", async () => {
    const peer = await startPeer();
    const instance = instanceAt(peer.port);
    await bench.ask(instance);
    peer.connections[0]!.write(peer.calls[0]!.replyBytes({ seqid: 77 }));
    await peer.until(({ connections }) => connections.length === 0);
    expect(summary(await bench.ask(instance))).toBe("reply hello");
    expect(peer.accepted).toBe(2);
  });

  it("cost the connection before any call was sent on it", async () => {
    const peer = await startPeer({
      onConnection(socket) {
        socket.write("220 mail.example ESMTP\r\n");
        return undefined;
      },
      behaviour: silent,
    });
    const ending = await bench.ask(instanceAt(peer.port), { deadlineMs: 1_000 });
    expect(summary(ending)).toMatch(/^UPSTREAM_(CONNECTION_LOST|REPLY_TOO_LARGE|BAD_REPLY)/);
    await peer.until(({ connections }) => connections.length === 0);
  });

  it("a second reply is dropped and costs the connection", async () => {
    const peer = await startPeer({
      behaviour(call) {
        echo(call);
        echo(call);
      },
    });
    const instance = instanceAt(peer.port);
    expect(summary(await bench.ask(instance))).toBe("reply hello");
    await peer.until(({ connections }) => connections.length === 0);
    expect(summary(await bench.ask(instance))).toBe("reply hello");
  });

  it("a second reply costs no other call there", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => held.push(call) });
    const instance = instanceAt(peer.port);
    const calls = ["a", "b", "c"].map((text) => bench.send(instance, { text }));
    await peer.until(() => held.length === 3);
    for (const index of [0, 0, 1, 2]) held[index]!.socket.write(held[index]!.replyBytes());
    expect((await Promise.all(calls.map(({ ending }) => ending))).map(summary)).toEqual(["reply a", "reply b", "reply c"]);
    await peer.until(({ connections }) => connections.length === 0);
  });

  it("the start of a message behind the last reply costs the connection", async () => {
    const peer = await startPeer({
      behaviour: ({ socket, replyBytes }) => socket.write(Buffer.concat([replyBytes(), Buffer.from([0])])),
    });
    expect(summary(await bench.ask(instanceAt(peer.port)))).toBe("reply hello");
    await peer.until(({ connections }) => connections.length === 0);
  });
});

describe("blame", () => {
  async function threeCalls(difference: Parameters<PeerCall["replyBytes"]>[0], culprit: number) {
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => held.push(call) });
    const instance = instanceAt(peer.port);
    const calls = ["a", "b", "c"].map((text) => bench.send(instance, { text }));
    await peer.until(() => held.length === 3);
    held[culprit]!.socket.write(held[culprit]!.replyBytes(difference));
    return (await Promise.all(calls.map(({ ending }) => ending))).map(summary);
  }
  const [bad, lost] = ["UPSTREAM_BAD_REPLY", "UPSTREAM_CONNECTION_LOST"];

  it("goes to the call whose reply has another name, the others are lost", async () => {
    expect(await threeCalls({ name: "other" }, 1)).toEqual([lost, bad, lost]);
  });

  it("goes to the oldest call where no call can be told", async () => {
    expect(await threeCalls({ seqid: 1_000_000 }, 1)).toEqual([bad, lost, lost]);
  });

  it("never puts an address into what the caller sees, but into the cause", async () => {
    const peer = await startPeer({ behaviour: ({ socket }) => socket.resetAndDestroy() });
    const closed = await startPeer();
    await closed.close();
    for (const port of [peer.port, closed.port]) {
      const ending = await bench.ask(instanceAt(port));
      if (ending.kind !== "failure") throw new Error("a failure is due");
      const { message, members, headers, cause } = ending.error;
      expect(JSON.stringify([message, members, headers])).not.toMatch(/127\.0\.0\.1|\d{4,5}/);
      expect(String((cause as Error).message)).toContain(`127.0.0.1:${port}`);
    }
  });
});

describe("connecting", () => {
  it("that is refused is not the call's fault: it was not sent", async () => {
    const peer = await startPeer();
    await peer.close();
    const instance = instanceAt(peer.port);
    const calls = Array.from({ length: 20 }, () => bench.ask(instance));
    for (const ending of await Promise.all(calls)) {
      expect(summary(ending)).toBe("NO_HEALTHY_INSTANCE, not sent");
      expect(ending).toMatchObject({ error: { headers: { "retry-after": "1" } } });
    }
    expect(bench.connections.observed(instance.id)).toEqual({ state: "failing", inFlight: 0 });
  });

  it("is tried anew by the next call", async () => {
    const peer = await startPeer();
    const instance = instanceAt(peer.port);
    await peer.close();
    expect(summary(await bench.ask(instance))).toBe("NO_HEALTHY_INSTANCE, not sent");
    await startPeer({ port: peer.port });
    expect(summary(await bench.ask(instance))).toBe("reply hello");
    expect(bench.connections.observed(instance.id)).toEqual({ state: "connected", inFlight: 0 });
  });

  it("has a time-out of its own", async () => {
    await bench.connections.close();
    // A name that never resolves stands for a SYN that nobody answers.
    bench = createBench({ connectTimeoutMs: 60 }, { lookup: () => {} });
    const startedAtMs = performance.now();
    const ending = await bench.ask(instanceAt(1, { address: "nowhere.example" }));
    expect(summary(ending)).toBe("NO_HEALTHY_INSTANCE, not sent");
    expect(ending.atMs - startedAtMs).toBeGreaterThanOrEqual(60);
    expect(ending.atMs - startedAtMs).toBeLessThan(1_000);
  });

  it("ends with the call's deadline where that comes first", async () => {
    await bench.connections.close();
    bench = createBench({}, { lookup: () => {} });
    const ending = await bench.ask(instanceAt(1, { address: "nowhere.example" }), { deadlineMs: 30 });
    expect(summary(ending)).toBe("UPSTREAM_TIMEOUT, not sent");
  });

  it.each(["127.0.0.1", "::1"])("goes to no literal address that the policy refuses: %s", async (address) => {
    await bench.connections.close();
    const checked: unknown[] = [];
    bench = createBench(
      {},
      {
        checkAddress(...target) {
          checked.push(target);
          return new Error("refused");
        },
      },
    );
    const peer = await startPeer();
    const ending = await bench.ask(instanceAt(peer.port, { address }));
    expect(summary(ending)).toBe("NO_HEALTHY_INSTANCE, not sent");
    expect(checked).toEqual([[address, peer.port]]);
    expect(peer.accepted).toBe(0);
  });

  it("looks a name up at every connect, and goes to none of its addresses that the policy refuses", async () => {
    await bench.connections.close();
    let answer = ["127.0.0.1"];
    const peer = await startPeer();
    bench = createBench(
      {},
      {
        checkAddress: (ip) => (ip === "127.0.0.1" ? undefined : new Error("refused")),
        lookup: (_hostname, options, callback) => {
          const found = answer.map((address) => ({ address, family: 4 }));
          if (options.all) callback(null, found);
          else callback(null, found[0]!.address, 4);
        },
      },
    );
    const instance = instanceAt(peer.port, { address: "asset.example" });
    expect(summary(await bench.ask(instance))).toBe("reply hello");
    answer = ["127.0.0.2", "127.0.0.1"];
    peer.connections[0]!.destroy();
    await peer.until(({ connections }) => connections.length === 0);
    expect(summary(await bench.ask(instance))).toBe("reply hello");
    answer = ["127.0.0.2"];
    peer.connections[0]!.destroy();
    await peer.until(({ connections }) => connections.length === 0);
    expect(summary(await bench.ask(instance))).toBe("NO_HEALTHY_INSTANCE, not sent");
    expect(peer.accepted).toBe(2);
  });

  it("fails without a word where the port is impossible", async () => {
    expect(summary(await bench.ask(instanceAt(70_000)))).toBe("NO_HEALTHY_INSTANCE, not sent");
  });
});

describe("deadlines", () => {
  it("end a call exactly: never early, and soon after", async () => {
    const { peer, instance } = await connected();
    peer.behaviour = silent;
    const startedAtMs = performance.now();
    const deadlines = [20, 50, 51, 90, 130];
    const endings = await Promise.all(deadlines.map((deadlineMs) => bench.ask(instance, { deadlineMs })));
    for (const [index, ending] of endings.entries()) {
      expect(summary(ending)).toBe("UPSTREAM_TIMEOUT");
      expect(ending.atMs).toBeGreaterThanOrEqual(startedAtMs + deadlines[index]!);
      expect(ending.atMs).toBeLessThan(startedAtMs + deadlines[index]! + 5_000);
    }
  });

  it("are total: bytes that keep coming do not prolong them", async () => {
    const peer = await startPeer({ behaviour: drip(20) });
    expect(summary(await bench.ask(instanceAt(peer.port), { deadlineMs: 150 }))).toBe("UPSTREAM_TIMEOUT");
  });

  it("leave the connection to others: a late reply is dropped by its seqid", async () => {
    const held: PeerCall[] = [];
    const { peer, instance } = await connected();
    peer.behaviour = (call) => held.push(call);
    expect(summary(await bench.ask(instance, { deadlineMs: 10 }))).toBe("UPSTREAM_TIMEOUT");
    await peer.until(() => held.length === 1);
    held[0]!.socket.write(held[0]!.replyBytes());
    peer.behaviour = echo;
    expect(summary(await bench.ask(instance, { text: "next" }))).toBe("reply next");
    expect(bench.connections.observed(instance.id).inFlight).toBe(0);
  });

  it("cost a stream that stays silent, whose calls go elsewhere", async () => {
    await bench.connections.close();
    bench = createBench({}, { clock: createFastClock(10) });
    const { peer, instance } = await connected();
    peer.behaviour = silent;
    const timesOut = bench.ask(instance, { deadlineMs: 10 });
    const behindIt = bench.ask(instance, { deadlineMs: 4_000 });
    expect(summary(await timesOut)).toBe("UPSTREAM_TIMEOUT");
    expect(summary(await behindIt)).toBe("UPSTREAM_CONNECTION_LOST");
    await peer.until(({ connections }) => connections.length === 0);
    peer.behaviour = echo;
    expect(summary(await bench.ask(instance))).toBe("reply hello");
  });

  it("do not cost the calls of a peer that answers out of order", async () => {
    await bench.connections.close();
    bench = createBench({}, { clock: createFastClock(10) });
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => held.push(call) });
    const instance = instanceAt(peer.port);
    const never = bench.ask(instance, { deadlineMs: 100 });
    const [quick, slow] = ["quick", "slow"].map((text) => bench.ask(instance, { text, deadlineMs: 50_000 }));
    await peer.until(() => held.length === 3);
    held[1]!.socket.write(held[1]!.replyBytes());
    expect(summary(await quick!)).toBe("reply quick");
    expect(summary(await never)).toBe("UPSTREAM_TIMEOUT");
    const timer = setTimeout(() => held[2]!.socket.write(held[2]!.replyBytes()), 130);
    expect(summary(await slow!)).toBe("reply slow");
    clearTimeout(timer);
    await peer.until(({ connections }) => connections.length === 0);
  });
});

describe("cancelling", () => {
  it("keeps a call from being sent", async () => {
    const peer = await startPeer();
    const instance = instanceAt(peer.port);
    const [first, second] = [bench.send(instance, { text: "first" }), bench.send(instance, { text: "second" })];
    first.pending.cancel();
    first.pending.cancel();
    expect(summary(await second.ending)).toBe("reply second");
    expect(peer.calls).toHaveLength(1);
    second.pending.cancel();
  });

  it("drops the reply of a call that was sent", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => held.push(call) });
    const instance = instanceAt(peer.port);
    const [gone, kept] = [bench.send(instance, { text: "gone" }), bench.send(instance, { text: "kept" })];
    await peer.until(() => held.length === 2);
    gone.pending.cancel();
    expect(bench.connections.observed(instance.id).inFlight).toBe(1);
    for (const { socket, replyBytes } of held) socket.write(replyBytes());
    expect(summary(await kept.ending)).toBe("reply kept");
    expect(peer.accepted).toBe(1);
  });

  it("of many calls that are never answered costs the connection, and no call there", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => held.push(call) });
    await bench.connections.close();
    bench = createBench({ pipelineDepth: 1_000, maxConnectionsPerInstance: 1 });
    const instance = instanceAt(peer.port);
    const calls = Array.from({ length: 70 }, (_, index) => bench.send(instance, { text: `${index}` }));
    await peer.until(() => held.length === 70);
    for (const { pending } of calls.slice(0, 69)) pending.cancel();
    const next = bench.ask(instance, { text: "next" });
    await peer.until(() => held.length === 71);
    expect(peer.accepted).toBe(2);
    held[69]!.socket.write(held[69]!.replyBytes());
    held[70]!.socket.write(held[70]!.replyBytes());
    expect(summary(await calls[69]!.ending)).toBe("reply 69");
    expect(summary(await next)).toBe("reply next");
    await peer.until(({ connections }) => connections.length === 1);
  });
});

describe("more connections", () => {
  it("are opened when a slow call would hold up others", async () => {
    const slow: PeerCall[] = [];
    const peer = await startPeer({
      behaviour(call) {
        if (call.name === "slow") slow.push(call);
        else if (slow.every(({ socket }) => socket !== call.socket)) echo(call);
      },
    });
    await bench.connections.close();
    const clock = createSkippingClock();
    bench = createBench({}, { clock });
    const instance = instanceAt(peer.port);
    const first = bench.ask(instance, { name: "slow", text: "done" });
    await peer.until(() => slow.length === 1);
    clock.skip(20);
    expect(summary(await bench.ask(instance, { text: "quick" }))).toBe("reply quick");
    expect(peer.accepted).toBe(2);
    slow[0]!.socket.write(slow[0]!.replyBytes());
    expect(summary(await first)).toBe("reply done");
  });

  it("are opened when one is as deep as it may be, and never more than allowed", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => held.push(call) });
    const instance = instanceAt(peer.port);
    const calls = Array.from({ length: 80 }, () => bench.ask(instance));
    await peer.until(() => held.length === 80);
    const perConnection = peer.connections.map((socket) => held.filter((call) => call.socket === socket).length);
    expect(perConnection).toEqual([20, 20, 20, 20]);
    for (const { socket, replyBytes } of held) socket.write(replyBytes());
    await Promise.all(calls);
  });

  it("that are refused cost no call, and are not tried again and again: the open one takes all", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => held.push(call) });
    let connects = 0;
    await bench.connections.close();
    bench = createBench({ pipelineDepth: 1 }, { checkAddress: () => (connects++ === 0 ? undefined : new Error("refused")) });
    const instance = instanceAt(peer.port);
    const calls = [bench.ask(instance, { text: "0" })];
    await peer.until(() => held.length === 1);
    for (let count = 1; count < 6; count++) calls.push(bench.ask(instance, { text: `${count}` }));
    await peer.until(() => held.length === 6);
    expect(connects).toBeLessThanOrEqual(4);
    const before = connects;
    calls.push(bench.ask(instance, { text: "6" }));
    await peer.until(() => held.length === 7);
    expect(connects).toBe(before);
    expect(peer.accepted).toBe(1);
    for (const { socket, replyBytes } of held) socket.write(replyBytes());
    expect((await Promise.all(calls)).map(textOf)).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  });

  it("that the server never serves are not opened again", async () => {
    // Like a server with a single thread: one connection at a time.
    const held: PeerCall[] = [];
    const peer = await startPeer({
      onConnection(socket) {
        if (peer.connections[0] === socket) return undefined;
        socket.resume();
        return false;
      },
      behaviour: (call) => held.push(call),
    });
    await bench.connections.close();
    const clock = createSkippingClock();
    bench = createBench({}, { clock });
    const instance = instanceAt(peer.port);
    const first = bench.ask(instance, { text: "first" });
    await peer.until(() => held.length === 1);
    clock.skip(20);
    const starved = bench.ask(instance, { text: "starved", deadlineMs: 20 });
    await peer.until(({ accepted }) => accepted === 2);
    expect(summary(await starved)).toBe("UPSTREAM_TIMEOUT");
    echo(held[0]!);
    expect(summary(await first)).toBe("reply first");
    await peer.until(({ connections }) => connections.length === 1);
    const calls = ["a", "b", "c"].map((text) => {
      clock.skip(20);
      return bench.ask(instance, { text });
    });
    await peer.until(() => held.length === 4);
    for (const call of held.slice(1)) echo(call);
    expect((await Promise.all(calls)).map(summary)).toEqual(["reply a", "reply b", "reply c"]);
    expect(peer.accepted).toBe(2);
  });

  it("close when the rush is over; the last one stays", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => held.push(call) });
    await bench.connections.close();
    bench = createBench({ pipelineDepth: 1, connectTimeoutMs: 500_000 }, { clock: createFastClock(200) });
    const instance = instanceAt(peer.port);
    const calls = Array.from({ length: 4 }, () => bench.ask(instance, { deadlineMs: 1_000_000 }));
    await peer.until(() => held.length === 4);
    for (const call of held) echo(call);
    await Promise.all(calls);
    await peer.until(({ connections }) => connections.length === 1);
    expect(bench.connections.observed(instance.id).state).toBe("connected");
    peer.behaviour = echo;
    expect(summary(await bench.ask(instance, { deadlineMs: 1_000_000 }))).toBe("reply hello");
    expect(peer.accepted).toBe(4);
  });
});

describe("a call that is about to leave on a connection that breaks", () => {
  it("goes out on a new one", async () => {
    const peer = await startPeer();
    const instance = instanceAt(peer.port);
    await bench.ask(instance);
    // The end of the connection is noticed in the same turn in which the call is given, before it is written.
    const ending = await new Promise((resolve) => {
      const reply = peer.calls[0]!.replyBytes({ seqid: 2 });
      peer.behaviour = ({ socket }) => socket.write(Buffer.concat([reply, Buffer.from("junk that is no frame")]));
      bench.send(instance, {
        onEnding: () => {
          peer.behaviour = echo;
          bench.ask(instance, { text: "next" }).then(resolve, resolve);
        },
      });
    });
    expect(summary(ending as Parameters<typeof summary>[0])).toBe("reply next");
    expect(peer.accepted).toBe(2);
  });
});

describe("a peer that reads slowly", () => {
  it("holds up its calls, is sent no more than fits, and gets all of it in the end", async () => {
    const peer = await startPeer({
      onConnection(socket) {
        socket.pause();
        return undefined;
      },
    });
    await bench.connections.close();
    bench = createBench({ pipelineDepth: 1_000, maxConnectionsPerInstance: 1 });
    const instance = instanceAt(peer.port);
    const text = Buffer.alloc(1_000_000, "x");
    const calls = Array.from({ length: 24 }, () => bench.send(instance, { text, deadlineMs: 15_000 }));
    const small = Array.from({ length: 24 }, (_, index) => bench.send(instance, { text: `${index}`, deadlineMs: 15_000 }));
    const unsent = bench.send(instance, { text, deadlineMs: 300 });
    expect(summary(await unsent.ending)).toBe("UPSTREAM_TIMEOUT, not sent");
    for (const socket of peer.connections) socket.resume();
    for (const { ending } of calls) expect(textOf(await ending)).toHaveLength(1_000_000);
    expect((await Promise.all(small.map(({ ending }) => ending))).map(summary)).toEqual(
      small.map((_, index) => `reply ${index}`),
    );
  });
});

describe("an instance that leaves", () => {
  it("finishes what is under way, then its connections close", async () => {
    const held: PeerCall[] = [];
    const peer = await startPeer({ behaviour: (call) => held.push(call) });
    const instance = instanceAt(peer.port);
    const call = bench.ask(instance);
    await peer.until(() => held.length === 1);
    bench.connections.retire(instance.id);
    expect(bench.connections.observed(instance.id).inFlight).toBe(1);
    held[0]!.socket.write(held[0]!.replyBytes());
    expect(summary(await call)).toBe("reply hello");
    await peer.until(({ connections }) => connections.length === 0);
    expect(bench.connections.observed(instance.id)).toEqual({ state: "idle", inFlight: 0 });
    expect(bench.deadlines.size).toBe(0);
  });

  it("closes an idle connection at once, and may come back", async () => {
    const peer = await startPeer();
    const instance = instanceAt(peer.port);
    await bench.ask(instance);
    bench.connections.retire(instance.id);
    bench.connections.retire("never seen");
    await peer.until(({ connections }) => connections.length === 0);
    expect(summary(await bench.ask(instance))).toBe("reply hello");
  });

  it("finishes also what waits for its connection", async () => {
    const peer = await startPeer();
    const instance = instanceAt(peer.port);
    const call = bench.ask(instance);
    bench.connections.retire(instance.id);
    expect(summary(await call)).toBe("reply hello");
    await peer.until(({ connections }) => connections.length === 0);
  });

  it("closes when the last call there times out", async () => {
    const peer = await startPeer({ behaviour: silent });
    const instance = instanceAt(peer.port);
    const call = bench.ask(instance, { deadlineMs: 50 });
    await peer.until(({ calls }) => calls.length === 1);
    bench.connections.retire(instance.id);
    expect(summary(await call)).toBe("UPSTREAM_TIMEOUT");
    await peer.until(({ connections }) => connections.length === 0);
    expect(bench.deadlines.size).toBe(0);
  });

  it("leaves no trace, however many come and go", async () => {
    const peer = await startPeer();
    for (let count = 0; count < 100; count++) {
      const instance = instanceAt(peer.port, { id: `instance-${count}` });
      await bench.ask(instance);
      bench.connections.retire(instance.id);
    }
    await peer.until(({ connections }) => connections.length === 0);
    expect(bench.deadlines.size).toBe(0);
  });
});

describe("an instance that is published anew", () => {
  it("keeps its connection where only its weight changed", async () => {
    const peer = await startPeer();
    await bench.ask(instanceAt(peer.port));
    await bench.ask(instanceAt(peer.port, { weight: 99 }));
    expect(peer.accepted).toBe(1);
  });

  it("is spoken to as it says now", async () => {
    const peer = await startPeer();
    await bench.ask(speaking("framed", peer.port));
    expect(summary(await bench.ask(speaking("buffered", peer.port)))).toBe("reply hello");
    expect(peer.calls.map(({ framed }) => framed)).toEqual([true, false]);
    await peer.until(({ connections }) => connections.length === 1);
  });
});

describe("close", () => {
  it("fails what is under way, closes every socket, and takes no more calls", async () => {
    const peer = await startPeer({ behaviour: silent });
    const instance = instanceAt(peer.port);
    const sent = bench.send(instance);
    await peer.until(({ calls }) => calls.length === 1);
    const unsent = bench.send(instance);
    await Promise.all([bench.connections.close(), bench.connections.close()]);
    expect(summary(await sent.ending)).toBe("UPSTREAM_CONNECTION_LOST");
    expect(summary(await unsent.ending)).toBe("UPSTREAM_CONNECTION_LOST, not sent");
    expect(summary(await bench.ask(instance))).toBe("NO_HEALTHY_INSTANCE, not sent");
    await peer.until(({ connections }) => connections.length === 0);
  });
});
