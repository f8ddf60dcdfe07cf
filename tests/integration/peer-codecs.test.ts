import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServiceCodec } from "../../thrift/src/compile/codec.ts";
import { createCallFormat } from "../../thrift/src/wire/create-call-format.ts";
import { createMessageReader } from "../../thrift/src/wire/create-message-reader.ts";
import type { Protocol } from "../../thrift/src/wire/dialect.ts";
import { readMessageHeader } from "../../thrift/src/wire/message.ts";
import type { SchemaAndMethod } from "../support/arbitrary-schema.ts";
import { apacheThriftForPython, describeWith } from "../support/components.ts";
import { npmCodec } from "../support/npm-codec.ts";
import { canonicalJson, parseJsonTree } from "../support/oracle-json.ts";
import { canonicalWire, readWireStruct } from "../support/oracle-wire.ts";
import type { PeerAnswer, PeerCodec, PeerRequest } from "../support/peer-codec.ts";
import { arbitraryPeerCall, holdsBoolsInContainers, holdsSets } from "../support/peer-schema.ts";
import { PythonCodec } from "../support/python-codec.ts";

const seqid = 7;
const limits = { maxMessageBytes: 16_384_000, maxDepth: 64 };

type Call = SchemaAndMethod & { readonly json: string };

function codecOf({ schema, method }: SchemaAndMethod) {
  return createServiceCodec(schema, "Echo").method(method.name)!;
}

/** Our call as it goes onto the wire. */
function callBytes(call: Call, protocol: Protocol): Uint8Array {
  const { bytes, seqidOffset } = codecOf(call).encodeJson(Buffer.from(call.json));
  const format = createCallFormat({ transport: "buffered", protocol });
  if (format !== undefined) return format(bytes, seqid);
  const own = Buffer.from(bytes);
  own.writeInt32BE(seqid, seqidOffset);
  return own;
}

/** What we make of a reply. */
function replyJson(call: SchemaAndMethod, protocol: Protocol, message: Uint8Array): string[] {
  const replies: string[] = [];
  const reader = createMessageReader(
    { transport: "buffered", protocol },
    (bytes, offset, end) => {
      const header = readMessageHeader(bytes, offset, end);
      expect(header).toMatchObject({ type: 2, name: call.method.name, seqid });
      const { json } = codecOf(call).decodeResult(bytes, header.bodyOffset, end);
      replies.push(canonicalJson(parseJsonTree(Buffer.from(json).toString())));
    },
    limits,
  );
  reader.push(message);
  return replies;
}

function taken(answer: PeerAnswer): Buffer {
  if ("refused" in answer) throw new Error(answer.refused);
  return answer.message;
}

/** The npm package writes it as 0. */
const holdsNegativeZero = (call: Call) => /(?<=[:[,])-0(?=[,}\]])/.test(call.json);
function agrees(peerOf: () => PeerCodec, isLeftOut = (_call: Call, _protocol: Protocol) => false): void {
  let peer: PeerCodec;
  beforeAll(() => {
    peer = peerOf();
  });

  describe.each(["binary", "compact"] as const)("%s", (protocol) => {
    const calls = arbitraryPeerCall.filter((call) => !isLeftOut(call, protocol));
    const ordered = calls.filter((call) => !holdsSets(call));
    const read: Omit<PeerRequest, "message" | "to"> = { read: "call", from: protocol };

    it("writes what it read in our calls as we did, byte for byte", async () => {
      await fc.assert(
        fc.asyncProperty(ordered, async (call) => {
          const ours = callBytes(call, protocol);
          const theirs = taken(await peer.ask(call.schema, call.method, { ...read, message: ours, to: protocol }));
          expect(theirs.toString("hex")).toBe(Buffer.from(ours).toString("hex"));
        }),
        { numRuns: 150 },
      );
    });

    it("reads the value in our calls that we wrote", async () => {
      await fc.assert(
        fc.asyncProperty(calls, async (call) => {
          const { bytes, seqidOffset } = codecOf(call).encodeJson(Buffer.from(call.json));
          const message = callBytes(call, protocol);
          const theirs = taken(await peer.ask(call.schema, call.method, { ...read, message, to: "value" }));
          const ours = bytes.subarray(seqidOffset + 4);
          expect(canonicalWire(readWireStruct(theirs, 70))).toBe(canonicalWire(readWireStruct(ours, 70)));
        }),
        { numRuns: 100 },
      );
    });

    it("answers with what we read as the JSON that went in", async () => {
      await fc.assert(
        fc.asyncProperty(ordered, async (call) => {
          const message = callBytes(call, protocol);
          const reply = taken(await peer.ask(call.schema, call.method, { ...read, message, to: protocol, echo: true }));
          expect(replyJson(call, protocol, reply)).toEqual([canonicalJson(parseJsonTree(call.json))]);
        }),
        { numRuns: 150 },
      );
    });
  });
}

describeWith(apacheThriftForPython, "Apache's Python library", () => {
  const started: PythonCodec[] = [];
  afterAll(() => {
    for (const peer of started) peer.close();
  });

  describe.each([
    ["in Python", false],
    ["in C", true],
  ])("with its decoder %s", (_, fast) =>
    agrees(() => {
      const peer = new PythonCodec({ fast });
      started.push(peer);
      return peer;
    }),
  );
});

describe("Apache's npm package", () =>
  agrees(
    () => npmCodec,
    (call, protocol) => holdsNegativeZero(call) || (protocol === "compact" && holdsBoolsInContainers(call)),
  ));
