import { z } from "zod";
import { parseNetwork } from "../core/ip-address.ts";
import { limitsSchema, ratio, wholeNumber } from "./limits.ts";

const port = () => wholeNumber(0, 65_535);
const flag = () => z.boolean({ error: "true or false" });

function host() {
  const error = 'an IP address or a host name, like "127.0.0.1" or "::"';
  return z.string({ error }).regex(/^[A-Za-z0-9:._-]{1,253}$/, { error });
}

/** Long enough that it can't be guessed; the original's keys have 36 characters. */
function secret() {
  const error = "at least 16 characters, none of them blank or beyond ASCII";
  return z.string({ error }).regex(/^[\x21-\x7e]{16,512}$/, { error });
}

function network() {
  const error = 'a network like "10.0.0.0/8" or "fd00::/8"';
  return z.string({ error }).refine((text) => parseNetwork(text) !== undefined, { error });
}

/** The driver judges the rest of the address when it connects. */
function store() {
  const error = '"embedded", or a MongoDB like "mongodb://10.0.0.1:27017,10.0.0.2:27017/?replicaSet=rs0"';
  return z
    .string({ error })
    .regex(/^(?:embedded|mongodb(?:\+srv)?:\/\/\S+)$/, { error })
    .default("embedded");
}

/** MongoDB takes more, on some platforms. */
function databaseName() {
  const error = "a name of at most 63 letters, digits, _ and -";
  return z.string({ error }).regex(/^[A-Za-z0-9_-]{1,63}$/, { error });
}

function collectionName() {
  const error = "a name of letters, digits, _, - and dots";
  return z.string({ error }).regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,119}$/, { error });
}

const MAX_WORKERS = 1_024;

function workers() {
  const error = `a whole number from 1 to ${MAX_WORKERS}, or "auto"`;
  return z
    .union([z.int({ error }).min(1, { error }).max(MAX_WORKERS, { error }), z.literal("auto", { error })], { error })
    .default(1)
    .describe(
      'Processes that serve calls; "auto": as many as the machine has cores. More than 1: beside one that does all else.',
    );
}

const CONSUL_AGENT = "(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?";
const REGISTRY = new RegExp(`^(?:embedded|consul(?:\\+tls)?://${CONSUL_AGENT}(?:,${CONSUL_AGENT})*/?)$`);

function registry() {
  const error = '"embedded" or agents like "consul://10.0.0.1:8500,10.0.0.2:8500"';
  return z.string({ error }).regex(REGISTRY, { error }).default("embedded");
}

function file() {
  return z.string({ error: "a file's path" }).min(1, { error: "a file's path" }).optional();
}

const instanceFiles = {
  instanceCaFile: file().describe("Certificates of whoever signed instances', PEM; default: the authorities that Node knows."),
  instanceCertFile: file().describe("The gateway's own certificate for instances that ask for one, PEM."),
  instanceKeyFile: file().describe("The key of instanceCertFile, PEM."),
};

/** What instances of one service are shown. */
function services() {
  const error = "an object from service name to instanceCaFile, instanceCertFile, instanceKeyFile and accessToken";
  const service = z.strictObject(
    {
      ...instanceFiles,
      accessToken: secret().optional().describe("Sent with each call over TTHeader, as its ACL token."),
    },
    { error: "an object" },
  );
  return z.record(z.string(), service, { error }).default({});
}

/** The keys of the configuration as a file may hold them. `.meta({ secret: true })`: the value is never shown. */
export const configSchema = z.strictObject(
  {
    host: host().default("127.0.0.1").describe("Address of the public listener."),
    port: port().default(4200).describe("Port of the public listener; 0 picks a free one."),
    adminHost: host().default("127.0.0.1").describe("Address of the admin listener; other than loopback needs adminKey."),
    adminPort: port().default(4201).describe("Port of the admin listener; 0 picks a free one."),
    adminKey: secret()
      .optional()
      .meta({ secret: true })
      .describe("Key of the admin listener; needed where it is not on loopback."),
    dataDir: z
      .string({ error: "a directory's path" })
      .min(1, { error: "a directory's path" })
      .default(".thriftgate")
      .describe("Where the embedded store and registry keep their files, and the last snapshot of another store."),
    store: store().describe(
      'Where services are kept: "embedded", or in MongoDB: "mongodb://host:port", with all that its driver understands.',
    ),
    storeDatabase: databaseName()
      .optional()
      .describe('The database in MongoDB; default: the one in the address of the store, else "thriftgate".'),
    originalCollection: collectionName()
      .default("admin_services")
      .describe("The collection of that database from which services of the original gateway are taken over, once."),
    registry: registry().describe(
      'Where instances are kept: "embedded", or in Consul: "consul://host:port", several agents with commas between them; "consul+tls://host:port" with TLS.',
    ),
    consulToken: secret().optional().meta({ secret: true }).describe("ACL token for Consul."),
    consulCaFile: file().describe("Certificates of whoever signed Consul's, PEM; default: the authorities that Node knows."),
    consulCertFile: file().describe("The gateway's own certificate for Consul, PEM."),
    consulKeyFile: file().describe("The key of consulCertFile, PEM."),
    consulServerName: host()
      .optional()
      .describe("The name in Consul's certificate, where it is not the agent's address: \"server.dc1.consul\"."),
    proxySecret: secret()
      .optional()
      .meta({ secret: true })
      .describe("What registry proxies know a gateway by; the same as theirs."),
    workers: workers(),
    httpFront: z
      .enum(["net", "node"], { error: '"net" or "node"' })
      .default("net")
      .describe(
        'What reads calls from callers: "net", the gateway\'s own front for the common form of a request, with node:http behind it for all others; "node", node:http alone.',
      ),
    logLevel: z
      .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
        error: "one of trace, debug, info, warn, error, fatal, silent",
      })
      .default("info")
      .describe("The least severe log line that is written."),
    accessLogSampling: ratio().default(0.01).describe("Share of successful calls that get an access line; errors always do."),
    registration: z
      .enum(["open", "token"], { error: '"open" or "token"' })
      .optional()
      .describe(
        'Who may register: "open", anyone, the default while the public listener is on loopback; "token", who has registrationToken.',
      ),
    registrationToken: secret().optional().meta({ secret: true }).describe('The token, where registration is "token".'),
    masterKey: secret()
      .optional()
      .meta({ secret: true })
      .describe("A key that may act for any owner; generated and printed at the first start where none is given."),
    enforceRegisteredServers: flag()
      .default(false)
      .describe("Only addresses in a service's RegisteredServers may connect, where it has any."),
    allowLoopbackInstances: flag()
      .optional()
      .describe("Instances may be on loopback; the default while the public listener is on loopback."),
    instanceNetworks: z
      .array(network(), { error: 'a list of networks like "10.0.0.0/8"' })
      .default([])
      .describe("Networks that instances must be in; empty: all that are not forbidden."),
    ...instanceFiles,
    services: services()
      .meta({ secret: true })
      .describe("By service name: these files, where they differ for its instances, and the accessToken that they are sent."),
    timeToLiveSeconds: wholeNumber(1, 86_400).default(45).describe("An instance without a beat for so long is critical."),
    timeToDieSeconds: wholeNumber(1, 604_800).default(90).describe("An instance critical for so long is removed."),
    drainMs: wholeNumber(0, 3_600_000)
      .default(10_000)
      .describe("How long calls under way may take to finish when the gateway stops."),
    limits: limitsSchema.prefault({}).describe("Bounds."),
  },
  { error: "an object" },
);

export type RawConfig = z.output<typeof configSchema>;
