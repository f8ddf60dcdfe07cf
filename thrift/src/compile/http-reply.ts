import type { FieldTarget } from "../json/field-mapping.ts";
import { type Member, membersOf } from "../json/members.ts";
import { isScalar } from "../schema/scalar-type.ts";
import { ReplyFault } from "../wire/reply-fault.ts";
import type { HttpBindings, TargetedField } from "./http-bindings.ts";

/** A reply's parts, for an answer. Header values are latin1 that carries UTF-8, as `node:http` writes it. */
export interface HttpReply {
  /** `undefined`: the usual one. */
  readonly status: number | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** `undefined`: it is JSON. */
  readonly contentType: string | undefined;
}

/**
 * What takes the fields with a place of their own out of a result's JSON.
 * @throws {ReplyFault} a value that its place can't hold
 */
export function createReplySplitter({ targets }: HttpBindings): ((json: Uint8Array) => HttpReply) | undefined {
  if (targets.length === 0) return undefined;
  const byName = new Map(targets.map((field) => [field.jsonName, field]));
  return (json) => {
    const headers: [string, string][] = [];
    const kept: Member[] = [];
    let status: number | undefined;
    let raw: Buffer | undefined;
    let contentType: string | undefined;
    for (const member of membersOf(json) ?? []) {
      const field = byName.get(member.key);
      if (field === undefined) {
        kept.push(member);
        continue;
      }
      const text = Buffer.from(json.buffer, json.byteOffset + member.value, member.end - member.value).toString();
      const { target } = field;
      if (target.kind === "http_code") status = statusOf(text);
      else if (target.kind === "raw_body") {
        const isBinary = field.field.type.kind === "binary";
        raw = Buffer.from(plainText(text), isBinary ? "base64" : "utf8");
        contentType = isBinary ? "application/octet-stream" : "text/plain; charset=utf-8";
      } else headers.push(headerOf(target, valueText(field, text)));
    }
    return { status, headers, body: raw ?? objectOf(json, kept), contentType };
  };
}

function statusOf(text: string): number {
  const status = Number(plainText(text));
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new ReplyFault("MALFORMED", "the status that the service wants is none, or none of an answer");
}

/** A list is separated by commas; what else is no scalar stays JSON. */
function valueText({ field: { type } }: TargetedField, json: string): string {
  if (isScalar(type)) return plainText(json);
  const isList = (type.kind === "list" || type.kind === "set") && isScalar(type.element);
  return isList ? [...json.matchAll(scalars)].map(([element]) => plainText(element)).join() : json;
}

const scalars = /"(?:[^"\\]|\\.)*"|[^,[\]]+/g;

/** Numbers as they stand, since JavaScript's are not exact. */
function plainText(json: string): string {
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

/** RFC 9110, section 5.5. A line break would begin a header of the instance's own. */
const noHeaderText = /(?!\t)\p{Cc}/u;

function headerOf(target: Extract<FieldTarget, { name: string }>, text: string): [name: string, value: string] {
  if (target.kind === "cookie") return ["set-cookie", `${target.name}=${encodeURIComponent(text)}`];
  if (noHeaderText.test(text)) throw new ReplyFault("MALFORMED", "a header's value holds control characters");
  return [target.name, Buffer.from(text).toString("latin1")];
}

function objectOf(json: Uint8Array, members: readonly Member[]): Uint8Array {
  const parts = members.map(({ start, end }) => Buffer.from(json.subarray(start, end)).toString("latin1"));
  return Buffer.from(`{${parts.join()}}`, "latin1");
}
