import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { MethodDescriptor, Schema } from "../../thrift/src/schema/descriptors.ts";
import { pythonWithThrift } from "./components.ts";
import { type PeerAnswer, type PeerCodec, type PeerRequest, resultFields } from "./peer-codec.ts";

/** Apache's Python library, in one process for many cases. */
export class PythonCodec implements PeerCodec {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #fast: boolean;
  #defined: Schema | undefined;

  /** `fast`: reads with its C decoder, which checks more than the one in Python. */
  constructor({ fast }: { readonly fast: boolean }) {
    this.#fast = fast;
    this.#process = spawn(pythonWithThrift as string, [resolve(import.meta.dirname, "python-codec.py")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#reader = createInterface({ input: this.#process.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async ask(schema: Schema, method: MethodDescriptor, { echo = false, message, ...request }: PeerRequest): Promise<PeerAnswer> {
    if (this.#defined !== schema) {
      this.#defined = schema;
      const structs = schema.structs.map(({ fields }) => ({ fields: fields.map(({ id, type }) => [id, type]) }));
      this.#write({ define: { structs, result: resultFields(method), arguments: method.argumentsIndex } });
    }
    this.#write({ ...request, echo, fast: this.#fast, message: Buffer.from(message).toString("base64") });
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the Python process has ended");
    const answer = JSON.parse(value);
    return answer.refused === undefined ? { message: Buffer.from(answer.message, "base64") } : answer;
  }

  close(): void {
    this.#reader.close();
    this.#process.kill();
  }

  #write(request: object): void {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
  }
}
