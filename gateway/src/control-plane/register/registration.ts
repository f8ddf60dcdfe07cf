import { GatewayError } from "../../core/errors.ts";
import { nearestNames } from "../../core/nearest-names.ts";
import { Fields, invalidField, pointerPart, quote } from "../fields.ts";
import { PROXY_SERVICE } from "../proxy/proxy-idl.ts";
import { isReservedName } from "../reserved-names.ts";
import type { ServiceDefinition } from "../store/store.ts";
import { pickMainFile } from "./main-file.ts";
import type { IdlUploads } from "./registration-body.ts";
import { parseServerUrl } from "./server-url.ts";
import { parseOptions } from "./service-options.ts";

/** A service as its owner wrote it: checked by itself, its IDL not linked yet. */
export interface RequestedService {
  readonly name: string;
  /** JSON pointer to it in the body. */
  readonly pointer: string;
  /** `false`: it came as IdlFiles. */
  readonly hasIdlContent: boolean;
  readonly definition: ServiceDefinition;
}

export interface RegistrationLimits {
  readonly maxServicesPerOwner: number;
  readonly maxIdlBytes: number;
}

/** Owner and service names are shown in lists, logs and metrics. */
export const NAME_LENGTH = 128;
const VERSION_LENGTH = 64;
const DESCRIPTION_LENGTH = 4_096;
const URL_LENGTH = 2_048;
const FILE_NAME_LENGTH = 255;
const MAX_IDL_FILES = 500;
const MAX_PATHS_PER_SERVICE = 500;
const MAX_REGISTERED_SERVERS = 1_000;
const MAX_SERVER_COUNT = 1_000_000;

const noUploads: IdlUploads = new Map();

const OWNER_FIELDS = ["OwnerName", "OwnerId", "Services", "ApiKey"];
const SERVICE_FIELDS = [
  "ServiceId",
  "ServiceName",
  "IdlContent",
  "IdlFiles",
  "Version",
  "ServiceDescription",
  "ServerCount",
  "Paths",
  "RegisteredServers",
  "Options",
];

/** One segment of a URL that needs no escaping, and is no relative path. */
const SERVICE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const PATH_SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9_.~-]+$/;

/**
 * The one owner of a registration: a JSON array, as the original took it.
 * @throws {GatewayError} INVALID_BODY
 */
export function parseOwner(body: unknown): Fields {
  if (!Array.isArray(body)) throw invalidBody("", "An array of one owner is expected.");
  if (body.length === 0) throw invalidBody("", "The array is empty; one owner is expected.");
  if (body.length > 1) throw invalidBody("/1", "One owner at a time.");
  return new Fields(body[0], "/0", OWNER_FIELDS);
}

/** Absent: `undefined`. The original asks that registry proxies be registered, so /register leaves those out instead of refusing them. */
export function parseServices(
  owner: Fields,
  limits: RegistrationLimits,
  { uploads = noUploads, leaveOutProxy = false }: { readonly uploads?: IdlUploads; readonly leaveOutProxy?: boolean } = {},
): RequestedService[] | undefined {
  const list = owner.list("Services", limits.maxServicesPerOwner);
  if (!list) return undefined;
  const services = list.flatMap((value, index) => {
    const pointer = `${owner.place("Services")}/${index}`;
    const fields = new Fields(value, pointer, SERVICE_FIELDS);
    return leaveOutProxy && fields.raw("ServiceName") === PROXY_SERVICE ? [] : [parseService(fields, pointer, limits, uploads)];
  });
  const names = new Set<string>();
  for (const { name, pointer } of services) {
    if (names.has(name)) throw invalidField(`${pointer}/ServiceName`, `The service ${quote(name)} is there twice.`);
    names.add(name);
  }
  for (const name of uploads.keys()) {
    if (names.has(name) || (leaveOutProxy && name === PROXY_SERVICE)) continue;
    throw invalidField(
      owner.place("Services"),
      `A part of the form holds a file of the service ${quote(name)}, which is not among Services.`,
      nearestNames(name, names),
    );
  }
  return services;
}

function parseService(fields: Fields, pointer: string, limits: RegistrationLimits, uploads: IdlUploads): RequestedService {
  const name = parseServiceName(fields);
  const uploaded = uploads.get(name);
  if (uploaded) fields.add("IdlFiles", Object.fromEntries(uploaded));
  const files = parseIdl(fields, name, limits.maxIdlBytes);
  const options = parseOptions(fields);
  const definition: ServiceDefinition = {
    serviceId: fields.optionalText("ServiceId", { maxLength: NAME_LENGTH }),
    idlFiles: files,
    mainFile: pickMainFile(files, name, fields.place("IdlFiles")),
    version: fields.optionalText("Version", { maxLength: VERSION_LENGTH }),
    description: fields.optionalText("ServiceDescription", { maxLength: DESCRIPTION_LENGTH, multiline: true }),
    serverCount: fields.integer("ServerCount", 0, MAX_SERVER_COUNT, 0),
    paths: parsePaths(fields),
    registeredServers: parseRegisteredServers(fields),
    ...(options && { options }),
  };
  return { name, pointer, hasIdlContent: fields.raw("IdlContent") !== undefined, definition };
}

