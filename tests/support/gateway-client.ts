import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** An answer with its text as it came, and parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
  readonly headers: Headers;
}

export async function request(url: string, init: RequestInit & { json?: unknown } = {}): Promise<Answer> {
  const { json, ...rest } = init;
  const withBody =
    json === undefined
      ? rest
      : { ...rest, body: JSON.stringify(json), headers: { "content-type": "application/json", ...rest.headers } };
  const response = await fetch(url, withBody);
  const text = await response.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  return { status: response.status, text, json: parsed, headers: response.headers };
}

const folders = [resolve(import.meta.dirname, "idl"), resolve(import.meta.dirname, "../../idl")];

/** The text of a test's or a sample's IDL. */
export function idlText(file: string): string {
  for (const folder of folders) {
    try {
      return readFileSync(join(folder, file), "utf8");
    } catch {}
  }
  throw new Error(`no ${file}`);
}

export interface TestService {
  readonly name: string;
  readonly idl: string;
  /** Methods, each at the path of its name, or `{ path: method }`. */
  readonly paths: readonly string[] | Readonly<Record<string, string>>;
}

/** A service as /register and /update take it. */
export function serviceBody({ name, idl, paths }: TestService): Record<string, unknown> {
  const pairs = Array.isArray(paths) ? paths.map((method) => [method, method]) : Object.entries(paths);
  return {
    ServiceId: "1",
    ServiceName: name,
    IdlContent: idl,
    Paths: pairs.map(([MethodPath, ExposedMethod]) => ({ MethodPath, ExposedMethod })),
  };
}

/** Registers an owner and resolves to its key. */
export async function register(url: string, ownerId: string, services: readonly TestService[]): Promise<string> {
  const answer = await request(`${url}/register`, {
    method: "POST",
    json: [{ OwnerName: ownerId, OwnerId: ownerId, Services: services.map(serviceBody) }],
  });
  if (answer.status !== 200) throw new Error(`/register: ${answer.status} ${answer.text}`);
  return answer.json["API-Key"];
}

/** Joins an instance on this machine and resolves to its ServerID. */
export async function connect(
  url: string,
  apiKey: string,
  service: string,
  port: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const answer = await request(`${url}/connect`, {
    method: "POST",
    json: { ApiKey: apiKey, ServiceName: service, ServerAddress: "127.0.0.1", ServerPort: String(port), ...more },
  });
  if (answer.status !== 200) throw new Error(`/connect: ${answer.status} ${answer.text}`);
  return answer.json.ServerID;
}
