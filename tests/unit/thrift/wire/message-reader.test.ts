import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createBufferedReader,
  createFramedReader,
  type MessageReader,
  type MessageReaderOptions,
  type OnMessage,
} from "../../../../thrift/src/wire/message-reader.ts";
import { integerBytes, type WireTree, wire, writeWire } from "../../../support/oracle-wire.ts";
import { replyFaultCode } from "../../../support/reply-fault-code.ts";

const options: MessageReaderOptions = { maxMessageBytes: 16_384_000, maxDepth: 64 };

function message(body: WireTree, name = "call", strict = true): Uint8Array {
  const nameBytes = Buffer.from(name);
  const head = strict
    ? [Uint8Array.of(0x80, 1, 0, 2), integerBytes(nameBytes.length, 4), nameBytes]
    : [integerBytes(nameBytes.length, 4), nameBytes, Uint8Array.of(2)];
  return Buffer.concat([...head, integerBytes(1, 4), writeWire(body)]);
}

const bodies: readonly WireTree[] = [
  wire.struct(),
  wire.struct([0, wire.i32(5)]),
  wire.struct([0, wire.struct([1, wire.bool(true)], [2, wire.string("hello")])]),
  wire.struct([0, wire.list([wire.struct([1, wire.string("a")]), wire.struct()])], [1, wire.list([])], [2, wire.map([])]),
  wire.struct([
    0,
    wire.map([
      [wire.string("k"), wire.list([wire.i64(1n)])],
      [wire.string("l"), wire.list([])],
    ]),
  ]),
  wire.struct([0, wire.map([[wire.i8(1), wire.double(2)]])], [1, wire.set([wire.uuid("00".repeat(16))])]),
  wire.struct([
    0,
    wire.map([
      [wire.i16(1), wire.string("")],
      [wire.i16(2), wire.string("x".repeat(300))],
    ]),
  ]),
];
const messages = bodies.flatMap((body, i) => [message(body), message(body, `method${i}`, false)]);

interface Transport {
  readonly create: (onMessage: OnMessage, options: MessageReaderOptions) => MessageReader;
  readonly wrap: (bytes: Uint8Array) => Uint8Array;
}
const framed: Transport = { create: createFramedReader, wrap: (bytes) => Buffer.concat([integerBytes(bytes.length, 4), bytes]) };
const buffered: Transport = { create: createBufferedReader, wrap: (bytes) => bytes };
const transports: [string, Transport][] = [
  ["framed", framed],
  ["buffered", buffered],
];

function collect({ create }: Transport, overrides: Partial<MessageReaderOptions> = {}) {
  const received: string[] = [];
  const onMessage: OnMessage = (bytes, offset, end) => received.push(Buffer.from(bytes.subarray(offset, end)).toString("hex"));
  return { received, reader: create(onMessage, { ...options, ...overrides }) };
}

