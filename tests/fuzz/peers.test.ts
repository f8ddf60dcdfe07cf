import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServiceCodec } from "../../thrift/src/compile/codec.ts";
import { createCallFormat } from "../../thrift/src/wire/create-call-format.ts";
import { createMessageReader } from "../../thrift/src/wire/create-message-reader.ts";
import type { Protocol } from "../../thrift/src/wire/dialect.ts";
import { readMessageHeader } from "../../thrift/src/wire/message.ts";
import { ReplyFault } from "../../thrift/src/wire/reply-fault.ts";
import type { SchemaAndMethod } from "../support/arbitrary-schema.ts";
import { arbitraryMutation, mutate } from "../support/byte-mutation.ts";
import { apacheThriftForPython, describeWith } from "../support/components.ts";
import { fuzzProperty, fuzzSeed, fuzzTimeout } from "../support/fuzz.ts";
import { npmCodec } from "../support/npm-codec.ts";
import { OracleFault, type OracleReply, oracleDecode, oracleEncode, resultOf } from "../support/oracle-codec.ts";
import { canonicalJson, parseJsonTree } from "../support/oracle-json.ts";
import type { PeerCodec } from "../support/peer-codec.ts";
import { arbitraryPeerCall, holdsBools, holdsBoolsInContainers, holdsSets } from "../support/peer-schema.ts";
import { PythonCodec } from "../support/python-codec.ts";
import { messageBytes, messageType } from "../support/thrift-bytes.ts";

type Verdict = { readonly reply: OracleReply } | { readonly refused: string };

const limits = { maxMessageBytes: 1_000_000, maxDepth: 64 };
const mutationsPerReply = 10;

function ourVerdict({ schema, method }: SchemaAndMethod, protocol: Protocol, message: Uint8Array): Verdict {
  const codec = createServiceCodec(schema, "Echo").method(method.name)!;
  const verdicts: Verdict[] = [];
  const length = Buffer.alloc(4);
  length.writeInt32BE(message.length);
  const reader = createMessageReader(
    { transport: "framed", protocol },
    (bytes, offset, end) => {
      const reply = codec.decodeResult(bytes, readMessageHeader(bytes, offset, end).bodyOffset, end);
      verdicts.push({ reply: { ...reply, json: canonicalJson(parseJsonTree(Buffer.from(reply.json).toString())) } });
    },
    limits,
  );
  try {
    reader.push(Buffer.concat([length, message]));
  } catch (error) {
    if (!(error instanceof ReplyFault)) throw error;
    return { refused: error.message };
  }
  expect(verdicts).toHaveLength(1);
  return verdicts[0]!;
}

/** The peer reads; what its values mean as a reply, the oracle says, since it is generated code that knows it. */
async function peerVerdict(
  peer: PeerCodec,
  { schema, method }: SchemaAndMethod,
  protocol: Protocol,
  message: Uint8Array,
): Promise<Verdict> {
  const answer = await peer.ask(schema, method, { message, read: "reply", from: protocol, to: "value" });
  if ("refused" in answer) return answer;
  try {
    return { reply: oracleDecode(schema, method, answer.message) };
  } catch (error) {
    if (error instanceof OracleFault) return { refused: error.message };
    throw error;
  }
}

/** A reply's message, and where its body begins. */
function replyOf({ schema, method, json }: SchemaAndMethod & { json: string }, protocol: Protocol): [Uint8Array, number] {
  const body = Buffer.from(resultOf(oracleEncode(schema, method, json).fields[0]![1]));
  const message = messageBytes({ type: messageType.reply, name: method.name, seqid: 1, body });
  if (protocol === "binary") return [message, 12 + method.name.length];
  return [createCallFormat({ transport: "buffered", protocol })!(message, 1), 4 + method.name.length];
}

interface Peer {
  readonly codec: () => PeerCodec;
  /** Why we may refuse what it takes, in our words. */
  readonly takes: ReadonlySet<string> | "anything";
  /** Why it may refuse what we take, in its words. */
  readonly refuses: readonly RegExp[];
  /** What it is known to misread. */
  readonly misreads: (call: SchemaAndMethod, protocol: Protocol) => boolean;
}

function fuzz({ codec, takes, refuses, misreads }: Peer): void {
  const calls = fc
    .tuple(arbitraryPeerCall, fc.constantFrom("binary" as const, "compact" as const))
    .filter(([call, protocol]) => !misreads(call, protocol));
  const mutations = fc.array(arbitraryMutation, { minLength: mutationsPerReply, maxLength: mutationsPerReply });

  it("and, where there is one, its value", async () => {
    await fuzzProperty(
      fc.asyncProperty(calls, mutations, async ([call, protocol], all) => {
        const [message, bodyOffset] = replyOf(call, protocol);
        for (const mutation of all) {
          const bytes = Buffer.concat([message.subarray(0, bodyOffset), mutate(message.subarray(bodyOffset), mutation)]);
          const ours = ourVerdict(call, protocol, bytes);
          const theirs = await peerVerdict(codec(), call, protocol, bytes);
          const where = `${bytes.toString("hex")}: ${JSON.stringify({ ours, theirs })}`;
          if ("refused" in ours) {
            expect("refused" in theirs || takes === "anything" || takes.has(ours.refused), where).toBe(true);
          } else if ("refused" in theirs) {
            expect(
              refuses.some((pattern) => pattern.test(theirs.refused)),
              where,
            ).toBe(true);
          } else expect(ours, where).toEqual(theirs);
        }
      }),
    );
  });
}

/** Of the decoder in C, which looks at the types that containers declare; the one in Python does not. */
describeWith(apacheThriftForPython, `mutated replies get the verdict of Python's decoder, seed ${fuzzSeed}`, () => {
  let python: PythonCodec;
  beforeAll(() => {
    python = new PythonCodec({ fast: true });
  });
  afterAll(() => python.close());

  describe("but for what is known", { timeout: fuzzTimeout }, () =>
    fuzz({
      codec: () => python,
      takes: new Set([
        "bytes follow the result",
        "bytes follow the message",
        "a string is not UTF-8",
        // An empty container of a type that does not exist; in the compact protocol a stop byte with a number in it, too.
        "a type code is unknown or not the one expected",
        "a field id is no i16",
        "a number is no i16",
        "a varint is longer than its type",
        // The last of several is taken, whatever the others are.
        "a field occurs twice in a struct",
        "a key occurs twice in a map",
        "the result holds several values or exceptions",
        "a required field is missing",
        "a union does not hold exactly one known member",
      ]),
      refuses: [
        // 0.17 has no UUIDs.
        /^TypeError: (Error while skipping unknown field|don't know what type: 13|.* but got 16$)/,
        // A number with zeros in front.
        /^OverflowError: varint exceeded/,
      ],
      misreads: (call, protocol) => holdsSets(call) || (protocol === "binary" && holdsBools(call)),
    }),
  );
});

/** It ignores the types that containers declare, and goes on with other bytes than we do. */
describe(`mutated replies get the verdict of the npm package, seed ${fuzzSeed}`, { timeout: fuzzTimeout }, () =>
  fuzz({
    codec: () => npmCodec,
    takes: "anything",
    refuses: [/^TypeError: Stringified UUID is invalid/],
    misreads: (call, protocol) => protocol === "compact" && holdsBoolsInContainers(call),
  }),
);
