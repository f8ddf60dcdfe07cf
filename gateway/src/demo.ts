import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createGateway } from "./app.ts";
import type { GatewayConfig } from "./config.ts";
import type { Logger } from "./core/logger.ts";
import { runUntilSignal } from "./run-until-signal.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const ownerId = "demo";

const services = [
  {
    name: "AssetManagement",
    idl: "idl/asset_management.thrift",
    program: "rpc-services/asset-service/dist/main.js",
    transports: ["framed", "buffered"],
    paths: { newAsset: "insertAsset", getAsset: "queryAsset" },
    insert: { ID: "2", Name: "Bond", Market: "SGX" },
  },
  {
    name: "UserService",
    idl: "idl/user_service.thrift",
    program: "rpc-services/user-service/dist/main.js",
    transports: ["framed"],
    paths: { newUser: "insertUser", getUser: "queryUser" },
    insert: { ID: "1", Name: "Ann", Email: "ann@example.com", Age: 30 },
  },
] as const;

type SampleService = (typeof services)[number];

/** Longer than any machine takes to start three processes of Node. */
const READY_TIMEOUT_MS = 30_000;
const RESTART_MS = 1_000;
const CHILD_STOP_MS = 5_000;

/** The gateway and the sample services, as processes of their own; prints calls that work. Resolves once it has. */
export async function runDemo(config: GatewayConfig, logger: Logger): Promise<void> {
  const missing = services.find(
    ({ program, idl }) => !existsSync(join(repository, program)) || !existsSync(join(repository, idl)),
  );
  if (missing) {
    throw new Error(
      "the demo needs a checkout of the repository, since its sample services are not part of the package: npm install && npm run demo there",
    );
  }
  const gateway = createGateway({ ...config, logger });
  const children = new Set<ChildProcess>();
  let stopping = false;

  await runUntilSignal({
    start,
    async stop() {
      stopping = true;
      // The servers first: they leave the gateway, and calls under way are answered.
      await Promise.all([...children].map(end));
      await gateway.close();
    },
    onStopFailure: (error) => logger.error({ err: error }, "stopping failed"),
  });

  async function start(): Promise<void> {
    const { url, adminUrl } = await gateway.listen();
    const apiKey = await register(url, config);
    const servers = services.flatMap((service) =>
      service.transports.map((transport) => startServer(service, ["--gateway", url, "--transport", transport], apiKey)),
    );
    const tooLate = sleep(READY_TIMEOUT_MS, undefined, { ref: false }).then(() => {
      throw new Error("the sample services did not join the gateway in time");
    });
    await Promise.race([Promise.all(servers), tooLate]);
    console.log(instructions(url, adminUrl, config.dataDir));
  }

  /** Resolves when it has joined, from when on calls work. */
  async function startServer(service: SampleService, args: readonly string[], apiKey: string): Promise<void> {
    const { name, program } = service;
    const dataDir = join(config.dataDir, "demo", name);
    const child = spawn(process.execPath, [join(repository, program), "--data-dir", dataDir, ...args], {
      env: { ...process.env, API_KEY: apiKey },
      // By the channel it notices when we are gone.
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    children.add(child);
    child.once("exit", (code, signal) => {
      children.delete(child);
      if (stopping) return;
      console.error(`demo: a server of ${name} ended with ${code ?? signal}; it is started again`);
      setTimeout(() => {
        if (!stopping) void startServer(service, args, apiKey);
      }, RESTART_MS).unref();
    });
    const lines = createInterface({ input: child.stderr! });
    lines.on("line", (line) => console.error(line));
    await new Promise<void>((resolve) => {
      lines.on("line", (line) => line.includes(" joined ") && resolve());
    });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), CHILD_STOP_MS);
  await exit;
  clearTimeout(timer);
}

/** As an owner would, with one POST; resolves to the key. Where an earlier start did it, its key is in the data directory. */
async function register(url: string, { dataDir, registrationToken }: GatewayConfig): Promise<string> {
  const keysFile = join(dataDir, "demo-keys.json");
  const response = await fetch(`${url}/register`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(registrationToken && { authorization: `Bearer ${registrationToken}` }) },
    body: JSON.stringify([{ OwnerName: "Demo", OwnerId: ownerId, Services: services.map(registrationOf) }]),
  });
  const answer = (await response.json()) as { "API-Key"?: string; detail?: string };
  if (response.status === 409 && existsSync(keysFile)) {
    return (JSON.parse(readFileSync(keysFile, "utf8")) as { apiKey: string }).apiKey;
  }
  const apiKey = answer["API-Key"];
  if (!apiKey) {
    const hint = response.status === 409 ? `; to begin anew, remove ${dataDir}` : "";
    throw new Error(`the sample services can't be registered: ${answer.detail ?? response.status}${hint}`);
  }
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(keysFile, `${JSON.stringify({ ownerId, apiKey })}\n`, { mode: 0o600 });
  return apiKey;
}

function registrationOf({ name, idl, paths }: SampleService, index: number): object {
  return {
    ServiceId: String(index + 1),
    ServiceName: name,
    IdlContent: readFileSync(join(repository, idl), "utf8"),
    Version: "1.0",
    ServiceDescription: `The sample service ${name}.`,
    Paths: Object.entries(paths).map(([MethodPath, ExposedMethod]) => ({ MethodPath, ExposedMethod })),
  };
}

function queryUrl(url: string, { name, paths, insert }: SampleService): string {
  return `${url}/${name}/${Object.keys(paths)[1]}?ID=${insert.ID}`;
}

function instructions(url: string, adminUrl: string, dataDir: string): string {
  const calls = services.flatMap((service) => [
    `  curl -X POST ${url}/${service.name}/${Object.keys(service.paths)[0]} -H 'content-type: application/json' -d '${JSON.stringify(service.insert)}'`,
    `  curl '${queryUrl(url, service)}'`,
  ]);
  return [
    `\nThe gateway serves at ${url}, its admin listener at ${adminUrl}; its data is in ${dataDir}. Try:\n`,
    ...calls,
    "\nCtrl-C stops all of it; the next start finds what was stored.",
  ].join("\n");
}
