import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway.ts";
import { idlText, register, request } from "../support/gateway-client.ts";
import { type GatewayProcess, type GatewayProcessOptions, startGatewayProcess } from "../support/gateway-process.ts";
import { type Program, repository, startProgram } from "../support/program.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const assetService = resolve(repository, "rpc-services/asset-service/dist/main.js");
const service = {
  name: "AssetManagement",
  idl: idlText("asset_management.thrift"),
  paths: { newAsset: "insertAsset", getAsset: "queryAsset" },
};

async function startGateway(options?: GatewayProcessOptions): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess(options);
  onTestFinished(() => gateway.stop());
  return gateway;
}

function startServer(apiKey: string, ...args: string[]): Program {
  return startProgram([assetService, "--data-dir", temporaryDirectory(), ...args], { env: { API_KEY: apiKey } });
}

/** Asks until the answer is 200; resolves to how long that took. */
async function untilServed(url: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const status = await request(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return performance.now() - began;
    if (performance.now() - began > 15_000) throw new Error(`still ${status}`);
  }
}

describe("a server that joined with server-utils", { timeout: 60_000 }, () => {
  it.each(["framed", "buffered"])("%s: takes calls, and none after its SIGTERM", async (transport) => {
    const gateway = await startGateway();
    const apiKey = await register(gateway.url, "owner", [service]);
    const server = startServer(apiKey, "--gateway", gateway.url, "--transport", transport);
    await server.says(/joined/);
    const inserted = await request(`${gateway.url}/AssetManagement/newAsset`, {
      method: "POST",
      json: { ID: "1", Name: "é", Market: "" },
    });
    expect(inserted.json).toEqual({ Ok: true, Msg: "insert success" });
    expect((await request(`${gateway.url}/AssetManagement/getAsset?ID=1`)).json).toEqual({
      Exist: true,
      ID: "1",
      Name: "é",
      Market: "",
    });
    expect((await request(`${gateway.url}/AssetManagement/getAsset?ID=none`)).json).toEqual({
      Exist: false,
      ID: "",
      Name: "",
      Market: "",
    });

    server.signal("SIGTERM");
    expect(await server.exit).toBe(0);
    expect((await request(`${gateway.url}/AssetManagement/getAsset?ID=1`)).json.code).toBe("NO_HEALTHY_INSTANCE");
  });

  it.each(["SIGTERM", "SIGKILL"] as const)(
    "takes calls again within 5 s of a gateway that ended with %s and came back",
    async (signal) => {
      const dataDir = temporaryDirectory();
      const first = await startGateway({ dataDir });
      const { url } = first;
      const apiKey = await register(url, "owner", [service]);
      const server = startServer(apiKey, "--gateway", url);
      await server.says(/joined/);
      await untilServed(`${url}/AssetManagement/getAsset?ID=1`);
      await first.end(signal);

      await startGateway({ dataDir, args: ["--port", new URL(url).port] });
      expect(await untilServed(`${url}/AssetManagement/getAsset?ID=1`)).toBeLessThan(5_000);
    },
  );

  it("takes calls within 5 s of a gateway that starts after it", async () => {
    const dataDir = temporaryDirectory();
    const first = await startGateway({ dataDir });
    const apiKey = await register(first.url, "owner", [service]);
    await first.end("SIGTERM");
    const server = startServer(apiKey, "--gateway", first.url);
    await server.says(/"ready"/);
    const second = await startGateway({ dataDir, args: ["--port", new URL(first.url).port] });
    expect(await untilServed(`${second.url}/AssetManagement/getAsset?ID=1`)).toBeLessThan(5_000);
  });
});

describe("the process that hosts a membership", () => {
  let gateway: FakeGateway;
  beforeEach(async () => {
    gateway = await startFakeGateway();
  });
  afterEach(() => gateway.close());

  function host(program: string) {
    const file = join(temporaryDirectory(), "host.mjs");
    const door = pathToFileURL(resolve(repository, "server-utils/dist/index.js")).href;
    const options = { gateways: gateway.url, apiKey: "key", service: "S", address: "127.0.0.1", port: 1 };
    writeFileSync(
      file,
      `import { joinGateway } from ${JSON.stringify(door)};
       const membership = joinGateway(${JSON.stringify(options)});
       membership.once("joined", () => console.log("joined"));
       ${program}`,
    );
    return startProgram([file]);
  }

  it("ends by a signal that it does not handle, after it left", async () => {
    const program = host("setInterval(() => {}, 1_000);");
    await program.says(/joined/);
    program.signal("SIGTERM");
    expect(await program.exit).toBe("SIGTERM");
    expect(gateway.requests.at(-1)?.path).toBe("/disconnect");
  });

  it("ends by the signal also when it has two memberships and the gateway is gone", async () => {
    const program = host(`
      joinGateway({ gateways: "http://127.0.0.1:1", apiKey: "key", service: "T", address: "127.0.0.1", port: 2 });
      setInterval(() => {}, 1_000);`);
    await program.says(/joined/);
    gateway.answer(() => "silence");
    program.signal("SIGINT");
    expect(await program.exit).toBe("SIGINT");
  });

  it("handles the signal itself as if we were not there", async () => {
    const program = host(`
      const timer = setInterval(() => {}, 1_000);
      process.on("SIGTERM", () => { console.log("host"); clearInterval(timer); process.exitCode = 7; });`);
    await program.says(/joined/);
    program.signal("SIGTERM");
    await program.says(/host/);
    expect(await program.exit).toBe(7);
    expect(gateway.requests.at(-1)?.path).toBe("/disconnect");
  });

  it.each([
    ["while it is joined", `membership.once("joined", () => setImmediate(() => console.log("idle")));`],
    ["while the gateway says nothing", ""],
    [
      "while its server never listens",
      `joinGateway({ gateways: "http://127.0.0.1:1", apiKey: "k", service: "S", address: "a", server: new (await import("node:net")).Server() });`,
    ],
  ])("is not kept alive: %s", async (_name, program) => {
    if (program === "") gateway.answer(() => "silence");
    expect(await host(program).exit).toBe(0);
  });
});
