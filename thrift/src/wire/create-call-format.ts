import type { MetadataSource } from "./call-metadata.ts";
import { toCompact } from "./compact-writer.ts";
import type { Dialect } from "./dialect.ts";
import { headerFrame } from "./header-frame.ts";
import { readInt32 } from "./skip.ts";
import { theader, writeTheaderInfo } from "./theader.ts";
import { ttheader, writeTtheaderInfo } from "./ttheader.ts";

/** A call of the binary protocol, as the encoder wrote it → its bytes on the wire, with this seqid, in a copy. */
export type CallFormat = (call: Uint8Array, seqid: number, source?: MetadataSource) => Uint8Array;

/** `accessToken`: TTHeader's ACL token. `undefined`: calls go as they are, but for their seqid and for a length in front of them where the transport is framed. */
export function createCallFormat({ transport, protocol, multiplexed }: Dialect, accessToken?: string): CallFormat | undefined {
  const message: CallFormat = (call, seqid) => {
    const name = multiplexed === undefined ? undefined : `${multiplexed}:${nameOf(call)}`;
    return protocol === "compact" ? toCompact(call, seqid, name) : toBinary(call, seqid, name);
  };
  const isPlain = protocol === "binary" && multiplexed === undefined;
  switch (transport) {
    case "framed":
      return isPlain ? undefined : (call, seqid) => withLength(message(call, seqid));
    case "buffered":
      return isPlain ? undefined : message;
    case "header":
      return (call, seqid, source) => {
        const info = writeTheaderInfo(protocol, source?.metadata?.());
        return headerFrame(theader.magic, seqid, info, message(call, seqid));
      };
    case "ttheader":
      return (call, seqid, source) => {
        const info = writeTtheaderInfo(protocol, source?.metadata?.(), nameOf(call), call[3]!, accessToken);
        return headerFrame(ttheader.magic, seqid, info, message(call, seqid));
      };
  }
}

function nameOf(call: Uint8Array): string {
  return new TextDecoder().decode(call.subarray(8, 8 + readInt32(call, 4)));
}

/** The same message of the strict binary protocol, with another seqid and maybe another name. */
function toBinary(call: Uint8Array, seqid: number, name = nameOf(call)): Uint8Array {
  const nameBytes = Buffer.from(name);
  const body = call.subarray(12 + readInt32(call, 4));
  const message = Buffer.allocUnsafe(12 + nameBytes.length + body.length);
  message.set(call.subarray(0, 4));
  message.writeInt32BE(nameBytes.length, 4);
  message.set(nameBytes, 8);
  message.writeInt32BE(seqid, 8 + nameBytes.length);
  message.set(body, 12 + nameBytes.length);
  return message;
}

function withLength(message: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(4 + message.length);
  frame.writeInt32BE(message.length, 0);
  frame.set(message, 4);
  return frame;
}
