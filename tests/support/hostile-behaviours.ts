import type { Socket } from "node:net";
import { frame, messageType, stringStruct } from "./thrift-bytes.ts";
import { type Behaviour, type PeerCall, silent } from "./thrift-peer.ts";

/** One way to treat a call badly, and the error code that its caller must get. */
export interface Hostility {
  readonly behaviour: Behaviour;
  readonly code: "UPSTREAM_BAD_REPLY" | "UPSTREAM_REPLY_TOO_LARGE" | "UPSTREAM_CONNECTION_LOST" | "UPSTREAM_TIMEOUT";
  /** Only such a stream can be wrong in this way. */
  readonly only?: "framed" | "buffered";
}

/** Sends the first bytes of the right reply, then resets the connection. */
export function resetAfter(count: number): Behaviour {
  return ({ socket, replyBytes }) => {
    if (count === 0) socket.resetAndDestroy();
    else socket.write(replyBytes().subarray(0, count), () => socket.resetAndDestroy());
  };
}

/** The right reply byte by byte, one every `everyMs`. */
export function drip(everyMs: number): Behaviour {
  return ({ socket, replyBytes }) => {
    const bytes = replyBytes();
    let at = 0;
    const timer = setInterval(() => {
      socket.write(bytes.subarray(at, at + 1));
      at += 1;
      if (at === bytes.length) clearInterval(timer);
    }, everyMs);
    socket.on("close", () => clearInterval(timer));
  };
}

const bytesOf = (make: (call: PeerCall) => Buffer): Behaviour => {
  return (call) => call.socket.write(make(call));
};

const frameOfSize = (size: number): Behaviour => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(size, 0);
  return bytesOf(() => length);
};

function pourEndlessly(socket: Socket): void {
  const chunk = Buffer.alloc(64 * 1024, 1);
  const pour = () => {
    while (socket.writable && socket.write(chunk));
  };
  socket.on("drain", pour);
  pour();
}

/** Declares a huge frame, and never stops filling it. */
export function endlessFrame(call: PeerCall): void {
  frameOfSize(0x7fff_ffff)(call);
  pourEndlessly(call.socket);
}

/** By name, for tests that loop over all of them. */
export const hostileBehaviours: Readonly<Record<string, Hostility>> = {
  "a seqid that was never issued": {
    behaviour: bytesOf((call) => call.replyBytes({ seqid: 0x7eee_eeee })),
    code: "UPSTREAM_BAD_REPLY",
  },
  "a negative seqid": { behaviour: bytesOf((call) => call.replyBytes({ seqid: -1 })), code: "UPSTREAM_BAD_REPLY" },
  "seqid 0": { behaviour: bytesOf((call) => call.replyBytes({ seqid: 0 })), code: "UPSTREAM_BAD_REPLY" },
  "another method's name": {
    behaviour: bytesOf((call) => call.replyBytes({ name: `${call.name}2` })),
    code: "UPSTREAM_BAD_REPLY",
  },
  "no name": { behaviour: bytesOf((call) => call.replyBytes({ name: "" })), code: "UPSTREAM_BAD_REPLY" },
  "the call itself as reply": {
    behaviour: bytesOf((call) => call.replyBytes({ type: messageType.call })),
    code: "UPSTREAM_BAD_REPLY",
  },
  "a oneway as reply": {
    behaviour: bytesOf((call) => call.replyBytes({ type: messageType.oneway })),
    code: "UPSTREAM_BAD_REPLY",
  },
  "an unknown message type": { behaviour: bytesOf((call) => call.replyBytes({ type: 9 })), code: "UPSTREAM_BAD_REPLY" },
  "a frame of size 0": { behaviour: frameOfSize(0), code: "UPSTREAM_BAD_REPLY", only: "framed" },
  "a frame of size -1": { behaviour: frameOfSize(-1), code: "UPSTREAM_BAD_REPLY", only: "framed" },
  "a frame of size -4": { behaviour: frameOfSize(-4), code: "UPSTREAM_BAD_REPLY", only: "framed" },
  "a frame of size -2147483648": { behaviour: frameOfSize(-0x8000_0000), code: "UPSTREAM_BAD_REPLY", only: "framed" },
  "a frame of size 16384001": { behaviour: frameOfSize(16_384_001), code: "UPSTREAM_REPLY_TOO_LARGE", only: "framed" },
  "a frame of size 2147483647": { behaviour: frameOfSize(0x7fff_ffff), code: "UPSTREAM_REPLY_TOO_LARGE", only: "framed" },
  "a huge frame, and bytes without end": {
    behaviour: endlessFrame,
    code: "UPSTREAM_REPLY_TOO_LARGE",
    only: "framed",
  },
  "a frame that ends inside the header": {
    behaviour: bytesOf(() => frame(Buffer.from([0x80, 1, 0, 2, 0]))),
    code: "UPSTREAM_BAD_REPLY",
    only: "framed",
  },
  "a frame of noise": { behaviour: bytesOf(() => frame(Buffer.alloc(64, 0xa5))), code: "UPSTREAM_BAD_REPLY", only: "framed" },
  noise: { behaviour: bytesOf(() => Buffer.alloc(64, 0xa5)), code: "UPSTREAM_BAD_REPLY" },
  HTTP: {
    behaviour: bytesOf(() => Buffer.from("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")),
    code: "UPSTREAM_BAD_REPLY",
  },
  "an SSH banner": {
    behaviour: bytesOf(() => Buffer.from("SSH-2.0-OpenSSH_9.6\r\n")),
    code: "UPSTREAM_REPLY_TOO_LARGE",
    only: "framed",
  },
  "the end, with no reply": { behaviour: ({ socket }) => socket.end(), code: "UPSTREAM_CONNECTION_LOST" },
  "half a reply, then the end": {
    behaviour: ({ socket, replyBytes }) => socket.end(replyBytes().subarray(0, 10)),
    code: "UPSTREAM_CONNECTION_LOST",
  },
  "a reset, with no reply": { behaviour: resetAfter(0), code: "UPSTREAM_CONNECTION_LOST" },
  "half a reply, then a reset": { behaviour: resetAfter(10), code: "UPSTREAM_CONNECTION_LOST" },
  silence: { behaviour: silent, code: "UPSTREAM_TIMEOUT" },
  "half a reply, then silence": {
    behaviour: ({ socket, replyBytes }) => socket.write(replyBytes().subarray(0, 10)),
    code: "UPSTREAM_TIMEOUT",
  },
  "one byte at a time, too slowly": { behaviour: drip(100), code: "UPSTREAM_TIMEOUT" },
  "a string without end": {
    behaviour(call) {
      const endless = stringStruct(0, "");
      endless.writeInt32BE(0x7fff_ffff, 3);
      call.socket.write(call.replyBytes({ body: endless }));
      pourEndlessly(call.socket);
    },
    code: "UPSTREAM_REPLY_TOO_LARGE",
    only: "buffered",
  },
};
