import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ConfigSources } from "../../../../gateway/src/config/layer-sources.ts";
import { PUBLISHED_MASTER_KEY } from "../../../../gateway/src/config/original-keys.ts";
import { resolveConfig } from "../../../../gateway/src/config/resolve-config.ts";
import { ConfigError } from "../../../../gateway/src/core/config-error.ts";
import { createAuthority } from "../../../support/certificates.ts";
import { createTemporaryDirectory } from "../../../support/temporary-directory.ts";

const SECRET = "correct-horse-battery";

const directory = createTemporaryDirectory();
afterAll(directory.remove);

function fileOf(name: string, content: string): string {
  const path = join(directory.path, name);
  writeFileSync(path, content);
  return path;
}

const authority = createAuthority();
const { cert, key } = authority.issue();
const caFile = fileOf("ca.pem", authority.cert);
const certFile = fileOf("cert.pem", cert);
const keyFile = fileOf("key.pem", key);
const otherKeyFile = fileOf("other-key.pem", authority.issue().key);
const notPem = fileOf("not-pem.txt", "nothing of the sort");

function faultsOf(sources: ConfigSources): string[] {
  try {
    resolveConfig(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ path, origin, message }) => `${path} (${origin}): ${message}`);
    throw error;
  }
  return [];
}

const inFile = (content: unknown) => faultsOf({ file: { name: "gate.json", content } });