describe.each(transports)("%s", (_, transport) => {
  const expected = messages.map((bytes) => Buffer.from(bytes).toString("hex"));
  const stream = Buffer.concat(messages.map(transport.wrap));

  it("hands over a message in the chunk it came in", () => {
    const chunk = Buffer.concat([transport.wrap(messages[2]!), transport.wrap(messages[4]!)]);
    const views: Uint8Array[] = [];
    transport.create((bytes) => views.push(bytes), options).push(chunk);
    expect(views).toEqual([chunk, chunk]);
    expect(views[0]).toBe(chunk);
  });

  it.each([1, 2, 3, 5, 7, 11, 64, 10_000])("gives the same messages in chunks of %d", (size) => {
    const { received, reader } = collect(transport);
    for (let at = 0; at < stream.length; at += size) {
      const chunk = Buffer.from(stream.subarray(at, at + size));
      reader.push(chunk);
      chunk.fill(0xee);
    }
    expect(received).toEqual(expected);
    expect(reader.midMessage).toBe(false);
  });

  it("gives the same messages in any chunks", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 30 }), (cuts) => {
        const { received, reader } = collect(transport);
        const places = [...cuts, 0, stream.length].toSorted((a, b) => a - b);
        for (let i = 1; i < places.length; i++) reader.push(stream.subarray(places[i - 1], places[i]));
        expect(received).toEqual(expected);
      }),
    );
  });

  it("knows whether it stands inside a message", () => {
    const bytes = transport.wrap(messages[4]!);
    const { received, reader } = collect(transport);
    expect(reader.midMessage).toBe(false);
    for (let at = 0; at < bytes.length; at++) {
      reader.push(bytes.subarray(at, at + 1));
      expect(reader.midMessage).toBe(at < bytes.length - 1);
    }
    expect(received).toHaveLength(1);
  });

  it("takes linear time for bytes that drip", () => {
    const long = transport.wrap(
      message(wire.struct([0, wire.list(Array.from({ length: 50_000 }, () => wire.string("0123456")))])),
    );
    const { received, reader } = collect(transport);
    const started = performance.now();
    for (let at = 0; at < long.length; at++) reader.push(long.subarray(at, at + 1));
    expect(received).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it("passes on what the callback throws, and is dead then", () => {
    const reader = transport.create(() => {
      throw new RangeError("mine");
    }, options);
    expect(() => reader.push(stream)).toThrow(RangeError);
    expect(replyFaultCode(() => reader.push(stream))).toBe("MALFORMED");
  });

  it("is not to be fed from within its callback", () => {
    const reader: MessageReader = transport.create(() => reader.push(stream), options);
    expect(replyFaultCode(() => reader.push(stream))).toBe("MALFORMED");
  });

  it("refuses HTTP at its first bytes", () => {
    const { received, reader } = collect(transport);
    expect(replyFaultCode(() => reader.push(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")))).toBe("MALFORMED");
    expect(received).toEqual([]);
  });

  it("hands over what is whole before what is broken", () => {
    const { received, reader } = collect(transport);
    expect(replyFaultCode(() => reader.push(Buffer.concat([transport.wrap(messages[0]!), Buffer.alloc(8)])))).toBe("MALFORMED");
    expect(received).toEqual([expected[0]]);
  });

  it("accepts a message as large as the bound, and none larger", () => {
    const bytes = message(wire.struct([0, wire.string("x".repeat(1_000))]));
    for (const size of [7, 100_000]) {
      for (const [maxMessageBytes, code] of [
        [bytes.length, "no fault"],
        [bytes.length - 1, "TOO_LARGE"],
      ] as const) {
        const { reader } = collect(transport, { maxMessageBytes });
        const wrapped = transport.wrap(bytes);
        const pushAll = () => {
          for (let at = 0; at < wrapped.length; at += size) reader.push(wrapped.subarray(at, at + size));
        };
        expect(replyFaultCode(pushAll)).toBe(code);
      }
    }
  });
});

describe("framed", () => {
  it.each([
    [0, "MALFORMED"],
    [-1, "MALFORMED"],
    [-4, "MALFORMED"],
    [-2147483648, "MALFORMED"],
    [16_384_001, "TOO_LARGE"],
    [2147483647, "TOO_LARGE"],
  ])("refuses a size of %d at the header, however it comes", (size, code) => {
    for (const chunkSize of [1, 3, 4]) {
      const { reader } = collect(framed);
      const header = integerBytes(size, 4);
      const pushAll = () => {
        for (let at = 0; at < 4; at += chunkSize) reader.push(header.subarray(at, at + chunkSize));
      };
      expect(replyFaultCode(pushAll)).toBe(code);
    }
  });

  it("allocates nothing for a size that was only declared", () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => {
      const { reader } = collect(framed);
      reader.push(Buffer.concat([integerBytes(16_000_000, 4), Uint8Array.of(1)]));
      return reader;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
    expect(readers.every(({ midMessage }) => midMessage)).toBe(true);
  });
});

describe("buffered", () => {
  const head = message(wire.struct()).subarray(0, -1);
  const nested = (levels: number, open: number[], close: number[]): Uint8Array =>
    Buffer.concat([
      head,
      ...Array.from({ length: levels }, () => Uint8Array.from(open)),
      ...Array.from({ length: levels }, () => Uint8Array.from(close)),
      Uint8Array.of(0),
    ]);

  it("nests as deep as the bound, and no deeper", () => {
    for (const levels of [64, 65, 100_000]) {
      const { received, reader } = collect(buffered);
      expect(replyFaultCode(() => reader.push(nested(levels, [12, 0, 1], [0])))).toBe(levels === 64 ? "no fault" : "TOO_LARGE");
      expect(received).toHaveLength(levels === 64 ? 1 : 0);
    }
  });

  it.each<[string, number[], string]>([
    ["an unknown field type", [17, 0, 1], "MALFORMED"],
    ["field type 1", [1, 0, 1], "MALFORMED"],
    ["a negative string", [11, 0, 1, 0xff, 0xff, 0xff, 0xff], "MALFORMED"],
    ["a string over the bound", [11, 0, 1, 0x7f, 0xff, 0xff, 0xff], "TOO_LARGE"],
    ["a negative list", [15, 0, 1, 8, 0xff, 0xff, 0xff, 0xff], "MALFORMED"],
    ["a list over the bound", [15, 0, 1, 8, 0x00, 0x40, 0, 0], "TOO_LARGE"],
    ["a list of structs over the bound", [15, 0, 1, 12, 0x7f, 0xff, 0xff, 0xff], "TOO_LARGE"],
    ["a list of an unknown type", [15, 0, 1, 17, 0, 0, 0, 1], "MALFORMED"],
    ["an empty list of an unknown type", [14, 0, 1, 17, 0, 0, 0, 0], "MALFORMED"],
    ["a negative map", [13, 0, 1, 11, 11, 0x80, 0, 0, 0], "MALFORMED"],
    ["a map over the bound", [13, 0, 1, 11, 11, 0x00, 0x40, 0, 0], "TOO_LARGE"],
    ["a map of an unknown type", [13, 0, 1, 11, 0, 0, 0, 0, 1], "MALFORMED"],
    ["an unknown version", [], "MALFORMED"],
  ])("refuses %s as soon as it shows", (name, body, code) => {
    const bytes = name === "an unknown version" ? Uint8Array.of(0x80, 2, 0, 2) : Buffer.concat([head, Uint8Array.from(body)]);
    expect(replyFaultCode(() => collect(buffered).reader.push(bytes))).toBe(code);
    const dripped = collect(buffered).reader;
    const drip = () => {
      for (const byte of bytes) dripped.push(Uint8Array.of(byte));
    };
    expect(replyFaultCode(drip)).toBe(code);
  });

  it("bounds a message that never ends", () => {
    const { reader } = collect(buffered, { maxMessageBytes: 100_000 });
    const field = Uint8Array.of(3, 0, 1, 1);
    reader.push(head);
    const flood = () => {
      for (let i = 0; i < 1_000_000; i++) reader.push(field);
    };
    expect(replyFaultCode(flood)).toBe("TOO_LARGE");
  });

  it("refuses what a framed server answers", () => {
    expect(replyFaultCode(() => collect(buffered).reader.push(framed.wrap(messages[2]!)))).toBe("MALFORMED");
  });
});
