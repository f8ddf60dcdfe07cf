import { z } from "zod";

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1000;

/** Node's own default; a longer head is an attack, or a cookie jar gone wrong. */
const MAX_HEADER_BYTES = 16 * KIB;
/** Browsers and proxies together send about 40. */
const MAX_HEADERS = 200;
/** A call's arguments; files belong elsewhere. With 1,000 callers at once it still fits a machine. */
const MAX_CALL_BODY_BYTES = 4 * MIB;
/** An owner with a hundred services and their IDL. */
const MAX_REGISTRATION_BODY_BYTES = 16 * MIB;
/** What Thrift's own implementations take at most; deeper data is built to exhaust a stack. */
const MAX_DEPTH = 64;
/** Thrift's default everywhere (16,384,000, not 16 MiB): a server never sends more. */
const MAX_FRAME_BYTES = 16_384_000;
/** A full frame grows about twofold when its numbers and base64 are written as JSON. */
const MAX_REPLY_JSON_BYTES = 32 * MIB;
/** The longest real IDL that we met, includes counted, has a quarter of it. */
const MAX_IDL_BYTES = 1 * MIB;
/** Bounds what one registration may cost in memory; the largest real IDL that we met has 900. */
const MAX_TYPES = 2_000;
/** Arguments of one call: every field of a large struct, and lists beside. */
const MAX_QUERY_ARGUMENTS = 200;
/** Well below the usual limit of open files, which instances need too. */
const MAX_CONNECTIONS = 10_000;
/** 0, no bound: a caller that keeps its connection costs nothing by it. */
const MAX_REQUESTS_PER_SOCKET = 0;
const MAX_SERVICES_PER_OWNER = 100;
/** Bounds what one owner's key can do to the snapshot. */
const MAX_INSTANCES_PER_SERVICE = 1_000;
/** From one address: each one costs a compiler run, and needs no key. */
const REGISTRATIONS_PER_MINUTE = 100;
/** A slow head holds a connection; nobody honest needs longer. */
const HEADERS_TIMEOUT_MS = 10 * SECOND;
/** The whole request: 4 MiB on a slow mobile line. */
const REQUEST_TIMEOUT_MS = 60 * SECOND;
/** Longer than the 60 s after which load balancers give an idle connection up, so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 65 * SECOND;
/** Instances are near; one that does not answer a SYN for so long is gone, and another may do it. */
const CONNECT_TIMEOUT_MS = 500;
/** Longer than any interactive caller waits. */
const CALL_DEADLINE_MS = 5 * SECOND;
/** More at once only wait inside the instance, where they can't be given to another. */
const MAX_IN_FLIGHT_PER_INSTANCE = 64;
/** A burst of a second or so; beyond it, callers wait in vain. */
const MAX_WAITING_PER_SERVICE = 1_024;
/** Many servers keep a thread for each. */
const MAX_CONNECTIONS_PER_INSTANCE = 4;
/** Depth pays up to here; deeper, one slow call holds up more (docs/request-path.md). */
const PIPELINE_DEPTH = 16;
/** Retries add at most a fifth to the load on a service that is in trouble already. */
const RETRY_BUDGET_RATIO = 0.2;

/** `expected` is what a fault says, so it names the whole range. */
export function wholeNumber(from: number, to: number) {
  const error = `a whole number from ${from} to ${to}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
}

export function ratio() {
  const error = "a number from 0 to 1";
  return z.number({ error }).min(0, { error }).max(1, { error });
}

const bytes = () => wholeNumber(1 * KIB, 1024 * MIB);
const count = () => wholeNumber(1, 1_000_000);
const milliseconds = () => wholeNumber(1, 3_600_000);

export const limitsSchema = z.strictObject(
  {
    maxHeaderBytes: wholeNumber(1 * KIB, 1 * MIB)
      .default(MAX_HEADER_BYTES)
      .describe("Head of a request; more: 431."),
    maxHeaders: wholeNumber(10, 10_000).default(MAX_HEADERS).describe("Header fields of a request; more: 431."),
    maxCallBodyBytes: bytes().default(MAX_CALL_BODY_BYTES).describe("Body of a call; more: 413."),
    maxRegistrationBodyBytes: bytes().default(MAX_REGISTRATION_BODY_BYTES).describe("Body of /register and /update; more: 413."),
    maxDepth: wholeNumber(1, 256).default(MAX_DEPTH).describe("Nesting of JSON and of Thrift values."),
    maxFrameBytes: bytes().default(MAX_FRAME_BYTES).describe("One Thrift message, either way."),
    maxReplyJsonBytes: bytes().default(MAX_REPLY_JSON_BYTES).describe("A reply written as JSON; more: 502."),
    maxIdlBytes: bytes().default(MAX_IDL_BYTES).describe("IDL of one service, its includes counted; more: 413."),
    maxTypes: wholeNumber(1, 100_000).default(MAX_TYPES).describe("Types that one service's IDL declares."),
    maxQueryArguments: wholeNumber(1, 100_000)
      .default(MAX_QUERY_ARGUMENTS)
      .describe("Arguments in one call's query, and fields in its form."),
    maxConnections: count().default(MAX_CONNECTIONS).describe("Open connections of callers to a listener."),
    maxRequestsPerSocket: wholeNumber(0, 1_000_000_000)
      .default(MAX_REQUESTS_PER_SOCKET)
      .describe("Requests on one connection before it is closed; 0: no bound."),
    maxServicesPerOwner: count().default(MAX_SERVICES_PER_OWNER).describe("Services of one owner."),
    maxInstancesPerService: count().default(MAX_INSTANCES_PER_SERVICE).describe("Instances of one service; more: 429."),
    registrationsPerMinute: count()
      .default(REGISTRATIONS_PER_MINUTE)
      .describe("Registrations a minute from one address; more: 429."),
    headersTimeoutMs: milliseconds().default(HEADERS_TIMEOUT_MS).describe("For the head of a request to arrive; longer: 408."),
    requestTimeoutMs: milliseconds().default(REQUEST_TIMEOUT_MS).describe("For a whole request to arrive; longer: 408."),
    keepAliveTimeoutMs: milliseconds()
      .default(KEEP_ALIVE_TIMEOUT_MS)
      .describe("How long a connection may be idle between two requests."),
    connectTimeoutMs: milliseconds().default(CONNECT_TIMEOUT_MS).describe("For a connection to an instance to open."),
    callDeadlineMs: milliseconds()
      .default(CALL_DEADLINE_MS)
      .describe("For a whole call, waiting and retries included; longer: 504."),
    maxInFlightPerInstance: count().default(MAX_IN_FLIGHT_PER_INSTANCE).describe("Calls under way at one instance."),
    maxWaitingPerService: wholeNumber(0, 1_000_000)
      .default(MAX_WAITING_PER_SERVICE)
      .describe("Calls that wait in order while all instances are full; more: 503."),
    maxConnectionsPerInstance: wholeNumber(1, 1_000)
      .default(MAX_CONNECTIONS_PER_INSTANCE)
      .describe("Connections to one instance."),
    pipelineDepth: wholeNumber(1, 10_000).default(PIPELINE_DEPTH).describe("Calls under way on one connection."),
    retryBudgetRatio: ratio().default(RETRY_BUDGET_RATIO).describe("Retries, as a share of a service's calls."),
  },
  { error: "an object" },
);
