import type { AddressInfo } from "node:net";
import { compileIdl } from "@thriftgate/thrift";
import express, { type Router } from "express";
import supertest from "supertest";
import { onTestFinished } from "vitest";
import type { ControlPlaneConfig } from "../../gateway/src/control-plane/context.ts";
import {
  type ControlPlane,
  type ControlPlaneOptions,
  createControlPlane,
} from "../../gateway/src/control-plane/control-plane.ts";
import type { Linker } from "../../gateway/src/control-plane/publish/linker.ts";
import { createEmbeddedRegistry } from "../../gateway/src/control-plane/registry/embedded-registry.ts";
import { createEmbeddedStore } from "../../gateway/src/control-plane/store/embedded-store.ts";
import { type AddressPolicyOptions, createAddressPolicy } from "../../gateway/src/core/address-policy.ts";
import { createLogger } from "../../gateway/src/core/logger.ts";
import { createSnapshot, type Snapshot } from "../../gateway/src/snapshot/snapshot.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createMemoryRegistry } from "./memory-registry.ts";
import { createMemoryStore } from "./memory-store.ts";

export const MASTER_KEY = "a-master-key-for-tests";

export const ASSET_IDL = `namespace go asset
struct Query { 1: string ID }
struct Answer { 1: bool Exist }
service AssetManagement {
  Answer queryAsset(1: Query req)
  Answer insertAsset(1: Query req)
}
`;

/** A service as a registration holds it. */
export function assetService(overrides: Readonly<Record<string, unknown>> = {}) {
  return {
    ServiceName: "AssetManagement",
    IdlContent: ASSET_IDL,
    Paths: [{ ExposedMethod: "queryAsset", MethodPath: "getAsset" }],
    ...overrides,
  };
}

/** The body of /register. */
export function registration(services: readonly unknown[] | undefined = [assetService()], owner: object = {}) {
  return [{ OwnerName: "Ann", OwnerId: "ann", Services: services, ...owner }];
}

export interface TestControlPlane {
  readonly controlPlane: ControlPlane;
  readonly snapshot: Snapshot;
  readonly clock: FakeClock;
  /** The public listener. */
  readonly api: ReturnType<typeof supertest>;
  readonly admin: ReturnType<typeof supertest>;
  /** Every line of the log. */
  readonly log: readonly string[];
  close(): Promise<void>;
  /** Registers, and gives the API key. */
  register(body?: unknown): Promise<string>;
  /** Connects, and gives the ServerID. */
  connect(apiKey: string, overrides?: object): Promise<string>;
}

export interface TestOptions {
  readonly config?: Partial<Omit<ControlPlaneConfig, "limits">> & { readonly limits?: Partial<ControlPlaneConfig["limits"]> };
  readonly addresses?: Partial<AddressPolicyOptions>;
  readonly options?: Partial<ControlPlaneOptions>;
  /** For what has to outlive a restart; default: nothing is written to a disk. */
  readonly dataDir?: string;
}

const testLimits: ControlPlaneConfig["limits"] = {
  maxRegistrationBodyBytes: 4 * 1024 * 1024,
  maxDepth: 64,
  maxFrameBytes: 16_384_000,
  maxReplyJsonBytes: 32 * 1024 * 1024,
  maxIdlBytes: 1024 * 1024,
  maxTypes: 2_000,
  maxServicesPerOwner: 100,
  maxInstancesPerService: 1_000,
  registrationsPerMinute: 1_000,
  callDeadlineMs: 5_000,
};

/** Without the thread that each control plane has: its start takes longer than most tests. */
const inProcessLinker: Linker = {
  link: async (files, mainFile) => compileIdl(files, mainFile),
  close: async () => {},
};

/** For the running test alone. */
export async function startControlPlane(options?: TestOptions): Promise<TestControlPlane> {
  const started = await openControlPlane(options);
  onTestFinished(started.close);
  return started;
}

const TIMES = { timeToLiveMs: 45_000, timeToDieMs: 90_000, rememberMs: 86_400_000 };

/** A control plane mounted as the gateway mounts it. */
export async function openControlPlane({
  config = {},
  addresses,
  options,
  dataDir,
}: TestOptions = {}): Promise<TestControlPlane> {
  const clock = createFakeClock();
  const snapshot = createSnapshot();
  const log: string[] = [];
  const controlPlane = createControlPlane({
    config: {
      registration: "open",
      registrationToken: undefined,
      masterKey: MASTER_KEY,
      adminHost: "127.0.0.1",
      adminKey: undefined,
      enforceRegisteredServers: false,
      timeToLiveSeconds: 45,
      timeToDieSeconds: 90,
      proxySecret: undefined,
      ...config,
      limits: { ...testLimits, ...config.limits },
    },
    store: dataDir === undefined ? createMemoryStore(clock) : createEmbeddedStore({ dataDir, clock }),
    registry: dataDir === undefined ? createMemoryRegistry(clock, TIMES) : createEmbeddedRegistry({ dataDir, clock, ...TIMES }),
    snapshot,
    addresses: createAddressPolicy({ allowLoopback: true, networks: [], ...addresses }),
    clock,
    logger: createLogger({ level: "trace", destination: { write: (line) => void log.push(line) } }),
    linker: inProcessLinker,
    ...options,
  });
  await controlPlane.open();
  const api = supertest(express().use(controlPlane.router));
  return {
    controlPlane,
    snapshot,
    clock,
    api,
    admin: supertest(express().use(controlPlane.adminRouter)),
    log,
    close: controlPlane.close,
    async register(body = registration()) {
      const { body: answer } = await api
        .post("/register")
        .send(body as object)
        .expect(200);
      return answer["API-Key"];
    },
    async connect(apiKey, overrides = {}) {
      const { body: answer } = await api.post("/connect").send(connection(apiKey, overrides)).expect(200);
      return answer.ServerID;
    },
  };
}

/** The body of /connect. */
export function connection(apiKey: string, overrides: object = {}) {
  return { ApiKey: apiKey, ServiceName: "AssetManagement", ServerAddress: "127.0.0.1", ServerPort: "8000", ...overrides };
}

/** For requests that supertest can't send: without a content type, many at once. */
export async function listenOn(router: Router, path: string): Promise<{ url: string; stop(): Promise<void> }> {
  const server = express().use(router).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