function parseServiceName(fields: Fields): string {
  const name = fields.text("ServiceName", { maxLength: NAME_LENGTH });
  if (!SERVICE_NAME.test(name)) {
    throw invalidField(
      fields.place("ServiceName"),
      'ServiceName becomes part of a URL: letters, digits, "_", "-" and "." are allowed, the first one a letter, a digit or "_".',
    );
  }
  if (isReservedName(name)) {
    throw new GatewayError("RESERVED_NAME", `The name ${quote(name)} is the gateway's own.`, {
      members: { pointer: fields.place("ServiceName") },
    });
  }
  return name;
}

function parseIdl(fields: Fields, serviceName: string, maxBytes: number): Readonly<Record<string, string>> {
  const anyLength = { maxLength: Number.MAX_SAFE_INTEGER, multiline: true };
  const files = fields.textMap("IdlFiles", MAX_IDL_FILES, { maxLength: FILE_NAME_LENGTH }, anyLength);
  const hasContent = fields.raw("IdlContent") !== undefined;
  if (hasContent === (files !== undefined)) {
    throw invalidField(
      fields.place(hasContent ? "IdlFiles" : "IdlContent"),
      "A service has either IdlContent, the text of its IDL, or IdlFiles, an object from file name to text, or files in a multipart form.",
    );
  }
  const entries = files ?? [[`${serviceName}.thrift`, fields.optionalText("IdlContent", anyLength)] as const];
  const place = fields.place(files ? "IdlFiles" : "IdlContent");
  if (entries.length === 0) throw invalidField(place, "IdlFiles is empty.");
  const bytes = entries.reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0);
  if (bytes > maxBytes) {
    throw new GatewayError("IDL_TOO_LARGE", `The IDL of a service may have ${maxBytes} bytes at most, all files together.`, {
      members: { pointer: place, service: serviceName },
    });
  }
  // fromEntries defines properties, so that a file named "__proto__" is one like any other.
  return Object.fromEntries(entries);
}

function parsePaths(fields: Fields): ServiceDefinition["paths"] {
  const seen = new Set<string>();
  return (fields.list("Paths", MAX_PATHS_PER_SERVICE) ?? []).map((value, index) => {
    const path = new Fields(value, `${fields.place("Paths")}/${index}`, ["ExposedMethod", "MethodPath"]);
    const methodPath = path.text("MethodPath", { maxLength: NAME_LENGTH });
    if (!PATH_SEGMENT.test(methodPath)) {
      throw invalidField(
        path.place("MethodPath"),
        'MethodPath is one segment of a URL: letters, digits, "_", "-", "." and "~" are allowed, without a slash.',
      );
    }
    if (seen.has(methodPath)) {
      throw new GatewayError("INVALID_ROUTE", `The path ${quote(methodPath)} is there twice.`, {
        members: { pointer: path.place("MethodPath") },
      });
    }
    seen.add(methodPath);
    return { methodPath, exposedMethod: path.text("ExposedMethod", { maxLength: NAME_LENGTH }) };
  });
}

function parseRegisteredServers(fields: Fields): ServiceDefinition["registeredServers"] {
  return (fields.list("RegisteredServers", MAX_REGISTERED_SERVERS) ?? []).map((value, index) => {
    const server = new Fields(value, `${fields.place("RegisteredServers")}/${index}`, ["ServerUrl", "Port"]);
    const serverUrl = server.text("ServerUrl", { maxLength: URL_LENGTH });
    if (!parseServerUrl(serverUrl)) {
      throw invalidField(
        server.place("ServerUrl"),
        'ServerUrl must be like "http://10.0.0.7:8000", or a host with or without a port.',
      );
    }
    return { serverUrl, port: server.integer("Port", 0, 65_535, 0) };
  });
}

function invalidBody(pointer: string, detail: string): GatewayError {
  return new GatewayError("INVALID_BODY", detail, { members: { pointer } });
}

/** Of these services one bears a name that another owner has. */
export function serviceTaken(services: readonly RequestedService[], takenName: string | undefined): GatewayError | undefined {
  const taken = services.find(({ name }) => name === takenName);
  return (
    taken &&
    new GatewayError("CONFLICT", `The service name ${taken.name} is taken.`, {
      members: { pointer: `${taken.pointer}/ServiceName`, service: taken.name },
    })
  );
}

/** Where a fault in one of a service's IDL files stands in the body. */
export function idlPointer({ pointer, hasIdlContent }: RequestedService, file: string): string {
  return hasIdlContent ? `${pointer}/IdlContent` : `${pointer}/IdlFiles/${pointerPart(file)}`;
}