describe("resolveConfig", () => {
  it("is complete and frozen when nothing is given", () => {
    const config = resolveConfig({});
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 4200,
      adminPort: 4201,
      registration: "open",
      allowLoopbackInstances: true,
    });
    expect(config).toHaveProperty("adminKey", undefined);
    expect(config.limits).toMatchObject({ maxHeaderBytes: 16_384, maxFrameBytes: 16_384_000, callDeadlineMs: 5_000 });
    for (const part of [config, config.limits, config.instanceNetworks]) expect(Object.isFrozen(part)).toBe(true);
  });

  it("prefers the command line to the environment, and that to the file", () => {
    const file = { content: { port: 1, adminPort: 2, dataDir: "a", limits: { maxDepth: 3, maxTypes: 4 } } };
    const env = { THRIFTGATE_ADMIN_PORT: "12", THRIFTGATE_DATA_DIR: "b", THRIFTGATE_LIMITS_MAX_DEPTH: "13" };
    expect(resolveConfig({ flags: { dataDir: "c" }, env, file })).toMatchObject({
      port: 1,
      adminPort: 12,
      dataDir: "c",
      limits: { maxDepth: 13, maxTypes: 4, maxHeaders: 200 },
    });
  });

  it("converts text by the key's type", () => {
    const env = {
      THRIFTGATE_ENFORCE_REGISTERED_SERVERS: "1",
      THRIFTGATE_ALLOW_LOOPBACK_INSTANCES: "false",
      THRIFTGATE_INSTANCE_NETWORKS: "10.0.0.0/8, fd00::/8",
      THRIFTGATE_ACCESS_LOG_SAMPLING: "0.25",
      THRIFTGATE_LOG_LEVEL: "",
    };
    expect(resolveConfig({ env })).toMatchObject({
      enforceRegisteredServers: true,
      allowLoopbackInstances: false,
      instanceNetworks: ["10.0.0.0/8", "fd00::/8"],
      accessLogSampling: 0.25,
      logLevel: "info",
    });
  });

  it("ignores variables that are like none of its own", () => {
    expect(resolveConfig({ env: { THRIFTGATE_UNRELATED_RUNS: "3", THRIFTGATE_CONFIG: "", PORT: "1" } }).port).toBe(4200);
  });

  it("ignores what Kubernetes sets for a service of this name", () => {
    const env = {
      THRIFTGATE_PORT: "tcp://10.0.0.7:4200",
      THRIFTGATE_SERVICE_HOST: "10.0.0.7",
      THRIFTGATE_PORT_4200_TCP_ADDR: "10.0.0.7",
    };
    expect(resolveConfig({ env }).port).toBe(4200);
  });

  it("names path, origin, value and what was expected, for all faults at once", () => {
    expect(
      faultsOf({
        flags: { adminPort: "eighty" },
        env: { THRIFTGATE_LIMITS_RETRY_BUDGET_RATIO: "2", THRIFTGATE_LOGLEVEL: "info" },
        file: { name: "gate.json", content: { port: 70_000, hots: "::", limits: { maxDepth: 0.5 }, maxTypes: 3 } },
      }),
    ).toEqual([
      "THRIFTGATE_LOGLEVEL (environment): unknown variable; did you mean THRIFTGATE_LOG_LEVEL?",
      "port (gate.json): 70000; expected a whole number from 0 to 65535",
      "adminPort (--admin-port): 'eighty'; expected a whole number from 0 to 65535",
      "limits.maxDepth (gate.json): 0.5; expected a whole number from 1 to 256",
      "limits.retryBudgetRatio (THRIFTGATE_LIMITS_RETRY_BUDGET_RATIO): 2; expected a number from 0 to 1",
      "hots (gate.json): unknown key; did you mean host?",
      "maxTypes (gate.json): unknown key; did you mean limits.maxTypes?",
    ]);
  });

  it.each([
    ["a file that is no object", [], " (gate.json): expected an object"],
    ["limits that are no object", { limits: 3 }, "limits (gate.json): 3; expected an object"],
    ["__proto__", JSON.parse('{"__proto__":{"port":1}}'), "__proto__ (gate.json): unknown key"],
    [
      "a host that is none",
      { host: "http://x" },
      `host (gate.json): 'http://x'; expected an IP address or a host name, like "127.0.0.1" or "::"`,
    ],
    [
      "a network that is none",
      { instanceNetworks: ["10.0.0.0"] },
      `instanceNetworks.0 (gate.json): '10.0.0.0'; expected a network like "10.0.0.0/8" or "fd00::/8"`,
    ],
    [
      "the same port twice",
      { port: 5000, adminPort: 5000 },
      "adminPort (gate.json): 5000; expected another port than the public listener's",
    ],
    ["no worker", { workers: 0 }, 'workers (gate.json): 0; expected a whole number from 1 to 1024, or "auto"'],
    [
      "a store with a password that nobody knows",
      { store: "mysql://u:p@ss@db/x" },
      `store (gate.json): 'mysql://…@db/x'; expected "embedded", or a MongoDB like "mongodb://10.0.0.1:27017,10.0.0.2:27017/?replicaSet=rs0"`,
    ],
    [
      "a database that MongoDB would not take",
      { storeDatabase: "a/b" },
      "storeDatabase (gate.json): 'a/b'; expected a name of at most 63 letters, digits, _ and -",
    ],
    [
      "a registry without agents",
      { registry: "consul://" },
      `registry (gate.json): 'consul://'; expected "embedded" or agents like "consul://10.0.0.1:8500,10.0.0.2:8500"`,
    ],
    [
      "a certificate without its key",
      { registry: "consul+tls://c", consulCertFile: certFile },
      "consulKeyFile (undefined): not given; a certificate and its key go together",
    ],
    [
      "a setting of TLS without TLS",
      { registry: "consul://c", consulServerName: "server.dc1.consul" },
      `consulServerName (gate.json): given; expected a registry "consul+tls://…" with it`,
    ],
    [
      "a file that is not there",
      { registry: "consul+tls://c", consulCaFile: "/nowhere/ca.pem" },
      "consulCaFile (gate.json): '/nowhere/ca.pem'; expected a file that can be read",
    ],
    [
      "certificates that are none",
      { instanceCaFile: notPem },
      `instanceCaFile (gate.json): '${notPem}'; expected certificates in PEM`,
    ],
    [
      "a key that is none",
      { instanceCertFile: certFile, instanceKeyFile: notPem },
      `instanceKeyFile (gate.json): '${notPem}'; expected a private key in PEM, not encrypted`,
    ],
    [
      "the key of another certificate",
      { services: { Payments: { instanceCertFile: certFile, instanceKeyFile: otherKeyFile } } },
      `services.Payments.instanceKeyFile (gate.json): '${otherKeyFile}'; expected the key of services.Payments.instanceCertFile`,
    ],
    [
      "a service's key without its certificate",
      { services: { Payments: { instanceKeyFile: keyFile } } },
      "services.Payments.instanceCertFile (gate.json): not given; a certificate and its key go together",
    ],
    [
      "a slip in what a service has",
      { services: { Payments: { instanceCaFil: caFile } } },
      "services.Payments.instanceCaFil (gate.json): unknown key; did you mean instanceCaFile?",
    ],
    [
      "services as a list",
      { services: [] },
      "services (gate.json): (its value is not shown); expected an object from service name to instanceCaFile, instanceCertFile, instanceKeyFile and accessToken",
    ],
    [
      "a store that nobody knows",
      { store: "redis" },
      `store (gate.json): 'redis'; expected "embedded", or a MongoDB like "mongodb://10.0.0.1:27017,10.0.0.2:27017/?replicaSet=rs0"`,
    ],
    [
      "a short secret",
      { masterKey: "hunter2" },
      "masterKey (gate.json): (its value is not shown); expected at least 16 characters, none of them blank or beyond ASCII",
    ],
    [
      "a public host without a choice",
      { host: "0.0.0.0" },
      `registration (undefined): not given; others can reach 0.0.0.0, so say who may register: "open" (anyone) or "token" (who has registrationToken)`,
    ],
    [
      "a token that is missing",
      { registration: "token" },
      'registrationToken (undefined): not given; needed where registration is "token"',
    ],
    [
      "a token without effect",
      { registrationToken: SECRET },
      'registrationToken (gate.json): given; expected registration "token" with it',
    ],
    [
      "a public admin listener without a key",
      { adminHost: "::" },
      "adminKey (undefined): not given; needed since others can reach the admin listener on ::",
    ],
    [
      "the published master key in public",
      { host: "::", registration: "open", masterKey: PUBLISHED_MASTER_KEY },
      "masterKey (gate.json): the one that the original gateway was published with; expected one that only you know",
    ],
  ])("refuses %s", (_name, content, fault) => {
    expect(inFile(content)).toEqual([fault]);
  });

  it("takes what differs for services from a file or, as JSON, from the environment", () => {
    const services = {
      Payments: { instanceCaFile: caFile, instanceCertFile: certFile, instanceKeyFile: keyFile, accessToken: SECRET },
    };
    expect(resolveConfig({ file: { content: { services } } }).services).toEqual(services);
    expect(resolveConfig({ env: { THRIFTGATE_SERVICES: JSON.stringify(services) } }).services).toEqual(services);
  });

  it("never shows a secret", () => {
    const secrets = { adminKey: "s3cret", registrationToken: "s3cret", masterKey: "s3cret\n", store: "mysql://root:s3cret@db" };
    expect(inFile(secrets)).toHaveLength(4);
    const services = { Payments: { accessToken: "s3cret" } };
    expect(inFile({ services })).toEqual([expect.stringMatching(/^services\.Payments\.accessToken .*not shown/)]);
    expect(faultsOf({ env: { THRIFTGATE_SERVICES: '{"Payments": "s3cret"}' } }).join()).toMatch(/^services.*not shown/);
    expect(faultsOf({ env: { THRIFTGATE_SERVICES: '{"s3cret' } }).join()).not.toContain("s3cret");
    expect(inFile(secrets).join()).not.toContain("s3cret");
  });

  it("derives what depends on the listener's address", () => {
    expect(
      resolveConfig({ file: { content: { host: "10.0.0.1", registration: "token", registrationToken: SECRET } } }),
    ).toMatchObject({
      registration: "token",
      allowLoopbackInstances: false,
    });
    for (const host of ["127.0.0.2", "::1", "localhost"]) {
      expect(resolveConfig({ file: { content: { host } } })).toMatchObject({
        registration: "open",
        allowLoopbackInstances: true,
      });
    }
  });
});

