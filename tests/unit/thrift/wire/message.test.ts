import { describe, expect, it } from "vitest";
import { MessageType, readApplicationException, readMessageHeader } from "../../../../thrift/src/wire/message.ts";
import { integerBytes, type WireTree, wire, writeWire } from "../../../support/oracle-wire.ts";
import { replyFaultCode } from "../../../support/reply-fault-code.ts";

function strictHeader(name: Uint8Array, type = 2, seqid = 7, version = [0x80, 0x01, 0x00]): Uint8Array {
  return Buffer.concat([Uint8Array.from([...version, type]), integerBytes(name.length, 4), name, integerBytes(seqid, 4)]);
}

function oldHeader(name: Uint8Array, type = 2, seqid = 7): Uint8Array {
  return Buffer.concat([integerBytes(name.length, 4), name, Uint8Array.of(type), integerBytes(seqid, 4)]);
}

describe.each([
  ["strict", strictHeader],
  ["old", oldHeader],
])("readMessageHeader: %s", (_, headerOf) => {
  it.each(["m", "queryAsset", "a".repeat(256), "grüße", "名前"])("reads the name %s, again and again", (name) => {
    for (const type of [MessageType.reply, MessageType.exception]) {
      const header = headerOf(Buffer.from(name), type, -2);
      const bytes = Buffer.concat([Uint8Array.of(9), header, Uint8Array.of(0)]);
      expect(readMessageHeader(bytes, 1, bytes.length)).toEqual({ type, name, seqid: -2, bodyOffset: 1 + header.length });
    }
  });

  it("tells names apart that share a hash", () => {
    // "Aa" and "BB" do under every polynomial in 31.
    for (const name of ["Aa", "BB", "Aa", "BB"]) {
      const bytes = headerOf(Buffer.from(name));
      expect(readMessageHeader(bytes, 0, bytes.length).name).toBe(name);
    }
  });

  it("is refused wherever it ends", () => {
    const bytes = headerOf(Buffer.from("method"));
    for (let end = 0; end < bytes.length; end++) expect(replyFaultCode(() => readMessageHeader(bytes, 0, end))).toBe("MALFORMED");
  });

  it.each([
    ["a name of 257 bytes", headerOf(Buffer.alloc(257, "a"))],
    ["a name that is not UTF-8", headerOf(Uint8Array.of(0x61, 0xff))],
    ["type 0", headerOf(Buffer.from("m"), 0)],
    ["type 5", headerOf(Buffer.from("m"), 5)],
    ["type 255", headerOf(Buffer.from("m"), 255)],
  ])("is refused with %s", (__, bytes) => {
    expect(replyFaultCode(() => readMessageHeader(bytes, 0, bytes.length))).toBe("MALFORMED");
  });
});

describe("readMessageHeader", () => {
  it.each([
    ["version 2", strictHeader(Buffer.from("m"), 2, 7, [0x80, 0x02, 0x00])],
    ["another magic", strictHeader(Buffer.from("m"), 2, 7, [0x82, 0x21, 0x00])],
    ["a negative name length", Uint8Array.of(0x80, 1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)],
    ["an old header without a name", oldHeader(new Uint8Array(0))],
    ["HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["zeros", new Uint8Array(40)],
  ])("refuses %s", (_, bytes) => {
    expect(replyFaultCode(() => readMessageHeader(bytes, 0, bytes.length))).toBe("MALFORMED");
  });
});

describe("readApplicationException", () => {
  const read = (bytes: Uint8Array) => readApplicationException(bytes, 0, bytes.length);

  it.each<[[number, WireTree][], { type: number; message: string }]>([
    [
      [
        [1, wire.string("unknown method")],
        [2, wire.i32(1)],
      ],
      { type: 1, message: "unknown method" },
    ],
    [[[2, wire.i32(6)]], { type: 6, message: "" }],
    [[], { type: 0, message: "" }],
    [
      [
        [7, wire.list([wire.struct()])],
        [1, wire.i32(5)],
        [2, wire.string("x")],
      ],
      { type: 0, message: "" },
    ],
    [[[1, wire.string(Uint8Array.of(0x61, 0xff))]], { type: 0, message: "a\ufffd" }],
    [[[1, wire.string("x".repeat(100_000))]], { type: 0, message: "x".repeat(4096) }],
  ])("reads %o", (fields, expected) => {
    expect(read(writeWire(wire.struct(...fields)))).toEqual(expected);
  });

  it("is refused truncated, nested too deep, or with bytes behind it", () => {
    const bytes = writeWire(wire.struct([1, wire.string("text")], [2, wire.i32(1)]));
    for (let end = 0; end < bytes.length; end++) expect(replyFaultCode(() => read(bytes.subarray(0, end)))).toBe("MALFORMED");
    expect(replyFaultCode(() => read(Buffer.concat([bytes, Uint8Array.of(0)])))).toBe("MALFORMED");
    const deep = Buffer.concat([...Array.from({ length: 100_000 }, () => Uint8Array.of(12, 0, 9)), new Uint8Array(100_001)]);
    expect(replyFaultCode(() => read(deep))).toBe("TOO_LARGE");
  });
});
