import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { connect, register, request } from "../support/gateway-client.ts";
import { repository, startProgram, thriftgate } from "../support/program.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { silent, startThriftPeer } from "../support/thrift-peer.ts";

const runUntilSignalModule = pathToFileURL(join(repository, "gateway/dist/run-until-signal.js")).href;

const start = (...args: string[]) =>
  startProgram([thriftgate, "start", "--port", "0", "--admin-port", "0", "--data-dir", temporaryDirectory(), ...args]);

/** Resolves once nobody listens there any more. */
async function untilRefused(url: string): Promise<void> {
  while (await request(`${url}/ping`).catch(() => undefined));
}

describe("thriftgate start", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("writes one line of JSON when it serves, and ends with 0 after %s", async (signal) => {
    const gateway = start();
    const [line] = await gateway.says(/^\{.*\}\n/);
    const ready = JSON.parse(line) as { event: string; url: string; adminUrl: string; pid: number };
    expect(ready).toEqual({
      event: "ready",
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      adminUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      pid: gateway.pid,
    });
    expect((await request(`${ready.url}/ping`)).json).toEqual({ message: "pong" });
    expect((await request(`${ready.adminUrl}/live`)).status).toBe(200);
    gateway.signal(signal);
    expect(await gateway.exit).toBe(0);
    expect(gateway.stdout()).toBe(line);
  });

  it("prints the master key at the first start, and never again", async () => {
    const dataDir = temporaryDirectory();
    const first = start("--data-dir", dataDir);
    await first.says(/"ready"/);
    first.signal("SIGTERM");
    await first.exit;
    expect(first.stderr()).toMatch(/^Master key, shown only this once: [\w-]{43}$/m);
    const second = start("--data-dir", dataDir);
    await second.says(/"ready"/);
    second.signal("SIGTERM");
    await second.exit;
    expect(second.stderr()).not.toContain("Master key");
  });

  it("ends with 2 for faults of the configuration, all of them named", async () => {
    const file = join(temporaryDirectory(), "gateway.json");
    writeFileSync(file, '{ "adminKey": "hunter2", "hots": "::" }');
    const gateway = start("--workers", "many", "--config", file);
    expect(await gateway.exit).toBe(2);
    expect(gateway.stdout()).toBe("");
    expect(gateway.stderr()).toBe(
      [
        "thriftgate: The configuration has 3 faults:",
        `  adminKey (${file}): (its value is not shown); expected at least 16 characters, none of them blank or beyond ASCII`,
        `  workers (--workers): 'many'; expected a whole number from 1 to 1024, or "auto"`,
        `  hots (${file}): unknown key; did you mean host?`,
        "",
      ].join("\n"),
    );
  });

  it.each([
    ["an option that nobody knows", ["--prot", "1"], "error: unknown option '--prot'\n(Did you mean --port?)"],
    ["an argument that is none of its own", ["now"], "error: too many arguments for 'start'"],
    ["a public address without a choice", ["--host", "0.0.0.0"], "registration: not given; others can reach 0.0.0.0"],
    ["a store that nobody knows", ["--store", "mysql://db"], "store (--store): 'mysql://db'; expected"],
    ["a store's address that is none", ["--store", "mongodb://db:99999/"], "store: the driver says: Unable to parse db:99999"],
    ["a store's option that nobody knows", ["--store", "mongodb://db/?replicaset=a&foo=1"], "store: the driver says: option"],
    ["a registry that nobody knows", ["--registry", "etcd://c:8500"], "registry (--registry): 'etcd://c:8500'; expected"],
    ["a file that is not there", ["--config", "absent.json"], "absent.json: can't be read (ENOENT)"],
  ])("ends with 2 for %s", async (_name, args, message) => {
    const gateway = start(...args);
    expect(await gateway.exit).toBe(2);
    expect(gateway.stderr()).toContain(message);
  });

  it("ends with 1 when its port is taken, and says whose", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const gateway = start("--port", String(port));
    expect(await gateway.exit).toBe(1);
    expect(gateway.stderr()).toContain(`thriftgate: cannot listen on 127.0.0.1:${port}: another process uses the port\n`);
    expect(gateway.stdout()).toBe("");
    other.close();
  });

  it("ends with 1 when another gateway holds its data directory", async () => {
    const dataDir = temporaryDirectory();
    const first = start("--data-dir", dataDir);
    await first.says(/"ready"/);
    const second = start("--data-dir", dataDir);
    expect(await second.exit).toBe(1);
    expect(second.stderr()).toContain(dataDir);
    expect(second.stderr()).not.toContain("    at ");
  });

  /** A gateway with a call under way at an instance that answers when `reply` is called. */
  async function withCallUnderWay() {
    const gateway = start();
    const [, url] = await gateway.says(/"url":"([^"]+)"/);
    const peer = await startThriftPeer({ behaviour: silent, resultOf: () => Buffer.from([0]) });
    const apiKey = await register(url!, "owner", [{ name: "S", idl: "service S { void m() }", paths: ["m"] }]);
    await connect(url!, apiKey, "S", peer.port, { Meta: { transport: "framed" } });
    const call = request(`${url}/S/m`);
    await peer.until(({ calls }) => calls.length === 1);
    const [slow] = peer.calls;
    return {
      gateway,
      call,
      reply: () => slow!.socket.write(slow!.replyBytes()),
      stopped: () => untilRefused(url!),
      stop: () => peer.close(),
    };
  }

  it("answers the calls under way before it ends", async () => {
    const { gateway, call, reply, stopped, stop } = await withCallUnderWay();
    gateway.signal("SIGTERM");
    await stopped();
    reply();
    expect(await call).toMatchObject({ status: 200, text: "null" });
    expect(await gateway.exit).toBe(0);
    await stop();
  });

  it("ends at once, with 1, at a second signal", async () => {
    const { gateway, call, stopped, stop } = await withCallUnderWay();
    gateway.signal("SIGINT");
    await stopped();
    gateway.signal("SIGINT");
    await expect(call).rejects.toThrow();
    expect(await gateway.exit).toBe(1);
    await stop();
  });

  it("ends with 0 when the signal comes while it starts", async () => {
    const program = `import { runUntilSignal } from ${JSON.stringify(runUntilSignalModule)};
      let failStart;
      await runUntilSignal({
        start: () => new Promise((_, reject) => { failStart = reject; process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000); }),
        stop: async () => { failStart(new Error("stopped in the middle")); await new Promise((resolve) => setTimeout(resolve, 50)); },
        onStopFailure: console.error,
      });`;
    const run = startProgram(["--input-type=module", "--eval", program]);
    expect(await run.exit).toBe(0);
    expect(run.stderr()).toBe("");
  });

  it("reads the environment", async () => {
    const gateway = startProgram([thriftgate, "start"], {
      env: {
        THRIFTGATE_PORT: "0",
        THRIFTGATE_ADMIN_PORT: "0",
        THRIFTGATE_DATA_DIR: temporaryDirectory(),
        THRIFTGATE_HOST: "::1",
      },
    });
    const [, url] = await gateway.says(/"url":"([^"]+)"/);
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });
});

