import { describe, expect, it } from "vitest";
import type { CallMetadata } from "../../../../thrift/src/wire/call-metadata.ts";
import { createCallFormat } from "../../../../thrift/src/wire/create-call-format.ts";
import { createMessageReader } from "../../../../thrift/src/wire/create-message-reader.ts";
import { ReplyFault } from "../../../../thrift/src/wire/reply-fault.ts";
import { type HeaderFrame, type HeaderKind, headerBytes, readHeaderFrame, textInfo } from "../../../support/header-bytes.ts";
import { varint, writeCompactMessage } from "../../../support/oracle-compact.ts";
import { integerBytes, wire, writeWire } from "../../../support/oracle-wire.ts";
import { messageBytes } from "../../../support/thrift-bytes.ts";

const kinds: readonly HeaderKind[] = ["header", "ttheader"];
const body = wire.struct([1, wire.i32(5)], [2, wire.string("text")]);

function binary(seqid: number, type = 1, name = "call"): Buffer {
  return messageBytes({ type, name, seqid, body: Buffer.from(writeWire(body)) });
}

const reply = binary(1, 2);
const compactReply = writeCompactMessage({ type: 2, name: "call", seqid: 1, body });

function read(kind: HeaderKind, bytes: Uint8Array, chunk = bytes.length) {
  const received: { message: string; headers: Record<string, string> | undefined }[] = [];
  const reader = createMessageReader(
    { transport: kind, protocol: "binary" },
    (message, offset, end, headers) =>
      received.push({
        message: Buffer.from(message.subarray(offset, end)).toString("hex"),
        headers: headers && Object.fromEntries(headers),
      }),
    { maxMessageBytes: 100_000, maxDepth: 64 },
  );
  for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
  return received;
}

function faultOf(kind: HeaderKind, bytes: Uint8Array): string {
  try {
    return read(kind, bytes).length > 0 ? "read" : "waits";
  } catch (error) {
    if (error instanceof ReplyFault) return error.code;
    throw error;
  }
}

const metadata: CallMetadata = {
  requestId: "request-1",
  caller: "thriftgate",
  service: "Bank",
  timeoutMs: 4_999,
  transient: [["traceparent", "00-1-2-01"]],
  persistent: [["LANE", "blue 🚀"]],
};

describe("writes", () => {
  it.each(["binary", "compact"] as const)("THeader around %s", (protocol) => {
    const format = createCallFormat({ transport: "header", protocol })!;
    const { message, ...header } = readHeaderFrame("header", Buffer.from(format(binary(0), 7, { metadata: () => metadata })));
    expect(header).toEqual({
      protocol: protocol === "binary" ? 0 : 2,
      seqid: 7,
      integers: {},
      texts: {
        "x-request-id": "request-1",
        caller: "thriftgate",
        client_timeout: "4999",
        traceparent: "00-1-2-01",
        LANE: "blue 🚀",
      },
    });
    const expected = protocol === "binary" ? binary(7) : writeCompactMessage({ type: 1, name: "call", seqid: 7, body });
    expect(message.toString("hex")).toBe(Buffer.from(expected).toString("hex"));
  });

  it("TTHeader", () => {
    const format = createCallFormat({ transport: "ttheader", protocol: "binary" })!;
    const { message, ...header } = readHeaderFrame("ttheader", Buffer.from(format(binary(0), 7, { metadata: () => metadata })));
    expect(header).toEqual({
      protocol: 0,
      seqid: 7,
      integers: { 2: "request-1", 3: "thriftgate", 6: "Bank", 9: "call", 12: "4999", 22: "1" },
      texts: { RPC_TRANSIT_traceparent: "00-1-2-01", RPC_PERSIST_LANE: "blue 🚀" },
    });
    expect(message.toString("hex")).toBe(binary(7).toString("hex"));
  });

  it.each(kinds)("%s without metadata, and the service where services share a port", (kind) => {
    const format = createCallFormat({ transport: kind, protocol: "binary", multiplexed: "Bank" })!;
    const { message, texts } = readHeaderFrame(kind, Buffer.from(format(binary(0), 3)));
    expect(texts).toEqual({});
    expect(message.toString("hex")).toBe(binary(3, 1, "Bank:call").toString("hex"));
  });
});

