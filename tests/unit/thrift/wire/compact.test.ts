import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createServiceCodec } from "../../../../thrift/src/compile/codec.ts";
import { createCallFormat } from "../../../../thrift/src/wire/create-call-format.ts";
import { createMessageReader } from "../../../../thrift/src/wire/create-message-reader.ts";
import type { MessageReaderOptions, OnMessage } from "../../../../thrift/src/wire/message-reader.ts";
import { ReplyFault } from "../../../../thrift/src/wire/reply-fault.ts";
import { arbitraryCall } from "../../../support/arbitrary-schema.ts";
import { varint, writeCompactMessage, zigzag } from "../../../support/oracle-compact.ts";
import { integerBytes, readWireStruct, type WireStruct, type WireTree, wire, writeWire } from "../../../support/oracle-wire.ts";

const options: MessageReaderOptions = { maxMessageBytes: 16_384_000, maxDepth: 64 };
const transports = ["framed", "buffered"] as const;
type Transport = (typeof transports)[number];

function binary(body: WireStruct, seqid = 0, name = "call", type = 1): Uint8Array {
  const nameBytes = Buffer.from(name);
  const head = [Uint8Array.of(0x80, 1, 0, type), integerBytes(nameBytes.length, 4), nameBytes, integerBytes(seqid, 4)];
  return Buffer.concat([...head, writeWire(body)]);
}

function compact(body: WireStruct, seqid = 0, name = "call", type = 1): Uint8Array {
  return writeCompactMessage({ type, name, seqid, body });
}

function wrap(transport: Transport, message: Uint8Array): Uint8Array {
  return transport === "framed" ? Buffer.concat([integerBytes(message.length, 4), message]) : message;
}

function collect(transport: Transport, overrides: Partial<MessageReaderOptions> = {}) {
  const received: string[] = [];
  const onMessage: OnMessage = (bytes, offset, end) => received.push(Buffer.from(bytes.subarray(offset, end)).toString("hex"));
  return { received, reader: createMessageReader({ transport, protocol: "compact" }, onMessage, { ...options, ...overrides }) };
}

