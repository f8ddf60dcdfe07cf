import type { MongoClient } from "mongodb";
import { ConfigError } from "../../core/config-error.ts";
import { GatewayError } from "../../core/errors.ts";

/** Seen late, a server that hangs or comes back is late for everybody. */
const HEARTBEAT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 2_000;
const MAX_CONNECTIONS = 50;

/**
 * @throws {GatewayError} STORE_UNAVAILABLE when no server that takes writes answers
 * @throws {ConfigError} when the driver can't make anything of the URL
 * @throws {Error} for the operator, when the server refuses us
 */
export async function connectMongo(url: string, timeoutMs: number): Promise<MongoClient> {
  // Loaded only by those who use it.
  const driver = await import("mongodb");
  let client: MongoClient;
  try {
    client = new driver.MongoClient(url, {
      appName: "thriftgate",
      serverSelectionTimeoutMS: timeoutMs,
      connectTimeoutMS: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
      // What a hung server was asked is given up, so that its connection is free again.
      socketTimeoutMS: timeoutMs,
      waitQueueTimeoutMS: timeoutMs,
      heartbeatFrequencyMS: HEARTBEAT_MS,
      maxPoolSize: MAX_CONNECTIONS,
      readPreference: "primary",
      readConcern: { level: "majority" },
      writeConcern: { w: "majority", wtimeoutMS: timeoutMs },
    });
  } catch (cause) {
    const message = `the driver says: ${messageOf(cause)}; expected a MongoDB like "mongodb://10.0.0.1:27017"`;
    throw new ConfigError([{ path: "store", origin: undefined, message }]);
  }
  try {
    return await client.connect();
  } catch (cause) {
    await client.close();
    const isGone = cause instanceof driver.MongoServerSelectionError || cause instanceof driver.MongoNetworkError;
    if (isGone || isUnresolved(cause)) {
      throw new GatewayError("STORE_UNAVAILABLE", `The store can't be reached: ${messageOf(cause)}`, { cause });
    }
    throw new Error(`The store refuses the gateway: ${messageOf(cause)}`, { cause });
  }
}

/** The given one, else the one in the URL's path, else ours: the driver's own default is "test". */
export function databaseName({ url, dbName }: { readonly url: string; readonly dbName?: string | undefined }): string {
  const inUrl = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(url)?.[1];
  return dbName ?? (inUrl === undefined ? "thriftgate" : decodeURIComponent(inUrl));
}

/** The name in a mongodb+srv address. */
function isUnresolved(error: unknown): boolean {
  return /^query/.test((error as NodeJS.ErrnoException).syscall ?? "");
}

/** What the operator is told of a store that answers, but not as it has to. */
export function openingError(error: unknown): unknown {
  if (!(error instanceof GatewayError) || error.cause === undefined) return error;
  return new GatewayError(error.code, `The store can't be opened: ${messageOf(error.cause)}`, { cause: error.cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