describe("thriftgate", () => {
  it.each([
    ["--version", /^0\.1\.0\n$/],
    ["--help", /start \[options\] +run the gateway/],
  ])("answers %s", async (option, expected) => {
    const program = startProgram([thriftgate, option]);
    expect(await program.exit).toBe(0);
    expect(program.stdout()).toMatch(expected);
  });

  it("names every option of start", async () => {
    const program = startProgram([thriftgate, "start", "--help"]);
    expect(await program.exit).toBe(0);
    for (const option of ["host", "port", "admin-port", "config", "data-dir", "store", "registry", "workers", "log-level"]) {
      expect(program.stdout()).toContain(`--${option} <`);
    }
  });

  it("shows its commands, and ends with 2, when it is given none", async () => {
    const program = startProgram([thriftgate]);
    expect(await program.exit).toBe(2);
    expect(program.stderr()).toContain("Commands:");
  });
});

describe("thriftgate check", () => {
  const write = (name: string, text: string | Uint8Array, directory = temporaryDirectory()) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  it("is content with good files, their includes read from beside them", async () => {
    const directory = temporaryDirectory();
    write("types.thrift", "struct Name { 1: string text }", directory);
    const main = write("main.thrift", 'include "types.thrift"\nservice S { types.Name get() }', directory);
    const program = startProgram([thriftgate, "check", main, join(directory, "types.thrift")]);
    expect(await program.exit).toBe(0);
    expect(program.stdout()).toBe("2 files are good.\n");
  });

  it("says like a compiler what is wrong, each fault once", async () => {
    const directory = temporaryDirectory();
    write("types.thrift", "struct Name { 1: strin text }", directory);
    const main = write("main.thrift", 'include "types.thrift"\nservice S { types.Name get() }', directory);
    const program = startProgram([thriftgate, "check", main, join(directory, "types.thrift")]);
    expect(await program.exit).toBe(1);
    expect(program.stdout()).toBe("");
    expect(program.stderr()).toMatch(
      /^\S+\/types\.thrift:1:18: error: .*strin.*\n {2}struct Name \{ 1: strin text \}\n {2} {17}\^\n$/,
    );
  });

  it.each([
    ["a file that is not there", () => join(temporaryDirectory(), "absent.thrift"), /absent\.thrift: can't be read \(ENOENT\)/],
    ["a directory", () => temporaryDirectory(), /can't be read \(EISDIR\)/],
    ["bytes that are no UTF-8", () => write("latin.thrift", Buffer.from("struct \xe9 {}", "latin1")), /is not UTF-8/],
    [
      "an include that is not there",
      () => write("main.thrift", 'include "gone.thrift"'),
      /main\.thrift:1:\d+: error: .*gone\.thrift/,
    ],
    [
      "a file that includes itself",
      () => write("self.thrift", 'include "self.thrift"'),
      /self\.thrift:1:\d+: error: a file may not include itself/,
    ],
  ])("ends with 1 for %s", async (_name, path, message) => {
    const program = startProgram([thriftgate, "check", path()]);
    expect(await program.exit).toBe(1);
    expect(program.stderr()).toMatch(message);
    expect(program.stderr()).not.toContain("    at ");
  });
});