describe("the original gateway's serverconfig.json", () => {
  const original = {
    serverPort: "8888",
    maskerKey: PUBLISHED_MASTER_KEY,
    consulAddress: "127.0.0.1:8500",
    timeToLift: 10,
    timeToDie: 60,
    dbUrl: "mongodb://127.0.0.1:27017",
    dbName: "api-gateway",
    dbCollectionName: "gateway-data",
    dbPingInterval: 10,
    dbFailedPingInterval: 1,
    dbMaxPingFailDuration: 60,
  };

  it("is understood", () => {
    expect(resolveConfig({ file: { content: original } })).toMatchObject({
      port: 8888,
      masterKey: PUBLISHED_MASTER_KEY,
      registry: "consul://127.0.0.1:8500",
      timeToLiveSeconds: 10,
      timeToDieSeconds: 60,
      store: "mongodb://127.0.0.1:27017",
      storeDatabase: "api-gateway",
      originalCollection: "gateway-data",
    });
  });

  it("may spell its keys right", () => {
    const content = { serverPort: ":8888", masterKey: SECRET, timeToLive: 10 };
    expect(resolveConfig({ file: { content } })).toMatchObject({ port: 8888, masterKey: SECRET, timeToLiveSeconds: 10 });
  });

  it("is refused where it contradicts itself", () => {
    expect(inFile({ serverPort: "1", port: 2 })).toEqual(["serverPort (gate.json): the older name of port, which is given too"]);
  });
});
