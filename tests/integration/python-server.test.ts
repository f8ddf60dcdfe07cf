import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createGateway, type Gateway } from "thriftgate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { apacheThriftForPython, describeWith, pythonWithThrift } from "../support/components.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";

const support = resolve(import.meta.dirname, "../support");
const idl = join(support, "idl/everything.thrift");

const everything = {
  flag: true,
  tiny: -128,
  small: 32767,
  medium: -2147483648,
  large: "9223372036854775807",
  real: 0.1,
  text: 'Zürich, 東京, 🚀, \u0000 " \\ \n',
  bytes: "AAEC/w==",
  colour: -3,
  point: { x: 1, y: -1 },
  longs: ["-9223372036854775808", "0", "9007199254740993"],
  names: ["one"],
  prices: { "": 1e308, "a/b": -0.5 },
  places: { "-1": { x: 2, y: 3 } },
  marks: { "1": [true, false], "-3": [] },
  choice: { points: [{ x: 0, y: 0 }] },
  nested: [{ a: [1] }, {}],
  again: { flag: false, text: "" },
};

/** JSON text with the quoted integers of `everything` as plain digits, which JSON.stringify cannot write. */
function withPlainLongs(text: string): string {
  return text.replace(/"(-?\d{16,})"/g, "$1").replace(/\["0"|,"0"/g, (match) => match.replaceAll('"', ""));
}

describeWith(apacheThriftForPython, "a Thrift server in Python", () => {
  let generated: TemporaryDirectory;

  beforeAll(() => {
    generated = createTemporaryDirectory();
    execFileSync("thrift", ["--gen", "py", "-out", generated.path, idl]);
  });
  afterAll(() => generated.remove());

  const dialects = [
    { transport: "framed", protocol: "binary" },
    { transport: "buffered", protocol: "binary" },
    { transport: "framed", protocol: "compact" },
    { transport: "buffered", protocol: "compact" },
    { transport: "header", protocol: "binary" },
    { transport: "header", protocol: "compact" },
    { transport: "framed", protocol: "binary", multiplexed: "Echo" },
    { transport: "buffered", protocol: "compact", multiplexed: "Other" },
  ];
  const undeclared = [
    { transport: "framed", protocol: "binary" },
    { transport: "buffered", protocol: "binary" },
    { transport: "framed", protocol: "compact" },
    { transport: "buffered", protocol: "compact" },
    { transport: "header", protocol: "binary" },
  ];
  const cases = [
    ...dialects.map((dialect) => ({ dialect, Meta: dialect, title: Object.values(dialect).join(" ") })),
    ...undeclared.map((dialect) => ({ dialect, Meta: {}, title: `${Object.values(dialect).join(" ")}, found out` })),
  ];
  for (const { dialect, Meta, title } of cases) {
    describeWith(apacheThriftForPython, title, () => {
      let server: ChildProcess;
      let gateway: Gateway;
      let dataDir: TemporaryDirectory;
      let url: string;

      beforeAll(async () => {
        const spoken = Object.values(dialect);
        server = spawn(pythonWithThrift as string, [join(support, "python-server.py"), generated.path, ...spoken], {
          stdio: ["ignore", "pipe", "ignore"],
        });
        const port = await new Promise<number>((found, failed) => {
          server.once("exit", () => failed(new Error("the server ended")));
          createInterface({ input: server.stdout as NodeJS.ReadableStream }).once("line", (line) => found(JSON.parse(line).port));
        });
        dataDir = createTemporaryDirectory();
        gateway = createGateway({ port: 0, adminPort: 0, dataDir: dataDir.path, logLevel: "silent" });
        ({ url } = await gateway.listen());
        const methods = ["echo", "add", "greet", "nothing", "notify", "received", "crash"];
        const registered = await post("/register", [
          {
            OwnerName: "Python",
            OwnerId: "python",
            Services: [
              {
                ServiceId: "1",
                ServiceName: "Echo",
                IdlContent: readFileSync(idl, "utf8"),
                Paths: methods.map((method) => ({ MethodPath: method, ExposedMethod: method })),
              },
            ],
          },
        ]);
        const { "API-Key": ApiKey } = JSON.parse(registered.text);
        const address = { ServerAddress: "127.0.0.1", ServerPort: String(port), Meta };
        const connected = await post("/connect", { ApiKey, ServiceName: "Echo", ...address });
        expect(connected.status).toBe(200);
      });

      afterAll(async () => {
        await gateway?.close();
        server?.kill();
        dataDir.remove();
      });

      async function post(path: string, body: unknown): Promise<{ status: number; text: string; json: Record<string, unknown> }> {
        const text = typeof body === "string" ? body : JSON.stringify(body);
        const response = await fetch(url + path, { method: "POST", body: text, headers: { "content-type": "application/json" } });
        const answer = await response.text();
        return { status: response.status, text: answer, json: JSON.parse(answer) };
      }

      it("echoes every type unchanged", async () => {
        const body = withPlainLongs(JSON.stringify(everything));
        const answer = await post("/Echo/echo", body);
        expect(answer.status).toBe(200);
        expect(JSON.parse(answer.text.replace(/(-?\d{16,})/g, '"$1"').replace(",0,", ',"0",'))).toEqual(everything);
      });

      it("adds where JSON numbers lose precision", async () => {
        expect((await post("/Echo/add", '{"left":9223372036854775800,"right":7}')).text).toBe("9223372036854775807");
        const query = await fetch(`${url}/Echo/add?left=-9223372036854775807&right=-1`);
        expect(await query.text()).toBe("-9223372036854775808");
      });

      it("answers a declared exception as a problem with its value", async () => {
        const { status, json } = await post("/Echo/add", '{"left":9223372036854775807,"right":1}');
        expect(status).toBe(422);
        expect(json).toMatchObject({ code: "EXCEPTION", exception: "Refused", value: { reason: "the sum is no i64", code: 64 } });
      });

      it("answers an undeclared exception with 500 and without its text", async () => {
        const { status, text } = await post("/Echo/crash", "{}");
        expect(status).toBe(500);
        expect(text).toContain("UPSTREAM_EXCEPTION");
        expect(text).not.toContain("undeclared");
      });

      it("answers void with null and oneway with 202, and the call arrives", async () => {
        expect((await post("/Echo/nothing", "")).text).toBe("null");
        const sent = await post("/Echo/notify", { message: dialect.transport });
        expect(sent.status).toBe(202);
        await expect.poll(async () => (await post("/Echo/received", "{}")).text).toBe(JSON.stringify([dialect.transport]));
      });

      it("carries a megabyte of text", async () => {
        const name = "ä🚀".repeat(180_000);
        const { json, status } = await post("/Echo/greet", { name });
        expect(status).toBe(200);
        expect(json).toBe(`Hello, ${name}`);
      });

      it("carries many calls at once, each with its own answer", async () => {
        const names = Array.from({ length: 300 }, (_, index) => `caller ${index}`);
        const answers = await Promise.all(names.map((name) => post("/Echo/greet", { name })));
        expect(answers.map((answer) => answer.json)).toEqual(names.map((name) => `Hello, ${name}`));
      });
    });
  }
});
