import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createGateway } from "thriftgate";
import { vi } from "vitest";
import { findApacheSource } from "../support/apache-source.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { connect, register, request } from "../support/gateway-client.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { type ConformanceCase, methodsOf, type Service } from "./cases.ts";
import { type Exact, parseExact, printExact } from "./exact-json.ts";
import { hasMembers, isMatch } from "./match.ts";
import { type ConformanceServer, type ServerDialect, servicesIn } from "./servers/conformance-server.ts";

/** Nothing here is about time, and machines that run tests are busy. */
const limits = { connectTimeoutMs: 3_000, callDeadlineMs: 20_000 };
const patience = { timeout: 60_000, interval: 20 };

/** A server of others behind a gateway. */
export interface ThroughGateway {
  call(service: Service, method: string, body: string): Promise<{ readonly status: number; readonly text: string }>;
  /** What is wrong about the answer to a case; `undefined`: nothing. */
  findDifference(each: ConformanceCase): Promise<string | undefined>;
  stop(): Promise<void>;
}

export async function startThroughGateway(server: ConformanceServer, dialect: ServerDialect): Promise<ThroughGateway> {
  const dataDir = createTemporaryDirectory();
  const gateway = createGateway({ port: 0, adminPort: 0, dataDir: dataDir.path, logLevel: "silent", limits });
  const { url, adminUrl } = await gateway.listen();
  const running = await server.start(dialect);
  const services = servicesIn(server, dialect);
  const ports = new Set(services.map((service) => running.ports[service]!));
  const proxies = new Map(
    await Promise.all([...ports].map(async (port) => [port, await startCountingProxy(`http://127.0.0.1:${port}`)] as const)),
  );
  const apiKey = await register(
    url,
    "conformance",
    services.map((name) => ({ name, idl: idlOf(name), paths: methodsOf(name) })),
  );
  for (const service of services) {
    const port = new URL(proxies.get(running.ports[service]!)!.url).port;
    await connect(url, apiKey, service, Number(port), { Meta: metaOf(dialect, service) });
    if (dialect.foundOut) await untilFoundOut(service);
  }

  /** The first call makes the gateway look. */
  async function untilFoundOut(service: Service): Promise<void> {
    const first = new AbortController();
    const answered = request(`${url}/${service}/${methodsOf(service)[0]}`, { method: "POST", json: {}, signal: first.signal });
    await vi.waitUntil(async () => {
      const { json } = await request(`${adminUrl}/admin/v1/services/${service}`);
      return json.instances[0].observed?.dialect !== undefined;
    }, patience);
    first.abort();
    await answered.catch(() => undefined);
  }

  function bytesSent(): number {
    let bytes = 0;
    for (const proxy of proxies.values()) bytes += proxy.bytes;
    return bytes;
  }

  const call = (service: Service, method: string, body: string) => request(`${url}/${service}/${method}`, post(body));

  return {
    call,
    async findDifference({ service, method, request: body, text, query, status, response }) {
      const before = bytesSent();
      const answer = await (query === undefined
        ? call(service, method, text ?? (body === undefined ? "" : printExact(body)))
        : request(`${url}/${service}/${method}?${query}`));
      const json = answer.text === "" ? undefined : parseExact(answer.text);
      const matches = status < 400 || response === undefined ? isMatch(response, json) : hasMembers(response, json);
      if (answer.status !== status || !matches) {
        return `expected ${status} ${brief(response)}\nbut got  ${answer.status} ${brief(json)}`;
      }
      if (status === 400 && bytesSent() !== before) return "the server got bytes of a call that was refused";
      return undefined;
    },
    async stop() {
      await gateway.close();
      for (const proxy of proxies.values()) await proxy.close();
      await running.stop();
      dataDir.remove();
    },
  };
}

function idlOf(service: Service): string {
  const file =
    service === "Echo" ? join(import.meta.dirname, "echo.thrift") : join(findApacheSource()!, "test/ThriftTest.thrift");
  return readFileSync(file, "utf8");
}

function metaOf({ transport, protocol, multiplexed, foundOut }: ServerDialect, service: Service): Record<string, string> {
  return { ...(foundOut ? {} : { transport, protocol }), ...(multiplexed ? { multiplexed: service } : {}) };
}

function post(body: string): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body };
}

function brief(value: Exact | undefined): string {
  const text = value === undefined ? "without a body" : printExact(value);
  return text.length > 2_000 ? `${text.slice(0, 2_000)}… (${text.length} characters)` : text;
}
