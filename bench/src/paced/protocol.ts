import { compileIdl, createServiceCodec } from "@thriftgate/thrift";
import { answerBytes } from "../fixtures/answers.ts";
import { type BenchCall, idl, isRightAnswer, serviceName } from "../fixtures/calls.ts";

/** How the paced load says a call, and what it makes of the bytes that come back. */
export interface PacedProtocol {
  readonly request: Buffer;
  /** Of the answer that these bytes begin with; `undefined`: not known yet. */
  answerLength(bytes: Buffer): number | undefined;
  isRight(answer: Buffer): boolean;
}

const headEnd = "\r\n\r\n";

export function httpProtocol(call: BenchCall): PacedProtocol {
  const ofBody = call.body === "" ? "" : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(call.body)}\r\n`;
  const answer = Buffer.from(call.answer);
  const rightStatus = Buffer.from(String(call.status));
  /** Where the one right body ends; looked for first, since it costs less than to read a head. */
  const endOfRight = (bytes: Buffer) => {
    const at = bytes.indexOf(answer);
    return at < 0 ? undefined : at + answer.length;
  };
  return {
    request: Buffer.from(`${call.method} ${call.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${ofBody}\r\n${call.body}`),
    answerLength(bytes) {
      const known = endOfRight(bytes);
      if (known !== undefined) return known;
      const end = bytes.indexOf(headEnd);
      if (end < 0) return undefined;
      const length = /\r\ncontent-length: (\d+)/i.exec(bytes.toString("latin1", 0, end));
      return end + headEnd.length + Number(length![1]);
    },
    isRight(bytes) {
      if (bytes.compare(rightStatus, 0, 3, 9, 12) === 0 && endOfRight(bytes) === bytes.length) return true;
      return isRightAnswer(
        call,
        Number(bytes.toString("latin1", 9, 12)),
        bytes.toString("utf8", bytes.indexOf(headEnd) + headEnd.length),
      );
    },
  };
}

export function thriftProtocol(call: BenchCall): PacedProtocol {
  const linked = compileIdl({ "bench.thrift": idl }, "bench.thrift");
  if (!linked.ok) throw new Error(linked.faults[0]!.message);
  const { bytes, seqidOffset } = createServiceCodec(linked.schema, serviceName)
    .method(call.thriftMethod)!
    .encodeJson(Buffer.from(call.body));
  const request = frame(bytes);
  const header = Buffer.from(bytes.subarray(0, seqidOffset + 4));
  const replyType = 2;
  header[3] = replyType;
  const right = frame(Buffer.concat([header, answerBytes().get(call.thriftMethod)!]));
  return {
    request,
    answerLength: (answer) => (answer.length < 4 ? undefined : 4 + answer.readUInt32BE(0)),
    isRight: (answer) => answer.equals(right),
  };
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(4 + message.length);
  framed.writeUInt32BE(message.length, 0);
  framed.set(message, 4);
  return framed;
}