/** An empty map says nothing of its types in the compact protocol. */
function afterCompact(tree: WireTree): WireTree {
  switch (tree.code) {
    case 12:
      return { ...tree, fields: tree.fields.map(([id, value]) => [id, afterCompact(value)] as const) };
    case 13:
      if (tree.entries.length === 0) return wire.map([]);
      return { ...tree, entries: tree.entries.map(([key, value]) => [afterCompact(key), afterCompact(value)] as const) };
    case 14:
    case 15:
      return { ...tree, elements: tree.elements.map(afterCompact) };
    default:
      return tree;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

const many = Array.from({ length: 20 }, (_, index) => wire.i32(index - 10));
const bodies: readonly (readonly [string, WireStruct])[] = [
  ["nothing", wire.struct()],
  ["bools as fields", wire.struct([1, wire.bool(true)], [2, wire.bool(false)], [40, wire.bool(true)])],
  ["bools in containers", wire.struct([1, wire.list([wire.bool(true), wire.bool(false)])], [2, wire.set([wire.bool(true)])])],
  ["ids that jump, fall and are negative", wire.struct([15, wire.i8(1)], [31, wire.i8(2)], [3, wire.i8(3)], [-1, wire.i8(4)])],
  ["the outermost ids", wire.struct([-32_768, wire.i8(1)], [32_767, wire.i8(2)])],
  ["ids after a struct in between", wire.struct([1, wire.struct([9, wire.i8(1)])], [2, wire.i8(2)])],
  ["i8", wire.struct([1, wire.i8(-128)], [2, wire.i8(127)])],
  ["i16", wire.struct([1, wire.i16(-32_768)], [2, wire.i16(32_767)], [3, wire.i16(-1)])],
  ["i32", wire.struct([1, wire.i32(-2_147_483_648)], [2, wire.i32(2_147_483_647)], [3, wire.i32(0)])],
  [
    "i64",
    wire.struct(
      ...[0n, -1n, 1n, 2n ** 31n, -(2n ** 31n), 2n ** 32n, 2n ** 35n - 1n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)].map(
        (value, index) => [index + 1, wire.i64(value)] as const,
      ),
    ),
  ],
  ["doubles", wire.struct([1, wire.double(0.1)], [2, wire.double(-0)], [3, wire.double(Number.NaN)])],
  ["text", wire.struct([1, wire.string("")], [2, wire.string("Zürich 🚀")], [3, wire.string("x".repeat(70_000))])],
  ["uuid", wire.struct([1, wire.uuid("00112233445566778899aabbccddeeff")])],
  [
    "a short and a long list",
    wire.struct([1, wire.list(many.slice(0, 14))], [2, wire.list(many.slice(0, 15))], [3, wire.set(many)]),
  ],
  ["empty containers", wire.struct([1, wire.list([], 8)], [2, wire.set([], 11)])],
  ["maps", wire.struct([1, wire.map([])], [2, wire.map([[wire.i64(1n), wire.list([wire.struct([1, wire.bool(true)])])]])])],
];

describe("writes", () => {
  it.each(bodies)("%s as the specification says", (_, body) => {
    for (const seqid of [1, 127, 128, 2_147_483_647]) {
      expect(hex(createCallFormat({ transport: "buffered", protocol: "compact" })!(binary(body), seqid))).toBe(
        hex(compact(body, seqid)),
      );
    }
  });

  it("behind a length where the transport is framed", () => {
    const body = wire.struct([1, wire.i32(5)]);
    const bytes = createCallFormat({ transport: "framed", protocol: "compact" })!(binary(body), 7);
    expect(hex(bytes)).toBe(hex(wrap("framed", compact(body, 7))));
  });

  it("the service before the method where services share a port", () => {
    const body = wire.struct([1, wire.i32(5)]);
    for (const [protocol, message] of [
      ["compact", compact],
      ["binary", binary],
    ] as const) {
      const format = createCallFormat({ transport: "buffered", protocol, multiplexed: "Some" })!;
      expect(hex(format(binary(body), 7))).toBe(hex(message(body, 7, "Some:call")));
    }
  });

  it("leaves the encoder's bytes alone", () => {
    expect(createCallFormat({ transport: "framed", protocol: "binary" })).toBeUndefined();
    expect(createCallFormat({ transport: "buffered", protocol: "binary" })).toBeUndefined();
  });

  it("any call as the specification says", () => {
    fc.assert(
      fc.property(arbitraryCall, ({ schema, method, json }) => {
        const { bytes } = createServiceCodec(schema, schema.services[0]!.name).method(method.name)!.encodeJson(Buffer.from(json));
        const body = readWireStruct(bytes.subarray(12 + Buffer.byteLength(method.name)), 64);
        const format = createCallFormat({ transport: "buffered", protocol: "compact" })!;
        expect(hex(format(bytes, 3))).toBe(hex(compact(body, 3, method.name, bytes[3])));
      }),
      { numRuns: 100 },
    );
  });
});

describe.each(transports)("%s: reads", (transport) => {
  const stream = Buffer.concat(bodies.map(([, body], seqid) => wrap(transport, compact(body, seqid, "call", 2))));
  const expected = bodies.map(([, body], seqid) => hex(binary(body, seqid, "call", 2)));

  it.each([1, 2, 3, 5, 7, 11, 64, 100_000])("the same in chunks of %d", (size) => {
    const { received, reader } = collect(transport);
    for (let at = 0; at < stream.length; at += size) {
      const chunk = Buffer.from(stream.subarray(at, at + size));
      reader.push(chunk);
      chunk.fill(0xee);
    }
    expect(received).toEqual(expected);
    expect(reader.midMessage).toBe(false);
  });

  it("any reply in any chunks", () => {
    fc.assert(
      fc.property(arbitraryCall, fc.array(fc.nat(), { maxLength: 20 }), ({ schema, method, json }, cuts) => {
        const { bytes } = createServiceCodec(schema, schema.services[0]!.name).method(method.name)!.encodeJson(Buffer.from(json));
        const body = readWireStruct(bytes.subarray(12 + Buffer.byteLength(method.name)), 64);
        const { received, reader } = collect(transport);
        const whole = Buffer.concat([wrap(transport, compact(body, 1, "a", 2)), wrap(transport, compact(body, 2, "b", 2))]);
        const places = [0, ...cuts.map((place) => place % whole.length), whole.length].toSorted((a, b) => a - b);
        for (let i = 1; i < places.length; i++) reader.push(whole.subarray(places[i - 1], places[i]));
        const known = afterCompact(body) as WireStruct;
        expect(received).toEqual([hex(binary(known, 1, "a", 2)), hex(binary(known, 2, "b", 2))]);
      }),
      { numRuns: 60 },
    );
  });

  it("whether it stands inside a message", () => {
    const bytes = wrap(transport, compact(wire.struct([1, wire.list(many)], [2, wire.string("text")])));
    const { reader } = collect(transport);
    for (let at = 0; at < bytes.length; at++) {
      expect(reader.midMessage).toBe(at > 0);
      reader.push(bytes.subarray(at, at + 1));
    }
    expect(reader.midMessage).toBe(false);
  });

  it("bytes that drip in linear time", () => {
    const texts = Array.from({ length: 50_000 }, () => wire.string("0123456"));
    const long = wrap(transport, compact(wire.struct([0, wire.list([...texts, wire.string("x".repeat(100_000))])])));
    const { received, reader } = collect(transport);
    const started = performance.now();
    for (let at = 0; at < long.length; at++) reader.push(long.subarray(at, at + 1));
    expect(received).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});

describe("refuses", () => {
  const head = Uint8Array.of(0x82, 0x41, 1, 1, 0x61);
  const behindHead = (...bytes: (number | Uint8Array)[]): Uint8Array =>
    Buffer.concat([head, ...bytes.map((part) => (typeof part === "number" ? Uint8Array.of(part) : part)), new Uint8Array(8)]);
  const nested = (depth: number): WireStruct => (depth === 0 ? wire.struct() : wire.struct([1, nested(depth - 1)]));
  const malformed: readonly (readonly [string, Uint8Array])[] = [
    ["another protocol", Buffer.from("\x80\x01\x00\x02....", "latin1")],
    ["HTTP", Buffer.from("HTTP/1.1 400 Bad Request")],
    ["another version", Uint8Array.of(0x82, 0x42, 1, 1, 0x61, 0)],
    ["a seqid of six bytes", Uint8Array.of(0x82, 0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 1, 0x61, 0)],
    ["a seqid of 36 bits", Uint8Array.of(0x82, 0x41, 0xff, 0xff, 0xff, 0xff, 0x1f, 1, 0x61, 0)],
    ["a name of 257 bytes", Buffer.concat([Uint8Array.of(0x82, 0x41, 1), varint(257), new Uint8Array(300)])],
    ["a name of negative length", Uint8Array.of(0x82, 0x41, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0)],
    ["a field of type 14", behindHead(0x1e)],
    ["a field of type 15", behindHead(0x1f)],
    ["a field id over an i16", behindHead(0x03, varint(65_536), 1)],
    ["a field id under an i16", behindHead(0x03, varint(65_537), 1)],
    ["a field id that grows over an i16", behindHead(0x03, zigzag(32_767), 1, 0x13, 1)],
    ["an i16 of 17 bits", behindHead(0x14, zigzag(32_768))],
    ["an i32 of six bytes", behindHead(0x15, 0x80, 0x80, 0x80, 0x80, 0x80, 0)],
    ["an i32 of 33 bits", behindHead(0x15, 0xff, 0xff, 0xff, 0xff, 0x1f)],
    ["an i64 of eleven bytes", behindHead(0x16, new Uint8Array(10).fill(0x80), 0)],
    ["an i64 of 65 bits", behindHead(0x16, new Uint8Array(9).fill(0xff), 2)],
    ["a string of negative length", behindHead(0x18, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["a list of negative length", behindHead(0x19, 0xf3, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["a list of no type", behindHead(0x19, 0x10)],
    ["a list of type 14", behindHead(0x19, 0x1e)],
    ["a map of negative length", behindHead(0x1b, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x33)],
    ["a map without a key type", behindHead(0x1b, 1, 0x03)],
    ["a map of type 15", behindHead(0x1b, 1, 0x3f)],
    ["a bool that is neither", behindHead(0x19, 0x11, 3)],
  ];
  const oversize: readonly (readonly [string, Uint8Array])[] = [
    ["a string over the bound", behindHead(0x18, varint(2_000_000_000))],
    ["a list of 2^31 - 1 bytes", behindHead(0x19, 0xf3, varint(2_147_483_647))],
    ["a list of 2^31 - 1 empty structs", behindHead(0x19, 0xfc, varint(2_147_483_647))],
    ["a list of 2^31 - 1 bools", behindHead(0x19, 0xf1, varint(2_147_483_647))],
    ["a map of 2^31 - 1 entries", behindHead(0x1b, varint(2_147_483_647), 0x33)],
    ["longs that would be over the bound as binary", behindHead(0x19, 0xf6, varint(3_000_000))],
    ["nesting", compact(nested(65))],
  ];

  function faultOf(transport: Transport, message: Uint8Array, overrides?: Partial<MessageReaderOptions>): string {
    const { received, reader } = collect(transport, overrides);
    try {
      reader.push(wrap(transport, message));
    } catch (error) {
      if (error instanceof ReplyFault) return error.code;
      throw error;
    }
    return received.length > 0 ? "read" : "waits";
  }

  it.each(malformed)("%s", (_, message) => {
    for (const transport of transports) expect(faultOf(transport, message)).toBe("MALFORMED");
  });

  it.each(oversize)("%s", (_, message) => {
    for (const transport of transports) expect(faultOf(transport, message)).toBe("TOO_LARGE");
  });

  it("a frame that ends inside a message, wherever", () => {
    const whole = compact(
      wire.struct([1, wire.list(many)], [2, wire.map([[wire.i64(1n), wire.double(1)]])], [3, wire.uuid("00".repeat(16))]),
    );
    for (let end = 1; end < whole.length; end++) {
      expect(faultOf("framed", whole.subarray(0, end)), `${end}`).toBe("MALFORMED");
      expect(faultOf("buffered", whole.subarray(0, end)), `${end}`).toBe("waits");
    }
  });

  it("a frame that goes on behind a message", () => {
    expect(faultOf("framed", Buffer.concat([compact(wire.struct()), Uint8Array.of(0)]))).toBe("MALFORMED");
  });

  it("what becomes more than the bound, while it comes", () => {
    const longs = compact(wire.struct([1, wire.list(Array.from({ length: 1_000 }, () => wire.list([wire.i64(0n)])))]));
    expect(longs.length).toBeLessThan(4_000);
    for (const transport of transports) expect(faultOf(transport, longs, { maxMessageBytes: 4_000 })).toBe("TOO_LARGE");
  });

  it("reads false as 0 too, as some write it", () => {
    const { received, reader } = collect("buffered");
    reader.push(Buffer.concat([head, Uint8Array.of(0x19, 0x21, 0, 1, 0)]));
    expect(received).toEqual([hex(binary(wire.struct([1, wire.list([wire.bool(false), wire.bool(true)])]), 1, "a", 2))]);
  });

  it("anything else by fault alone, whichever byte is changed", () => {
    const whole = compact(
      wire.struct(
        [1, wire.map([[wire.string("k"), wire.list(many)]])],
        [20, wire.struct([1, wire.i64(-5n)], [2, wire.bool(true)])],
      ),
    );
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 1, 2, 0x0f, 0x1f, 0x7f, 0x80, 0xf9, 0xff]) {
        const bytes = Buffer.from(whole);
        bytes[at] = value;
        for (const transport of transports) {
          expect(["read", "waits", "MALFORMED", "TOO_LARGE"]).toContain(faultOf(transport, bytes));
        }
      }
    }
  });
});
