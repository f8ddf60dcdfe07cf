import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CodecOptions, createServiceCodec } from "../../../../thrift/src/compile/codec.ts";
import { RequestFault } from "../../../../thrift/src/json/request-fault.ts";
import { arbitraryCall, type SchemaAndMethod } from "../../../support/arbitrary-schema.ts";
import { OracleFault, oracleEncode } from "../../../support/oracle-codec.ts";
import { type JsonTree, parseJsonTree } from "../../../support/oracle-json.ts";
import { canonicalWire, readWireStruct } from "../../../support/oracle-wire.ts";

type Outcome = { readonly value: string } | { readonly refused: true };

/** Deep enough for any body: the oracle counts the arguments too when it reads. */
const wireDepth = 70;

function encoded({ schema, method }: SchemaAndMethod, json: string, options?: Partial<CodecOptions>): Outcome {
  try {
    const { bytes, seqidOffset } = createServiceCodec(schema, "Echo", options).method(method.name)!.encodeJson(Buffer.from(json));
    return { value: canonicalWire(readWireStruct(bytes.subarray(seqidOffset + 4), wireDepth)) };
  } catch (error) {
    if (error instanceof RequestFault) return { refused: true };
    throw error;
  }
}

function expected({ schema, method }: SchemaAndMethod, json: string, options?: Partial<CodecOptions>): Outcome {
  try {
    return { value: canonicalWire(oracleEncode(schema, method, json, options)) };
  } catch (error) {
    if (error instanceof OracleFault) return { refused: true };
    throw error;
  }
}

/** The same JSON in other words: keys in another order, characters escaped, whitespace in between. */
function respell(tree: JsonTree, random: () => number): string {
  const space = () => ["", "", " ", "\n\t", "\r\n  "][Math.floor(random() * 5)]!;
  switch (tree.kind) {
    case "null":
      return "null";
    case "bool":
      return String(tree.value);
    case "number":
      return tree.text;
    case "string":
      return spellString(tree.value, random);
    case "array":
      return `[${space()}${tree.elements.map((element) => `${space()}${respell(element, random)}${space()}`).join()}${space()}]`;
    case "object":
      return `{${space()}${tree.entries
        .map(([key, value]) => `${space()}${spellString(key, random)}${space()}:${space()}${respell(value, random)}${space()}`)
        .sort(() => random() - 0.5)
        .join()}${space()}}`;
  }
}

function spellString(text: string, random: () => number): string {
  let spelt = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const escaped = `\\u${unit.toString(16).padStart(4, "0")}`;
    const plain = JSON.stringify(text[i]).slice(1, -1);
    const isSurrogate = unit >= 0xd800 && unit < 0xe000;
    spelt +=
      random() < 0.2 ? (random() < 0.5 ? escaped : escaped.toUpperCase().replace("U", "u")) : isSurrogate ? text[i] : plain;
  }
  return `"${pairSurrogates(spelt)}"`;
}

/** A surrogate that was escaped beside one that was not: both are escaped. */
function pairSurrogates(text: string): string {
  return text.replaceAll(
    /(?:\\u[dD][89abAB][0-9a-fA-F]{2}|[\ud800-\udbff])(?:\\u[dD][c-fC-F][0-9a-fA-F]{2}|[\udc00-\udfff])/g,
    (pair) => {
      const units = pair.replaceAll(/\\u(....)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      return `\\u${units.charCodeAt(0).toString(16)}\\u${units.charCodeAt(1).toString(16)}`;
    },
  );
}

const fragments = [
  "",
  "null",
  "0",
  "-",
  "1.0",
  "1e2",
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "true",
  "{}",
  "[]",
  '""',
  '"a":',
  " ",
  "9",
  "x",
];

describe("encoding agrees with the oracle", () => {
  it("on bodies that fit", () => {
    fc.assert(
      fc.property(arbitraryCall, ({ json, ...call }) => {
        expect(encoded(call, json)).toEqual(expected(call, json));
      }),
      { numRuns: 200 },
    );
  });

  it("on how deep they nest", () => {
    fc.assert(
      fc.property(arbitraryCall, fc.integer({ min: 1, max: 5 }), ({ json, ...call }, maxDepth) => {
        expect(encoded(call, json, { maxDepth })).toEqual(expected(call, json, { maxDepth }));
      }),
      { numRuns: 100 },
    );
  });

  it("on the same JSON in other words", () => {
    fc.assert(
      fc.property(
        arbitraryCall,
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        ({ json, ...call }, stream) => {
          const spelt = respell(parseJsonTree(json), () => stream.next().value ?? 0);
          expect(encoded(call, spelt)).toEqual(expected(call, json));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("on bodies with a fault in them, or not", () => {
    const choices = fc.record({ unknownFields: fc.constantFrom("ignore" as const, "reject" as const) });
    const change = fc.record({ at: fc.nat(), cut: fc.nat(3), put: fc.constantFrom(...fragments) });
    fc.assert(
      fc.property(arbitraryCall, change, choices, ({ json, ...call }, { at, cut, put }, options) => {
        const start = at % json.length;
        const changed = json.slice(0, start) + put + json.slice(start + cut);
        fc.pre(!/\p{Surrogate}/u.test(changed) && !/\\u[dD][89a-fA-F]/.test(changed));
        expect(encoded(call, changed, options)).toEqual(expected(call, changed, options));
      }),
      { numRuns: 300 },
    );
  });
});
