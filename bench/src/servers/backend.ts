/**
 * A Thrift server that costs as little as one can: framed binary on node:net, one fixed answer to each method, the
 * header of the request sent back. Arguments are not looked at. Replies are written once per chunk read.
 */
import { createServer, type Socket } from "node:net";
import { answerBytes } from "../fixtures/answers.ts";
import { announceReady } from "./announce-ready.ts";

const answers = answerBytes();
const replyType = 2;
const exceptionType = 3;
/** A TApplicationException { 2: i32 type } that says UNKNOWN_METHOD: gateways may ask for a method that nobody has, to hear how an instance speaks. */
const unknownMethod = Buffer.from([8, 0, 2, 0, 0, 0, 1, 0]);
/** From here on two writes are cheaper than a copy. */
const copyBytes = 16 * 1024;

/** The frame's length, the request's header (version, name, seqid) turned into a reply's; then the answer. */
function addReply(replies: Buffer[], request: Buffer, offset: number, headerEnd: number): void {
  const known = answers.get(request.toString("latin1", offset + 12, headerEnd - 4));
  const answer = known ?? unknownMethod;
  const headerLength = headerEnd - offset;
  const isSmall = answer.length < copyBytes;
  const reply = Buffer.allocUnsafe(isSmall ? headerLength + answer.length : headerLength);
  reply.writeUInt32BE(headerLength - 4 + answer.length, 0);
  request.copy(reply, 4, offset + 4, headerEnd);
  reply[7] = known === undefined ? exceptionType : replyType;
  if (isSmall) answer.copy(reply, headerLength);
  replies.push(reply);
  if (!isSmall) replies.push(answer);
}

function serve(socket: Socket): void {
  let header: Buffer = Buffer.alloc(0);
  /** What is left of a request whose header was answered. */
  let skipBytes = 0;
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    let offset = Math.min(skipBytes, chunk.length);
    skipBytes -= offset;
    if (offset === chunk.length) return;
    const bytes = header.length === 0 ? chunk : Buffer.concat([header, chunk]);
    const replies: Buffer[] = [];
    while (bytes.length - offset >= 12) {
      const headerEnd = offset + 12 + bytes.readUInt32BE(offset + 8) + 4;
      if (headerEnd > bytes.length) break;
      addReply(replies, bytes, offset, headerEnd);
      const end = offset + 4 + bytes.readUInt32BE(offset);
      skipBytes = Math.max(0, end - bytes.length);
      offset = Math.min(end, bytes.length);
    }
    header = bytes.subarray(offset);
    socket.cork();
    for (const reply of replies) socket.write(reply);
    socket.uncork();
  });
}

announceReady(createServer(serve), "tcp");
