import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TlsOptions } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createInstanceSecurity,
  type InstanceSecurityConfig,
} from "../../../../../gateway/src/data-plane/connection/instance-security.ts";
import type { Instance } from "../../../../../gateway/src/snapshot/snapshot.ts";
import { createAuthority, type Identity } from "../../../../support/certificates.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";
import { startThriftPeer, type ThriftPeer, type ThriftPeerOptions } from "../../../../support/thrift-peer.ts";
import { type Bench, createBench, type Ending, instanceAt, summary, textOf } from "./fixtures.ts";

const authority = createAuthority();
const stranger = createAuthority();
const atAddress = authority.issue({ names: ["127.0.0.1"] });

let benches: Bench[];
let peers: ThriftPeer[];

beforeEach(() => {
  benches = [];
  peers = [];
});

afterEach(async () => {
  for (const bench of benches) {
    await bench.connections.close();
    expect(bench.faults).toEqual([]);
    expect(bench.deadlines.size).toBe(0);
  }
  await Promise.all(peers.map((peer) => peer.close()));
});

async function startPeer(tls: TlsOptions | undefined, options: ThriftPeerOptions = {}): Promise<ThriftPeer> {
  const peer = await startThriftPeer({ ...options, ...(tls && { tls }) });
  peers.push(peer);
  return peer;
}

function fileOf(pem: string): string {
  const path = join(temporaryDirectory(), "a.pem");
  writeFileSync(path, pem);
  return path;
}

const filesOf = ({ cert, key }: Identity) => ({ instanceCertFile: fileOf(cert), instanceKeyFile: fileOf(key) });

function benchTrusting(config: Partial<InstanceSecurityConfig> = {}, limits: Parameters<typeof createBench>[0] = {}): Bench {
  const security = createInstanceSecurity({ instanceCaFile: fileOf(authority.cert), ...config });
  const bench = createBench({ connectTimeoutMs: 10_000, ...limits }, { security });
  benches.push(bench);
  return bench;
}

const secure = (peer: ThriftPeer, difference: Partial<Instance> = {}) => instanceAt(peer.port, { tls: {}, ...difference });

/** All that an ending says, its causes included. */
function reasons(ending: Ending): string {
  if (ending.kind !== "failure") return summary(ending);
  const texts = [summary(ending)];
  for (let cause: unknown = ending.error.cause; cause instanceof Error; cause = cause.cause) texts.push(cause.message);
  return texts.join(": ");
}

describe("an instance with a good certificate", () => {
  it("is called at its address", async () => {
    const peer = await startPeer(atAddress);
    const bench = benchTrusting();
    const endings = await Promise.all(["one", "two", "three"].map((text) => bench.ask(secure(peer), { text })));
    expect(endings.map(textOf)).toEqual(["one", "two", "three"]);
    expect(peer.accepted).toBe(1);
  });

  it("is asked for the name that it says, and judged by it", async () => {
    const asked: string[] = [];
    const identity = authority.issue({ names: ["assets.internal"] });
    const peer = await startPeer({
      ...identity,
      SNICallback(name, done) {
        asked.push(name);
        done(null);
      },
    });
    const instance = secure(peer, { tls: { serverName: "assets.internal" } });
    expect(summary(await benchTrusting().ask(instance))).toBe("reply hello");
    expect(asked).toEqual(["assets.internal"]);
  });

  it("carries many calls at once, large ones too, to one that reads slowly at first", async () => {
    const peer = await startPeer(atAddress, {
      onConnection(socket) {
        socket.pause();
        return undefined;
      },
    });
    const bench = benchTrusting({}, { pipelineDepth: 1_000, maxConnectionsPerInstance: 1 });
    const texts = Array.from({ length: 100 }, (_, index) => `${index}`.repeat(index % 4 === 0 ? 150_000 : 1));
    const endings = texts.map((text) => bench.ask(secure(peer), { text, deadlineMs: 60_000 }));
    await peer.until(({ connections }) => connections.length === 1);
    peer.connections[0]!.resume();
    expect((await Promise.all(endings)).map(textOf)).toEqual(texts);
    expect(peer.accepted).toBe(1);
  });

  it("whose dialect is not known is asked for it over TLS", async () => {
    const peer = await startPeer(atAddress);
    const bench = benchTrusting();
    const instance = secure(peer, { dialectIsGuess: true });
    expect(summary(await bench.ask(instance))).toBe("reply hello");
    expect(bench.connections.observed(instance.id).dialect).toEqual({ transport: "framed", protocol: "binary" });
  });
});

