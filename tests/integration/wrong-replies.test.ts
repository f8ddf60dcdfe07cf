import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createGateway, type Gateway } from "thriftgate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMessageReader } from "../../thrift/src/wire/create-message-reader.ts";
import { readMessageHeader } from "../../thrift/src/wire/message.ts";
import { connect, idlText, register, request } from "../support/gateway-client.ts";
import { type Part, rightBytes, type WrongMessage, wrongMessages } from "../support/slots.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { binaryReply } from "../support/wrong-binary.ts";
import { compactReply } from "../support/wrong-compact.ts";
import { headerParts, wrongFrames } from "../support/wrong-frames.ts";

const dialects = (["framed", "buffered", "header", "ttheader"] as const).flatMap((transport) =>
  (["binary", "compact"] as const).map((protocol) => ({ transport, protocol })),
);
const mebibyte = 2 ** 20;

/** A server that sends one reply, wrong in the way that the case says, or right. */
class WrongServer {
  readonly #dialect: (typeof dialects)[number];
  readonly #server: Server;
  readonly connections = new Set<Socket>();
  /** The number of the wrong message to send; `undefined`: the right one. */
  wrong: number | undefined;
  accepted = 0;

  constructor(dialect: (typeof dialects)[number]) {
    this.#dialect = dialect;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.connections) socket.destroy();
  }

  /** The messages that a call of that name and seqid may be answered with. */
  messages(name: string, seqid: number): { right: Buffer; wrong: WrongMessage[] } {
    const { transport, protocol } = this.#dialect;
    const message: Part[] = protocol === "binary" ? binaryReply(name, seqid) : compactReply(name, seqid);
    if (transport === "buffered") return { right: rightBytes(message), wrong: [...wrongMessages(message)] };
    // What a header transport carries is read as what a frame carries.
    const content = transport === "framed" ? message : headerParts(transport, protocol, [rightBytes(message)]);
    const right = rightBytes(content);
    const length = Buffer.alloc(4);
    length.writeInt32BE(right.length);
    return { right: Buffer.concat([length, right]), wrong: [...wrongFrames(content)] };
  }

  #serve(socket: Socket): void {
    this.accepted += 1;
    this.connections.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.connections.delete(socket));
    const reader = createMessageReader(
      this.#dialect,
      (bytes, offset, end) => {
        const { name, seqid } = readMessageHeader(bytes, offset, end);
        const { right, wrong } = this.messages(name, seqid);
        if (this.wrong === undefined) socket.write(right);
        else if (wrong[this.wrong]!.waits) socket.end(wrong[this.wrong]!.bytes);
        else socket.write(wrong[this.wrong]!.bytes);
      },
      { maxMessageBytes: 100_000, maxDepth: 64 },
    );
    socket.on("data", (chunk) => reader.push(chunk));
  }
}

describe.each(dialects)("$transport $protocol", (dialect) => {
  let server: WrongServer;
  let gateway: Gateway;
  let dataDir: TemporaryDirectory;
  let url: string;

  beforeAll(async () => {
    server = new WrongServer(dialect);
    const port = await server.listen();
    dataDir = createTemporaryDirectory();
    gateway = createGateway({ port: 0, adminPort: 0, dataDir: dataDir.path, logLevel: "silent" });
    ({ url } = await gateway.listen());
    const apiKey = await register(url, "owner", [{ name: "Echo", idl: idlText("everything.thrift"), paths: ["echo"] }]);
    await connect(url, apiKey, "Echo", port, { Meta: dialect });
    expect((await call()).status).toBe(200);
  });

  afterAll(async () => {
    await gateway.close();
    server.close();
    dataDir.remove();
  });

  const call = () => request(`${url}/Echo/echo`, { method: "POST", json: {} });
  const cases = new WrongServer(dialect).messages("echo", 1).wrong.map(({ name }, number) => ({ name, number }));

  // Each finds the connection on which the one before it was answered.
  it.each(cases)("$name", async ({ number }) => {
    server.wrong = number;
    const before = process.memoryUsage().arrayBuffers;
    const { accepted } = server;
    const answer = await call();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * mebibyte);
    expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 502 });
    expect(answer.json.code).toMatch(/^UPSTREAM_(BAD_REPLY|REPLY_TOO_LARGE|CONNECTION_LOST)$/);
    server.wrong = undefined;
    expect((await call()).status).toBe(200);
    expect(server.accepted, "connections").toBe(accepted + 1);
  });
});
