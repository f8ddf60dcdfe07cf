/**
 * A Thrift server that costs as little as one can: framed binary on node:net, the same answer to every call, its seqid
 * and method name copied from the request. Replies are written once per chunk read.
 */
import { type AddressInfo, createServer } from "node:net";

/** InsertAssetResponse { 1: bool Ok, 2: string Msg } as field 0 of the result. */
function answerBody(message: string): Buffer {
  const text = Buffer.from(message);
  const head = Buffer.from([12, 0, 0, 2, 0, 1, 1, 11, 0, 2, 0, 0, 0, 0]);
  head.writeUInt32BE(text.length, 10);
  return Buffer.concat([head, text, Buffer.from([0, 0])]);
}

const body = answerBody("insert success");

/** The request's header (version, name, seqid) turned into a reply's, then the body. */
function reply(frame: Buffer, offset: number): Buffer {
  const nameLength = frame.readUInt32BE(offset + 8);
  const headerLength = 4 + 4 + nameLength + 4;
  const out = Buffer.allocUnsafe(4 + headerLength + body.length);
  out.writeUInt32BE(headerLength + body.length, 0);
  frame.copy(out, 4, offset + 4, offset + 4 + headerLength);
  out[7] = 2;
  body.copy(out, 4 + headerLength);
  return out;
}

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const replies: Buffer[] = [];
    let offset = 0;
    while (bytes.length - offset >= 4 && bytes.length - offset - 4 >= bytes.readUInt32BE(offset)) {
      replies.push(reply(bytes, offset));
      offset += 4 + bytes.readUInt32BE(offset);
    }
    rest = bytes.subarray(offset);
    if (replies.length > 0) socket.write(replies.length === 1 ? (replies[0] as Buffer) : Buffer.concat(replies));
  });
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ event: "ready", url: `tcp://127.0.0.1:${port}`, port, pid: process.pid })}\n`);
});