describe("what is not trusted: the call is not sent, and the log says why", () => {
  const cases: Record<string, [identity: Identity, tls: Instance["tls"], reason: RegExp]> = {
    "an expired certificate": [authority.issue({ names: ["127.0.0.1"], expired: true }), {}, /certificate has expired/],
    "one that is made out to another": [authority.issue({ names: ["10.0.0.7"] }), {}, /does not match.*127\.0\.0\.1/],
    "one that is made out to nobody": [authority.issue(), {}, /127\.0\.0\.1/],
    "one without the name that the instance says": [atAddress, { serverName: "assets.internal" }, /assets\.internal/],
    "one that a stranger signed": [stranger.issue({ names: ["127.0.0.1"] }), {}, /unable to verify|self.signed|issuer/],
  };
  it.each(Object.entries(cases))("%s", async (_name, [identity, tls, reason]) => {
    const peer = await startPeer(identity);
    const ending = reasons(await benchTrusting().ask(secure(peer, { tls: tls! })));
    expect(ending).toMatch(/^UPSTREAM_TLS_FAILED, not sent: 127\.0\.0\.1:\d+: the TLS handshake failed, the socket failed: /);
    expect(ending).toMatch(reason);
    expect(peer.calls).toEqual([]);
  });

  it("a server without TLS that closes", async () => {
    const peer = await startPeer(undefined, { onConnection: (socket) => void socket.once("data", () => socket.destroy()) });
    expect(reasons(await benchTrusting().ask(secure(peer)))).toMatch(
      /^UPSTREAM_TLS_FAILED, not sent: .*the TLS handshake failed, the instance closed/,
    );
  });

  it("a server without TLS that waits for more", async () => {
    const peer = await startPeer(undefined, {
      onConnection(socket) {
        socket.resume();
        return false;
      },
    });
    const ending = reasons(await benchTrusting({}, { connectTimeoutMs: 300 }).ask(secure(peer)));
    expect(ending).toMatch(/^UPSTREAM_TLS_FAILED, not sent: .*the TLS handshake failed, the connect time-out passed/);
  });

  it("a server with TLS, spoken to without: no call is taken for answered", async () => {
    const peer = await startPeer(atAddress);
    expect((await benchTrusting().ask(instanceAt(peer.port))).kind).toBe("failure");
    expect(peer.calls).toEqual([]);
  });
});

describe("an instance that asks for a certificate", () => {
  const asking: TlsOptions = { ...atAddress, ca: authority.cert, requestCert: true, rejectUnauthorized: true };

  it("is shown the gateway's", async () => {
    const peer = await startPeer(asking);
    const bench = benchTrusting(filesOf(authority.issue({ names: ["gateway.internal"] })));
    expect(summary(await bench.ask(secure(peer)))).toBe("reply hello");
  });

  it("runs no call without one, or with a stranger's", async () => {
    const peer = await startPeer(asking);
    for (const config of [{}, filesOf(stranger.issue())]) {
      expect(reasons(await benchTrusting(config).ask(secure(peer)))).toMatch(/UPSTREAM_CONNECTION_LOST|UPSTREAM_TLS_FAILED/);
    }
    expect(peer.calls).toEqual([]);
  });

  it("is shown the one of its service where there is one, whose authority holds there alone", async () => {
    const own = { ...filesOf(authority.issue()), instanceCaFile: fileOf(authority.cert) };
    const bench = benchTrusting({ instanceCaFile: fileOf(stranger.cert), services: { Payments: own } });
    const peer = await startPeer(asking);
    expect(summary(await bench.ask(secure(peer, { service: "Payments" })))).toBe("reply hello");
    const other = secure(peer, { service: "constructor", id: "another" });
    expect(reasons(await bench.ask(other))).toMatch(/^UPSTREAM_TLS_FAILED, not sent/);
  });
});
