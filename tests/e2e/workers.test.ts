import { existsSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect, register, request, serviceBody } from "../support/gateway-client.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway-process.ts";
import { startProgram, thriftgate } from "../support/program.ts";
import { exchange } from "../support/raw-http.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startThriftPeer } from "../support/thrift-peer.ts";

const WORKERS = 2;
/** Connections are given to workers in turn, so that these reach each of them several times. */
const CONNECTIONS = 3 * WORKERS;
/** Far beyond what it takes, so that a busy machine fails no test. */
const SOON = { timeout: 20_000, interval: 10 };

const serviceAt = (path: string) => ({ name: "S", idl: "service S { void m() }", paths: { [path]: "m" } });

async function startWithWorkers(): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess({ args: ["--workers", String(WORKERS)] });
  onTestFinished(() => gateway.stop());
  return gateway;
}

/** On a connection of its own. */
function statusOf(url: string, signal?: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, signal }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode!));
    }).on("error", reject);
  });
}

function statuses(url: string): Promise<number[]> {
  return Promise.all(Array.from({ length: CONNECTIONS }, () => statusOf(url)));
}

function workersOf({ pid }: GatewayProcess): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/).filter(Boolean).map(Number);
}

const isRunning = (pid: number) => existsSync(`/proc/${pid}`);

async function withPeer(gateway: GatewayProcess, deadlineMs?: number) {
  const peer = await startThriftPeer();
  onTestFinished(peer.close);
  const Services = [{ ...serviceBody(serviceAt("p0")), ...(deadlineMs && { Options: { deadlineMs } }) }];
  const registered = await request(`${gateway.url}/register`, {
    method: "POST",
    json: [{ OwnerId: "acme", OwnerName: "acme", Services }],
  });
  const key = registered.json["API-Key"];
  const serverId = await connect(gateway.url, key, "S", peer.port, { Meta: { transport: "framed", protocol: "binary" } });
  return { peer, key, serverId };
}

describe("a gateway with several workers", { timeout: 60_000 }, () => {
  it("serves a change in all of them when it answers", async () => {
    const gateway = await startWithWorkers();
    expect(workersOf(gateway)).toHaveLength(WORKERS);
    const { key, serverId } = await withPeer(gateway);
    for (let change = 0; change < 10; change++) {
      expect(await statuses(`${gateway.url}/S/p${change}`)).toEqual(Array(CONNECTIONS).fill(200));
      const owner = { OwnerId: "acme", OwnerName: "acme", Services: [serviceBody(serviceAt(`p${change + 1}`))] };
      const init = { method: "PUT", headers: { apikey: key }, json: [owner] };
      expect((await request(`${gateway.url}/update?ownerid=acme`, init)).status).toBe(200);
      expect(await statuses(`${gateway.url}/S/p${change}`)).toEqual(Array(CONNECTIONS).fill(404));
    }
    const left = { method: "POST", json: { ApiKey: key, ServerID: serverId } };
    expect((await request(`${gateway.url}/disconnect`, left)).status).toBe(200);
    expect(await statuses(`${gateway.url}/S/p10`)).toEqual(Array(CONNECTIONS).fill(503));
  });

  it("adds up their figures, and what they see of instances", async () => {
    const gateway = await startWithWorkers();
    await withPeer(gateway);
    expect(await statuses(`${gateway.url}/S/p0`)).toEqual(Array(CONNECTIONS).fill(200));
    const { text } = await request(`${gateway.adminUrl}/metrics`);
    expect(text).toContain(`thriftgate_calls_total{service="S",method="m",status="2xx"} ${CONNECTIONS}`);
    expect(text).toContain('thriftgate_instances{service="S",health="passing"} 1');
    const { json } = await request(`${gateway.adminUrl}/admin/v1/services/S`);
    expect(json.instances).toEqual([expect.objectContaining({ observed: expect.objectContaining({ state: "connected" }) })]);
  });

  it("hands what is no call on as it came, and the answer back", async () => {
    const gateway = await startWithWorkers();
    expect((await request(`${gateway.url}/ping`)).json).toEqual({ message: "pong" });
    const wrong = await request(`${gateway.url}/register`, {
      method: "POST",
      body: "{",
      headers: { "content-type": "application/json", "x-request-id": "mine", "x-thriftgate-peer": "192.0.2.1" },
    });
    expect([wrong.status, wrong.json.code, wrong.headers.get("x-request-id")]).toEqual([400, "INVALID_JSON", "mine"]);
    const large = { method: "POST", body: Buffer.alloc(17 * 1024 * 1024, " "), headers: { "content-type": "application/json" } };
    expect((await request(`${gateway.url}/register`, large)).json.code).toBe("PAYLOAD_TOO_LARGE");
    expect((await request(`${gateway.url}/health`)).headers.get("allow")).toBe("POST");
    expect((await exchange(gateway.url, "GET /ping HTTP/1.0\r\n\r\n"))?.status).toBe(200);
    const idl = `service S { void m() } ${" ".repeat(300_000)}`;
    await register(gateway.url, "large", [{ name: "Large", idl, paths: ["m"] }]);
  });

  it("goes on when one of them is killed, and starts another in its place", async () => {
    const gateway = await startWithWorkers();
    await withPeer(gateway);
    const [victim, other] = workersOf(gateway);
    process.kill(victim!, "SIGKILL");
    await expect.poll(() => isRunning(victim!), SOON).toBe(false);
    expect(await statuses(`${gateway.url}/S/p0`)).toEqual(Array(CONNECTIONS).fill(200));
    await expect.poll(() => workersOf(gateway).length, SOON).toBe(WORKERS);
    process.kill(other!, "SIGKILL");
    await expect.poll(() => workersOf(gateway).includes(other!), SOON).toBe(false);
    await expect.poll(() => statuses(`${gateway.url}/S/p0`).catch(String), SOON).toEqual(Array(CONNECTIONS).fill(200));
    await expect.poll(gateway.log, SOON).toContain("another takes its place");
  });

  it("ends all of them with 0 at SIGTERM, after the calls under way", async () => {
    const gateway = await startWithWorkers();
    const { peer } = await withPeer(gateway, 30_000);
    let answer: (() => void) | undefined;
    peer.behaviour = (call) => {
      answer = () => call.socket.write(call.replyBytes());
    };
    const workers = workersOf(gateway);
    const underWay = statusOf(`${gateway.url}/S/p0`);
    await peer.until(({ calls }) => calls.length === 1);
    const ended = gateway.end("SIGTERM");
    // A connection that was made in the very moment is closed when the gateway ends.
    const another = () => statusOf(`${gateway.url}/S/none`, AbortSignal.timeout(500)).catch((error) => error.code);
    await expect.poll(another, SOON).toBe("ECONNREFUSED");
    answer!();
    expect(await underWay).toBe(200);
    expect(await ended).toBe(0);
    expect(workers.filter(isRunning)).toEqual([]);
  });

  it("leaves none of them behind when it is killed", async () => {
    const gateway = await startWithWorkers();
    const workers = workersOf(gateway);
    await gateway.end("SIGKILL");
    await expect.poll(() => workers.filter(isRunning), SOON).toEqual([]);
  });

  it("says which port is taken, and ends", async () => {
    const taken = await startWithWorkers();
    const { port } = new URL(taken.url);
    const second = startProgram([
      ...[thriftgate, "start", "--port", port, "--admin-port", "0", "--workers", "2"],
      ...["--data-dir", temporaryDirectory()],
    ]);
    expect(await second.exit).toBe(1);
    expect(second.stderr()).toContain(`cannot listen on 127.0.0.1:${port}: another process uses the port`);
  });
});
