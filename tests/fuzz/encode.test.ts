import { describe, expect, it } from "vitest";
import { createServiceCodec, type MethodCodec } from "../../thrift/src/compile/codec.ts";
import { RequestFault } from "../../thrift/src/json/request-fault.ts";
import { assertStrictJson } from "../../thrift/src/json/strict-json.ts";
import { compileIdl } from "../../thrift/src/schema/compile-idl.ts";
import { breather, fuzzMs, fuzzSeed, fuzzTimeout } from "../support/fuzz.ts";
import { readWireStruct } from "../support/oracle-wire.ts";

const idl = `
  enum Side { BUY = 1, SELL = 2 }
  union Price { 1: double limit, 2: string market }
  struct Item {
    1: required string sku, 2: i32 count = 1, 3: optional Price price, 4: set<string> tags, 5: map<i64, double> levels,
    6: list<Item> parts, 7: binary blob, 8: uuid id
  }
  struct Order {
    1: required i64 id, 2: string customer, 3: Side side, 4: list<Item> items, 5: map<string, string> labels, 6: bool paid,
    7: map<list<i8>, set<double>> odd, 8: i16 small, 9: i8 tiny
  }
  service Orders { void place(1: Order order) }`;

const seeds = [
  '{"id":9223372036854775807,"customer":"Ad\u00e9le \\u20ac \u{1f600}","side":"SELL","items":[{"sku":"a","price":{"limit":1.5e3},"tags":["x","y"],"levels":{"1":0.1,"-5":"NaN"},"parts":[{"sku":"b","count":2}],"blob":"AAEC/w==","id":"00112233-4455-6677-8899-aabbccddeeff"}],"labels":{"k":"v","k2":"v2"},"paid":true,"odd":[[[1,2],[0.5,-0]]],"small":-32768,"tiny":127}',
  '{ "customer" : null , "id" : "12", "unknown": {"a": [1, {"b": null}], "c": "\\n"}, "items": [ ] }',
  "{}",
  '{"id":1e2,"items":[{"sku":"","parts":[{"sku":"x","parts":[{"sku":"y"}]}]}],"labels":[["a","b"]]}',
];

const fragments = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-",
  "1e400",
  "1.0",
  "9223372036854775808",
  '"',
  "\\",
  "\\u",
  "\\ud800",
  "\\u0000",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"id":1',
  '"id":',
  "[[[[[[[[",
  "{}",
  "[]",
  " ",
  "\n",
  "\u0000",
  "\ufeff",
  "\u00e9",
  "__proto__",
  "00",
  "e",
  ".",
].map((text) => Buffer.from(text));

/** A seeded generator (mulberry32), so that a failure can be repeated. */
function generator(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function mutate(text: Buffer, random: (below: number) => number): Buffer {
  let bytes = text;
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const rest = bytes.length - at;
    switch (random(5)) {
      case 0:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(random(256)), bytes.subarray(Math.min(bytes.length, at + 1))]);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), fragments[random(fragments.length)]!, bytes.subarray(at)]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(Math.min(rest, 20) + 1))]);
        break;
      case 3: {
        const piece = bytes.subarray(at, at + random(Math.min(rest, 60) + 1));
        const to = random(bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)]);
        break;
      }
      default:
        bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

function codecWith(options: Parameters<typeof createServiceCodec>[2]): MethodCodec {
  const result = compileIdl({ "orders.thrift": idl }, "orders.thrift");
  if (!result.ok) throw new Error(result.faults[0]!.message);
  return createServiceCodec(result.schema, "Orders", options).method("place")!;
}

/** Runs until the time is over; each text must give well-formed Thrift or a fault, and soon. */
async function fuzz(name: string, run: (text: Buffer) => void): Promise<void> {
  const random = generator(fuzzSeed);
  const end = performance.now() + fuzzMs;
  let text: Buffer = Buffer.alloc(0);
  let slowest = 0;
  for (let round = 0; round % 64 !== 0 || performance.now() < end; round++) {
    if (round % 64 === 0) await breather();
    text = mutate(Buffer.from(seeds[random(seeds.length)]!), random);
    const began = performance.now();
    try {
      run(text);
    } catch (error) {
      if (!(error instanceof RequestFault)) throw new Error(`${name}: ${text.toString("hex")}`, { cause: error });
      expect(error.pointer === "" || error.pointer.startsWith("/")).toBe(true);
    }
    slowest = Math.max(slowest, performance.now() - began);
  }
  expect(slowest).toBeLessThan(1_000);
}

describe.concurrent(`mutated JSON, seed ${fuzzSeed}`, { timeout: fuzzTimeout }, () => {
  it.each([
    ["as it is", {}],
    ["leniently", { lenient: true }],
    ["strictly", { unknownFields: "reject" as const, maxDepth: 4, maxCallBytes: 300 }],
  ])("is encoded %s, or refused", async (name, options) => {
    const codec = codecWith(options);
    const good = Buffer.from(codecWith({ maxDepth: 64 }).encodeJson(Buffer.from(seeds[0]!)).bytes).toString("hex");
    await fuzz(name, (text) => {
      const call = codec.encodeJson(text);
      readWireStruct(call.bytes.subarray(call.seqidOffset + 4), 70);
    });
    expect(Buffer.from(codecWith({ maxDepth: 64 }).encodeJson(Buffer.from(seeds[0]!)).bytes).toString("hex")).toBe(good);
  });

  it("is JSON for JSON.parse where it is strict JSON, and only there", async () => {
    await fuzz("strict", (text) => {
      let parses = true;
      try {
        JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text));
      } catch {
        parses = false;
      }
      try {
        assertStrictJson(text, 64);
        expect(parses).toBe(true);
      } catch (error) {
        if (!(error instanceof RequestFault)) throw error;
        if (error.code === "INVALID_JSON") expect(parses).toBe(false);
        throw error;
      }
    });
  });

  it("as the arguments of a query is encoded, or refused", async () => {
    const codec = codecWith({});
    await fuzz("query", (text) => {
      const pairs = [...new URLSearchParams(text.toString("latin1").replaceAll('"', "&").replaceAll(":", "="))];
      const call = codec.encodeText(pairs);
      readWireStruct(call.bytes.subarray(call.seqidOffset + 4), 70);
    });
  });
});
