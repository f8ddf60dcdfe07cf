import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** Answers a request in its own way; `false`: as usual. */
export type ConsulFault = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface FakeConsul {
  readonly url: string;
  /** Method and path of every request so far. */
  readonly requests: readonly string[];
  /** Resolves once `count` more requests have come whose path contains `part`. */
  asked(part: string, count?: number): Promise<void>;
  /** Lists these instances of a service from now on; wakes queries that wait. */
  list(serviceName: string, instances: readonly unknown[]): void;
  /** Wakes queries that wait, ends what the last fault left open, and answers all that come as `fault` does; none: as usual. */
  misbehave(fault: ConsulFault | undefined): void;
  /** What the next answers carry. */
  index: number;
  close(): Promise<void>;
}

export function catalogEntry(id: string, overrides: Record<string, unknown> = {}, statuses: readonly string[] = ["passing"]) {
  return {
    Node: { Node: "node", Address: "10.9.9.9" },
    Service: { ID: id, Tags: [`thriftgate:mark-${id}`], Address: "10.0.0.1", Port: 9000, Weights: { Passing: 1 }, ...overrides },
    Checks: statuses.map((Status) => ({ Status })),
  };
}

/** Consul's HTTP API as far as the registry uses it. Writes change nothing. */
export async function startFakeConsul(): Promise<FakeConsul> {
  const services = new Map<string, readonly unknown[]>();
  const requests: string[] = [];
  const held = new Set<() => void>();
  const watching = new Set<() => void>();
  const faulty = new Set<ServerResponse>();
  let fault: ConsulFault | undefined;

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    for (const check of watching) check();
    request.resume().on("end", () => handle(request, response));
  });

  function handle(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader("x-consul-index", fake.index);
    if (fault?.(request, response)) {
      faulty.add(response);
      return;
    }
    const { pathname, searchParams } = new URL(request.url!, "http://fake");
    if (Number(searchParams.get("index") ?? 0) === fake.index && searchParams.has("wait")) {
      const release = (): void => {
        held.delete(release);
        if (!response.destroyed) handle(request, response);
      };
      held.add(release);
      return;
    }
    response.end(JSON.stringify(answer(pathname)));
  }

  function answer(path: string): unknown {
    if (path === "/v1/catalog/services")
      return Object.fromEntries([...services].map(([name, list]) => [name, [String(list.length)]]));
    if (path.startsWith("/v1/health/service/")) return services.get(decodeURIComponent(path.slice(19))) ?? [];
    if (path === "/v1/status/leader") return "127.0.0.1:8300";
    return path.startsWith("/v1/health/state/") ? [] : null;
  }

  function wake(): void {
    fake.index += 1;
    for (const release of [...held]) release();
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const fake: FakeConsul = {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    requests,
    asked(part, count = 1) {
      const from = requests.length;
      return new Promise((resolve) => {
        const check = (): void => {
          if (requests.slice(from).filter((request) => request.includes(part)).length < count) return;
          watching.delete(check);
          resolve();
        };
        watching.add(check);
      });
    },
    list(serviceName, instances) {
      services.set(serviceName, instances);
      wake();
    },
    misbehave(next) {
      fault = next;
      for (const response of faulty) response.destroy();
      faulty.clear();
      wake();
    },
    index: 10,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return fake;
}
