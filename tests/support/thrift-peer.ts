import { EventEmitter, once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { frame, type Message, messageBytes, messageType, startsUnframed, takeMessage } from "./thrift-bytes.ts";

/** A call as it reached the peer. */
export interface PeerCall extends Message {
  readonly socket: Socket;
  /** Came behind a frame's length; the reply goes back in kind. */
  readonly framed: boolean;
  /** The right reply, as it goes onto the wire, or one that differs from it in some way. */
  replyBytes(difference?: Partial<Message>): Buffer;
}

/** What the peer does about a call; anything may be written to `call.socket`, also later. */
export type Behaviour = (call: PeerCall) => void;

export interface ThriftPeerOptions {
  /** Default {@link echo}. */
  readonly behaviour?: Behaviour;
  /** The result struct of a right reply. Default: the call's own arguments. */
  readonly resultOf?: (call: Message) => Buffer;
  /** Called first, e.g. to speak before being asked; `false`: the peer does nothing else with this connection. */
  readonly onConnection?: (socket: Socket) => boolean | undefined;
  /** Default 0, a free one. */
  readonly port?: number;
  /** Speaks TLS. */
  readonly tls?: TlsOptions;
}

/** A Thrift server of the binary protocol that does what a test tells it to, framed or buffered as it is spoken to. */
export interface ThriftPeer {
  readonly host: string;
  readonly port: number;
  /** May be replaced at any time. */
  behaviour: Behaviour;
  /** All calls so far, in the order of arrival. */
  readonly calls: readonly PeerCall[];
  /** Open ones, oldest first. */
  readonly connections: readonly Socket[];
  /** How many were ever accepted. */
  readonly accepted: number;
  /** Resolves when `condition` holds; looked at after each call, connection and close. */
  until(condition: (peer: ThriftPeer) => boolean): Promise<void>;
  close(): Promise<void>;
}

export const echo: Behaviour = (call) => {
  if (call.type === messageType.call) call.socket.write(call.replyBytes());
};

export const silent: Behaviour = () => {};

export async function startThriftPeer(options: ThriftPeerOptions = {}): Promise<ThriftPeer> {
  const calls: PeerCall[] = [];
  const connections: Socket[] = [];
  const changes = new EventEmitter().setMaxListeners(0);
  let accepted = 0;

  const server = options.tls ? createTlsServer(options.tls, onSocket) : createServer({ noDelay: true }, onSocket);

  function onSocket(socket: Socket): void {
    accepted += 1;
    connections.push(socket);
    // A peer that is torn down in the middle is what these tests are about.
    socket.on("error", () => {});
    socket.on("close", () => {
      connections.splice(connections.indexOf(socket), 1);
      changes.emit("change");
    });
    changes.emit("change");
    if (options.onConnection?.(socket) !== false) readCalls(socket);
  }

  function readCalls(socket: Socket): void {
    let chunks: Buffer[] = [];
    let received = 0;
    let needed = 0;
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < needed) return;
      let pending = chunks.length === 1 ? chunk : Buffer.concat(chunks);
      for (let taken = takeCall(pending, socket); taken !== undefined; taken = takeCall(pending, socket)) {
        pending = pending.subarray(taken.end);
        calls.push(taken.call);
        peer.behaviour(taken.call);
        changes.emit("change");
      }
      chunks = [pending];
      received = pending.length;
      // A large frame is looked at once, when it is whole.
      needed = received < 4 || startsUnframed(pending) ? 0 : 4 + pending.readInt32BE(0);
    });
  }

  function takeCall(bytes: Buffer, socket: Socket): { call: PeerCall; end: number } | undefined {
    const framed = !startsUnframed(bytes);
    const start = framed ? 4 : 0;
    if (framed && (bytes.length < 4 || bytes.length < 4 + bytes.readInt32BE(0))) return undefined;
    const taken = takeMessage(bytes.subarray(start));
    if (taken === undefined) return undefined;
    const { message } = taken;
    const replyBytes = (difference: Partial<Message> = {}) => {
      const body = difference.body ?? options.resultOf?.(message) ?? message.body;
      const reply = messageBytes({ type: messageType.reply, name: message.name, seqid: message.seqid, ...difference, body });
      return framed ? frame(reply) : reply;
    };
    return { call: { ...message, socket, framed, replyBytes }, end: start + taken.end };
  }

  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { address: host, port } = server.address() as AddressInfo;
  const peer: ThriftPeer = {
    host,
    port,
    behaviour: options.behaviour ?? echo,
    calls,
    connections,
    get accepted() {
      return accepted;
    },
    async until(condition) {
      while (!condition(peer)) await once(changes, "change");
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of [...connections]) socket.destroy();
      await closed;
    },
  };
  return peer;
}
