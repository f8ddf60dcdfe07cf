import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CodecOptions, createServiceCodec, type DecodedReply, type MethodCodec } from "../../../thrift/src/compile/codec.ts";
import { createCallFormat } from "../../../thrift/src/wire/create-call-format.ts";
import { createMessageReader } from "../../../thrift/src/wire/create-message-reader.ts";
import { type MessageHeader, readMessageHeader } from "../../../thrift/src/wire/message.ts";
import type { OnMessage } from "../../../thrift/src/wire/message-reader.ts";
import { arbitraryCall, type SchemaAndMethod } from "../../support/arbitrary-schema.ts";
import { oracleDecode, oracleEncode, resultOf } from "../../support/oracle-codec.ts";
import { canonicalJson, parseJsonTree } from "../../support/oracle-json.ts";
import { frame } from "../../support/thrift-bytes.ts";

const readerOptions = { maxMessageBytes: 16_384_000, maxDepth: 64 };
const dialects = (["framed", "buffered", "header", "ttheader"] as const).flatMap((transport) =>
  (["binary", "compact"] as const).map((protocol) => ({ transport, protocol })),
);
const someOptions = fc.record({
  i64: fc.constantFrom("number" as const, "string" as const),
  enums: fc.constantFrom("number" as const, "name" as const),
});

function codecOf({ schema, method }: SchemaAndMethod, options?: Partial<CodecOptions>): MethodCodec {
  return createServiceCodec(schema, schema.services[0]!.name, options).method(method.name)!;
}

function canonical(json: Uint8Array | string): string {
  const text = typeof json === "string" ? json : new TextDecoder("utf-8", { fatal: true }).decode(json);
  return canonicalJson(parseJsonTree(text));
}

function readable(reply: DecodedReply) {
  return { ...reply, json: canonical(reply.json) };
}

/** What a server answers that returns its only argument: field 1 of the arguments is field 0 of the result. */
function echo(call: Uint8Array): Uint8Array {
  const reply = call.slice();
  const { bodyOffset } = readMessageHeader(reply, 0, reply.length);
  reply[3] = 2;
  reply.set([0, 0], bodyOffset + 1);
  return reply;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const bounds = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return bounds.slice(1).map((end, i) => bytes.slice(bounds[i], end));
}

describe("what goes in comes out", () => {
  it("decode(encode(json)) is the same JSON", () => {
    fc.assert(
      fc.property(arbitraryCall, ({ schema, method, json }) => {
        const codec = codecOf({ schema, method });
        const reply = echo(codec.encodeJson(Buffer.from(json)).bytes);
        const { bodyOffset, name } = readMessageHeader(reply, 0, reply.length);
        expect(name).toBe(method.name);
        expect(canonical(codec.decodeResult(reply, bodyOffset, reply.length).json)).toBe(canonical(json));
      }),
      { numRuns: 150 },
    );
  });

  it("replies decode as the oracle decodes them, whatever the options", () => {
    fc.assert(
      fc.property(arbitraryCall, someOptions, ({ schema, method, json }, options) => {
        const result = resultOf(oracleEncode(schema, method, json).fields[0]![1]);
        const reply = codecOf({ schema, method }, options).decodeResult(result, 0, result.length);
        expect(readable(reply)).toEqual(oracleDecode(schema, method, result, options));
      }),
      { numRuns: 150 },
    );
  });

  it.each(dialects)("$transport $protocol replies are the same in any chunks", (dialect) => {
    const format = createCallFormat(dialect) ?? ((bytes) => (dialect.transport === "framed" ? frame(bytes) : bytes));
    const places = fc.array(fc.nat(), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(arbitraryCall, { minLength: 1, maxLength: 2 }), places, (calls, cuts) => {
        const codecs = calls.map((call) => codecOf(call));
        const stream = Buffer.concat(calls.map(({ json }, i) => format(echo(codecs[i]!.encodeJson(Buffer.from(json)).bytes), 0)));
        const received: { header: MessageHeader; json: string }[] = [];
        const take: OnMessage = (bytes, offset, end) => {
          const header = readMessageHeader(bytes, offset, end);
          const { json } = codecs[received.length]!.decodeResult(bytes, header.bodyOffset, end);
          received.push({ header, json: canonical(json) });
        };
        const reader = createMessageReader(dialect, take, readerOptions);
        for (const chunk of cut(stream, cuts)) {
          reader.push(chunk);
          chunk.fill(0xff);
        }
        expect(received.map(({ json }) => json)).toEqual(calls.map(({ json }) => canonical(json)));
      }),
      { numRuns: 60 },
    );
  });
});