describe.each(kinds)("%s: reads", (kind) => {
  const expected = reply.toString("hex");

  it("messages of either protocol, in any chunks", () => {
    const entries = [
      ["biz-status", "404"],
      ["biz-message", "Grüße"],
      ["", ""],
    ] as const;
    const stream = Buffer.concat([
      headerBytes(kind, { message: reply }),
      headerBytes(kind, { message: compactReply, protocol: 2, infos: textInfo(kind, entries) }),
      headerBytes(kind, { message: reply, infos: Buffer.concat([textInfo(kind, [["__proto__", "x"]]), textInfo(kind, [])]) }),
    ]);
    for (const chunk of [1, 3, 7, stream.length]) {
      const received = read(kind, stream, chunk);
      expect(received.map(({ message }) => message)).toEqual([expected, expected, expected]);
      expect(received[0]!.headers).toBeUndefined();
      expect(received[1]!.headers).toEqual(Object.fromEntries(entries));
      expect(Object.entries(received[2]!.headers!)).toEqual([["__proto__", "x"]]);
    }
  });

  it("headers of its library that it has no use for", () => {
    const infos =
      kind === "header"
        ? Buffer.concat([Uint8Array.of(2), textInfo(kind, [["kept", "on"]]).subarray(1), Uint8Array.of(77, 1, 2, 3)])
        : Buffer.concat([
            Uint8Array.of(0x10, 0, 1, 0, 22),
            Uint8Array.of(0, 1, 0x32),
            Uint8Array.of(0x11, 0, 5),
            Buffer.from("token"),
            Uint8Array.of(0, 0),
            textInfo(kind, [["kept", "on"]]),
          ]);
    expect(read(kind, headerBytes(kind, { message: reply, infos }))).toEqual([{ message: expected, headers: { kept: "on" } }]);
  });
});

describe.each(kinds)("%s: refuses", (kind) => {
  const number = (value: number) => (kind === "header" ? varint(value) : integerBytes(value, 2));
  const frames: readonly (readonly [string, HeaderFrame])[] = [
    ["the other's magic", { message: reply, magic: kind === "header" ? 0x1000 : 0x0fff }],
    ["transforms", { message: reply, transforms: [1] }],
    ["unknown transforms", { message: reply, transforms: [99, 98] }],
    ["an unknown protocol", { message: reply, protocol: 1 }],
    ["a protocol that is none", { message: reply, protocol: 127 }],
    ["a header longer than its frame", { message: reply, words: 1_000 }],
    ["the longest header", { message: reply, words: 65_535 }],
    ["no header at all", { message: reply, words: 0 }],
    ["more entries than there are", { message: reply, infos: Buffer.concat([Uint8Array.of(1), number(60_000)]) }],
    ["a name beyond the header", { message: reply, infos: Buffer.concat([Uint8Array.of(1), number(1), number(60_000)]) }],
    [
      "a value beyond the header",
      { message: reply, infos: Buffer.concat([Uint8Array.of(1), number(1), number(1), Buffer.from("a"), number(60_000)]) },
    ],
    ["compact that is none", { message: reply, protocol: 2 }],
    ["compact that ends early", { message: compactReply.subarray(0, -1), protocol: 2 }],
    ["compact with something behind it", { message: Buffer.concat([compactReply, Uint8Array.of(0)]), protocol: 2 }],
  ];

  it.each(frames)("%s", (_, frame) => {
    expect(faultOf(kind, headerBytes(kind, frame))).toBe("MALFORMED");
  });

  it("numbers of more bytes than they may have", () => {
    const infos = kind === "header" ? Uint8Array.of(1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00) : Uint8Array.of(0x42, 0, 0, 0);
    expect(faultOf(kind, headerBytes(kind, { message: reply, infos }))).toBe("MALFORMED");
  });

  it("a frame too short for any header, and one that is none", () => {
    for (let size = 1; size < 10; size++) {
      expect(faultOf(kind, Buffer.concat([integerBytes(size, 4), Buffer.alloc(size)]))).toBe("MALFORMED");
    }
    expect(faultOf(kind, Buffer.concat([integerBytes(reply.length, 4), reply]))).toBe("MALFORMED");
    expect(faultOf(kind, reply)).toBe("MALFORMED");
  });

  it("by fault alone, whichever byte is changed", () => {
    const whole = headerBytes(kind, { message: compactReply, protocol: 2, infos: textInfo(kind, [["name", "value"]]) });
    for (let at = 4; at < whole.length; at++) {
      for (const value of [0, 1, 2, 0x10, 0x11, 0x7f, 0x80, 0xff]) {
        const bytes = Buffer.from(whole);
        bytes[at] = value;
        expect(["read", "MALFORMED", "TOO_LARGE"], `${at}: ${value}`).toContain(faultOf(kind, bytes));
      }
    }
  });
});
