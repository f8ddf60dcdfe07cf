import type { MethodDescriptor } from "../schema/descriptors.ts";
import { ReplyFault, truncated } from "../wire/reply-fault.ts";
import { skip } from "../wire/skip.ts";
import { typeCodeOf } from "../wire/type-code.ts";
import type { DecodedReply } from "./codec.ts";
import { writesI64AsString } from "./decode-default.ts";
import { beginOutput, endOutput, writtenOutput } from "./decode-output.ts";
import type { Reader, Readers } from "./decode-readers.ts";

/** A member of the result struct: the value, or a declared exception. */
interface Outcome {
  readonly code: number;
  readonly reader: Reader;
  /** `undefined`: the value. */
  readonly exceptionName: string | undefined;
}

const voidJson = new TextEncoder().encode("null");

/**
 * The decoder of a method's result struct, for {@link MethodCodec.decodeResult}. Its code is generated when a type first
 * occurs in a reply. The result struct does not count as a level of nesting.
 */
export function compileDecoder(
  readers: Readers,
  method: MethodDescriptor,
): (message: Uint8Array, offset: number, end: number) => DecodedReply {
  const { maxDepth, maxReplyJsonBytes } = readers.options;
  const outcomes = outcomesOf(readers, method);

  return (message, offset, end) => {
    if (offset >= end) throw truncated();
    beginOutput(maxReplyJsonBytes);
    try {
      let found: Outcome | undefined;
      let foundId = 0;
      let at = offset;
      for (let code = message[at]!; code !== 0; code = message[at]!) {
        if (end - at < 5) throw truncated();
        const id = (message[at + 1]! << 8) | message[at + 2]!;
        at += 3;
        const outcome = outcomes.get(id);
        if (outcome === undefined || outcome.code !== code) {
          at = skip(message, at, end, code, maxDepth);
        } else {
          if (found !== undefined) throw new ReplyFault("MALFORMED", "the result holds several values or exceptions");
          at = outcome.reader.read(message, at, end, maxDepth);
          found = outcome;
          foundId = id;
        }
      }
      if (at + 1 !== end) throw new ReplyFault("MALFORMED", "bytes follow the result");
      if (found === undefined) {
        if (method.result === undefined) return { kind: "value", json: voidJson };
        throw new ReplyFault("MISSING_RESULT", "the result holds neither value nor exception");
      }
      const json = writtenOutput();
      if (found.exceptionName === undefined) return { kind: "value", json };
      return { kind: "exception", fieldId: (foundId << 16) >> 16, typeName: found.exceptionName, json };
    } finally {
      endOutput();
    }
  };
}

/** By field id, as its 16 bits. */
function outcomesOf(readers: Readers, method: MethodDescriptor): ReadonlyMap<number, Outcome> {
  const { schema, options } = readers;
  const outcomes = new Map<number, Outcome>();
  for (const { id, type, annotations } of method.exceptions) {
    outcomes.set(id & 0xffff, {
      code: typeCodeOf(type),
      reader: readers.of(type, writesI64AsString(annotations, options)),
      exceptionName: type.kind === "struct" ? schema.structs[type.index]!.name : type.kind,
    });
  }
  if (method.result !== undefined) {
    outcomes.set(0, {
      code: typeCodeOf(method.result),
      reader: readers.of(method.result, options.i64 === "string"),
      exceptionName: undefined,
    });
  }
  return outcomes;
}
