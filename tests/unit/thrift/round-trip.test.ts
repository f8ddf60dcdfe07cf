import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CodecOptions } from "../../../thrift/src/compile/codec.ts";
import { compileDecoder } from "../../../thrift/src/compile/decode.ts";
import { arbitraryCall, type SchemaAndMethod } from "../../support/arbitrary-schema.ts";
import { oracleDecode, oracleEncode, resultOf } from "../../support/oracle-codec.ts";
import { canonicalJson, parseJsonTree } from "../../support/oracle-json.ts";

const options: CodecOptions = {
  i64: "number",
  enums: "number",
  unknownFields: "ignore",
  lenient: false,
  maxDepth: 64,
  maxCallBytes: 16_384_000,
  maxReplyJsonBytes: 33_554_432,
};

function decodeText({ schema, method }: SchemaAndMethod, result: Uint8Array, overrides?: Partial<CodecOptions>) {
  const reply = compileDecoder(schema, method, { ...options, ...overrides })(result, 0, result.length);
  return { ...reply, json: canonicalJson(parseJsonTree(new TextDecoder().decode(reply.json))) };
}

describe("round trip", () => {
  it("decodes what the oracle encoded to the JSON it came from", () => {
    fc.assert(
      fc.property(arbitraryCall, ({ schema, method, json }) => {
        const result = resultOf(oracleEncode(schema, method, json).fields[0]![1]);
        expect(decodeText({ schema, method }, result).json).toBe(canonicalJson(parseJsonTree(json)));
      }),
      { numRuns: 300 },
    );
  });

  it("decodes as the oracle does, whatever the options", () => {
    const choices = fc.record({
      i64: fc.constantFrom("number" as const, "string" as const),
      enums: fc.constantFrom("number" as const, "name" as const),
    });
    fc.assert(
      fc.property(arbitraryCall, choices, ({ schema, method, json }, chosen) => {
        const result = resultOf(oracleEncode(schema, method, json).fields[0]![1]);
        expect(decodeText({ schema, method }, result, chosen)).toEqual(oracleDecode(schema, method, result, chosen));
      }),
      { numRuns: 200 },
    );
  });
});
