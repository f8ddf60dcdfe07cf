import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { joinGateway } from "@thriftgate/server-utils";
import { createServer, TBinaryProtocol, TFramedTransport } from "thrift";
import { createGateway, type Gateway } from "thriftgate";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { AssetManagementProcessor } from "../../rpc-services/asset-service/src/asset-management.ts";
import { createAssetStore } from "../../rpc-services/asset-service/src/asset-store.ts";
import { createAuthority } from "../support/certificates.ts";
import { apacheThriftForPython, describeWith, pythonWithThrift } from "../support/components.ts";
import { connect, idlText, register, request } from "../support/gateway-client.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";

const authority = createAuthority();
const serverIdentity = authority.issue({ names: ["servers.internal"] });
const gatewayIdentity = authority.issue({ names: ["gateway.internal"] });

let directory: TemporaryDirectory;
let gateway: Gateway;
let url: string;

function fileOf(name: string, content: string): string {
  const path = join(directory.path, name);
  writeFileSync(path, content);
  return path;
}

beforeEach(async () => {
  directory = createTemporaryDirectory();
  gateway = createGateway({
    port: 0,
    adminPort: 0,
    dataDir: join(directory.path, "gateway"),
    logLevel: "silent",
    instanceCaFile: fileOf("ca.pem", authority.cert),
    instanceCertFile: fileOf("cert.pem", gatewayIdentity.cert),
    instanceKeyFile: fileOf("key.pem", gatewayIdentity.key),
  });
  ({ url } = await gateway.listen());
});

afterEach(async () => {
  await gateway.close();
  directory.remove();
});

it("calls Apache's Node server over mutual TLS; it joins by itself", async () => {
  const apiKey = await register(url, "ann", [
    { name: "AssetManagement", idl: idlText("asset_management.thrift"), paths: { new: "insertAsset", get: "queryAsset" } },
  ]);
  const server = createServer(AssetManagementProcessor, createAssetStore(join(directory.path, "assets")), {
    transport: TFramedTransport,
    protocol: TBinaryProtocol,
    tls: { ...serverIdentity, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
  }) as Server;
  server.on("error", () => {});
  server.listen(0, "127.0.0.1");
  const membership = joinGateway({
    gateways: url,
    apiKey,
    service: "AssetManagement",
    address: "127.0.0.1",
    server,
    dialect: { tlsServerName: "servers.internal" },
    leaveOnSignals: [],
  });
  await once(membership, "joined");
  const asset = { ID: "1", Name: "gold", Market: "metal" };
  expect((await request(`${url}/AssetManagement/new`, { method: "POST", json: asset })).json).toMatchObject({ Ok: true });
  const names = await Promise.all(
    Array.from({ length: 100 }, async () => (await request(`${url}/AssetManagement/get?ID=1`)).json.Name),
  );
  expect(new Set(names)).toEqual(new Set(["gold"]));
  await membership.leave();
  server.close();
});

it("answers 502 where no instance can be trusted, without its address", async () => {
  const idl = idlText("asset_management.thrift");
  const Options = { tls: true, transport: "framed" };
  const paths = [{ ExposedMethod: "queryAsset", MethodPath: "get" }];
  const service = { ServiceName: "AssetManagement", IdlContent: idl, Paths: paths, Options };
  const registered = await request(`${url}/register`, {
    method: "POST",
    json: [{ OwnerName: "Ann", OwnerId: "ann", Services: [service] }],
  });
  const server = createServer(AssetManagementProcessor, createAssetStore(join(directory.path, "assets")), {
    tls: { ...serverIdentity },
  }) as Server;
  server.on("error", () => {});
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as { port: number };
  const apiKey = registered.json["API-Key"];
  await connect(url, apiKey, "AssetManagement", port);
  const refused = await request(`${url}/AssetManagement/get?ID=1`);
  expect(refused).toMatchObject({ status: 502, json: { code: "UPSTREAM_TLS_FAILED" } });
  expect(refused.text).not.toContain("127.0.0.1");
  server.close();
});

describeWith(apacheThriftForPython, "a Thrift server in Python", () => {
  let generated: TemporaryDirectory;
  let server: ChildProcess;

  beforeAll(() => {
    generated = createTemporaryDirectory();
    const idl = resolve(import.meta.dirname, "../support/idl/everything.thrift");
    execFileSync("thrift", ["--gen", "py", "-out", generated.path, idl]);
  });
  afterEach(() => server?.kill());
  afterAll(() => generated.remove());

  it.each([{}, { transport: "framed" }])("is called with TLS: %o", async (dialect) => {
    const python = resolve(import.meta.dirname, "../support/python-server.py");
    server = spawn(pythonWithThrift as string, [python, generated.path, "framed", "binary"], {
      stdio: ["ignore", "pipe", "ignore"],
      env: {
        ...process.env,
        TLS_CERT_FILE: fileOf("server-cert.pem", serverIdentity.cert),
        TLS_KEY_FILE: fileOf("server-key.pem", serverIdentity.key),
      },
    });
    const [line] = await once(createInterface({ input: server.stdout as NodeJS.ReadableStream }), "line");
    const { port } = JSON.parse(line as string);
    const apiKey = await register(url, "ann", [{ name: "Echo", idl: idlText("everything.thrift"), paths: ["greet"] }]);
    const Meta = { ...dialect, tls: "true", tlsServerName: "servers.internal" };
    await connect(url, apiKey, "Echo", port, { Meta });
    const answer = await request(`${url}/Echo/greet`, { method: "POST", json: { name: "TLS" } });
    expect(answer).toMatchObject({ status: 200, json: "Hello, TLS" });
  });
});
