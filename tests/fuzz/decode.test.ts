import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CodecOptions, createServiceCodec } from "../../thrift/src/compile/codec.ts";
import { createCallFormat } from "../../thrift/src/wire/create-call-format.ts";
import { createMessageReader } from "../../thrift/src/wire/create-message-reader.ts";
import { readApplicationException, readMessageHeader } from "../../thrift/src/wire/message.ts";
import type { OnMessage } from "../../thrift/src/wire/message-reader.ts";
import { ReplyFault } from "../../thrift/src/wire/reply-fault.ts";
import { arbitraryCall, type SchemaAndMethod } from "../support/arbitrary-schema.ts";
import { arbitraryMutation, mutate } from "../support/byte-mutation.ts";
import { fuzzProperty, fuzzSeed, fuzzTimeout } from "../support/fuzz.ts";
import { OracleFault, oracleDecode, oracleEncode, resultOf } from "../support/oracle-codec.ts";
import { canonicalJson, parseJsonTree } from "../support/oracle-json.ts";

const mutationsPerReply = 20;

function decoded({ schema, method }: SchemaAndMethod, bytes: Uint8Array, options: Partial<CodecOptions>): unknown {
  const codec = createServiceCodec(schema, "Echo", options).method(method.name)!;
  try {
    const reply = codec.decodeResult(bytes, 0, bytes.length);
    expect(reply.json.length).toBeLessThanOrEqual(options.maxReplyJsonBytes ?? 33_554_432);
    return { ...reply, json: canonicalJson(parseJsonTree(new TextDecoder("utf-8", { fatal: true }).decode(reply.json))) };
  } catch (error) {
    if (error instanceof ReplyFault) return "refused";
    throw error;
  }
}

function expected({ schema, method }: SchemaAndMethod, bytes: Uint8Array): unknown {
  try {
    return oracleDecode(schema, method, bytes);
  } catch (error) {
    if (error instanceof OracleFault) return "refused";
    throw error;
  }
}

function onlyReplyFaults(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ReplyFault)) throw error;
  }
}

const dialects = (["framed", "buffered", "header", "ttheader"] as const).flatMap((transport) =>
  (["binary", "compact"] as const).map((protocol) => ({ transport, protocol })),
);

describe.concurrent(`mutated replies, seed ${fuzzSeed}`, { timeout: fuzzTimeout }, () => {
  const mutations = fc.array(arbitraryMutation, { minLength: mutationsPerReply, maxLength: mutationsPerReply });

  it("are refused, or are what the oracle reads in them", async () => {
    await fuzzProperty(
      fc.property(arbitraryCall, mutations, ({ schema, method, json }, all) => {
        const result = resultOf(oracleEncode(schema, method, json).fields[0]![1]);
        for (const mutation of all) {
          const bytes = mutate(result, mutation);
          expect(decoded({ schema, method }, bytes, {}), bytes.toString()).toEqual(expected({ schema, method }, bytes));
        }
      }),
    );
  });

  it("never make more JSON than the bound allows", async () => {
    await fuzzProperty(
      fc.property(arbitraryCall, mutations, fc.nat(200), ({ schema, method, json }, all, maxReplyJsonBytes) => {
        const result = resultOf(oracleEncode(schema, method, json).fields[0]![1]);
        for (const mutation of all) decoded({ schema, method }, mutate(result, mutation), { maxReplyJsonBytes });
      }),
    );
  });

  it("leave readers and headers with reply faults alone", async () => {
    const options = { maxMessageBytes: 10_000, maxDepth: 16 };
    await fuzzProperty(
      fc.property(arbitraryCall, mutations, ({ schema, method, json }, all) => {
        const call = createServiceCodec(schema, "Echo").method(method.name)!.encodeJson(Buffer.from(json)).bytes;
        for (const mutation of all) {
          for (const dialect of dialects) {
            const bytes = mutate(createCallFormat(dialect)?.(call, 1) ?? call, mutation);
            onlyReplyFaults(() => {
              const onMessage: OnMessage = (message, offset, end) => {
                const { bodyOffset } = readMessageHeader(message, offset, end);
                readApplicationException(message, bodyOffset, end);
              };
              const reader = createMessageReader(dialect, onMessage, options);
              for (let at = 0; at < bytes.length; at += 7) reader.push(bytes.subarray(at, at + 7));
            });
          }
        }
      }),
    );
  });
});
