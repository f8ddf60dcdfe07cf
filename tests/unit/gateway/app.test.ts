import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import supertest from "supertest";
import { afterEach, describe, expect, it } from "vitest";
import { createGateway, type Gateway, type GatewayOptions } from "../../../gateway/src/app.ts";
import { ConfigError } from "../../../gateway/src/config.ts";
import { request } from "../../support/gateway-client.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../../support/temporary-directory.ts";

const gateways: Gateway[] = [];
const directories: TemporaryDirectory[] = [];

function create(options: GatewayOptions = {}): Gateway {
  const directory = createTemporaryDirectory();
  directories.push(directory);
  const gateway = createGateway({
    port: 0,
    adminPort: 0,
    dataDir: directory.path,
    masterKey: "a-master-key-of-tests",
    logger: false,
    ...options,
  });
  gateways.push(gateway);
  return gateway;
}

afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
  for (const directory of directories.splice(0)) directory.remove();
});

const registration = [
  {
    OwnerName: "Ann",
    OwnerId: "ann",
    Services: [
      {
        ServiceId: "1",
        ServiceName: "Greeter",
        IdlContent: "service Greeter { string greet(1: string name) }",
        Paths: [{ MethodPath: "hello", ExposedMethod: "greet" }],
      },
    ],
  },
];

describe("createGateway", () => {
  it("does nothing until it is asked, and names every fault of its options", () => {
    expect(() => createGateway({ port: -1, limits: { maxDepth: 0 }, host: "0.0.0.0" })).toThrow(ConfigError);
    const wrong = { port: 1, prot: 2 };
    expect(() => createGateway(wrong)).toThrow("prot: unknown key; did you mean port?");
    expect(() => create()).not.toThrow();
  });

  it("is an Express application, usable without listening", async () => {
    const { app } = create();
    await supertest(app).get("/ping").expect(200, { message: "pong" });
    const registered = await supertest(app).post("/register").send(registration).expect(200);
    expect(registered.headers).not.toHaveProperty("x-powered-by");
    const called = await supertest(app).post("/Greeter/hello").set("x-request-id", "mine-1").send({ name: "Bo" }).expect(503);
    expect(called.headers).toMatchObject({ "content-type": "application/problem+json", "x-request-id": "mine-1" });
    expect(called.headers).not.toHaveProperty("x-powered-by");
    expect(called.body).toMatchObject({ code: "NO_HEALTHY_INSTANCE" });
    const wrong = await supertest(app).post("/Greeter/hello").send({ name: 1 }).expect(400);
    expect(wrong.body).toMatchObject({ code: "INVALID_TYPE", pointer: "/name" });
    await supertest(app).get("/Gretter/hello").expect(404);
  });

  it("lives in another Express application, whole or its call path alone", async () => {
    const gateway = create();
    const host = express();
    host.get("/", (_request, response) => void response.send("host"));
    host.use("/gateway", gateway.app);
    host.use("/rpc", gateway.callPath);
    host.use((_request, response) => void response.status(418).end());
    await supertest(host).post("/gateway/register").send(registration).expect(200);
    expect((await supertest(host).get("/gateway/Greeter/hello?name=Bo").expect(503)).body.code).toBe("NO_HEALTHY_INSTANCE");
    expect((await supertest(host).get("/rpc/Greeter/hello?name=Bo").expect(503)).body.code).toBe("NO_HEALTHY_INSTANCE");
    expect((await supertest(host).get("/rpc/ping").expect(404)).body.code).toBe("SERVICE_NOT_FOUND");
    await supertest(host).get("/").expect(200, "host");
    await supertest(host).get("/elsewhere").expect(418);
  });

  it("says, and does not hang, when a parser has read a call's body before", async () => {
    const host = express();
    host.use(express.json(), create().app);
    await supertest(host).post("/register").send(registration).expect(200);
    expect((await supertest(host).post("/Greeter/hello").send({ name: "Bo" }).expect(500)).body.code).toBe("INTERNAL");
  });

  it("listens, and keeps calls, the control plane and the admin API apart", async () => {
    const { url, adminUrl } = await create().listen();
    expect((await request(`${url}/ping`)).json).toEqual({ message: "pong" });
    expect((await request(`${url}/ping?x=1`)).status).toBe(200);
    expect((await request(`${adminUrl}/live`)).status).toBe(200);
    for (const path of ["/live", "/metrics", "/admin/v1/services", "/pingpong/x", "/Ping"]) {
      const { status, json } = await request(url + path);
      expect([status, json.code]).toEqual([404, expect.stringMatching(/NOT_FOUND$/)]);
    }
    for (const path of ["/ping", "/register", "/Greeter/hello", "/"]) {
      expect((await request(adminUrl + path)).json).toMatchObject({ status: 404, code: "NOT_FOUND" });
    }
    expect((await request(`${adminUrl}/admin/v1/services/%zz`)).json).toMatchObject({ status: 400, code: "INVALID_PATH" });
  });

  it("shows its figures, by service and method alone", async () => {
    const { url, adminUrl } = await create().listen();
    await request(`${url}/register`, { method: "POST", json: registration });
    await request(`${url}/Greeter/hello?name=Bo`);
    const { text, headers } = await request(`${adminUrl}/metrics`);
    expect(headers.get("content-type")).toContain("text/plain");
    expect(text).toContain('thriftgate_calls_total{service="Greeter",method="greet",status="5xx"} 1');
  });

  it("gives the same answer to each listen(), and to each close()", async () => {
    const gateway = create();
    const [first, second] = await Promise.all([gateway.listen(), gateway.listen()]);
    expect(second).toBe(first);
    await Promise.all([gateway.close(), gateway.close()]);
    await expect(fetch(`${first.url}/ping`)).rejects.toThrow();
    await expect(fetch(`${first.adminUrl}/live`)).rejects.toThrow();
  });

  it("says that it is closed", async () => {
    const gateway = create();
    await gateway.close();
    await expect(gateway.listen()).rejects.toThrow("the gateway is closed");
    expect((await supertest(gateway.app).get("/ping").expect(500)).body).toMatchObject({ code: "INTERNAL" });
  });

  it("can be closed while it opens", async () => {
    const gateway = create();
    const listening = gateway.listen();
    await gateway.close();
    await expect(listening).rejects.toThrow("closed");
  });

  it("lets go of everything when a port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const gateway = create({ port });
    await expect(gateway.listen()).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: another process uses the port`);
    other.close();
    const again = create({ port, dataDir: directories.at(-1)!.path });
    expect((await again.listen()).url).toBe(`http://127.0.0.1:${port}`);
  });

  it("tells who waits for it that its data can't be opened, without a word of where they are", async () => {
    const { app, ready } = create({ dataDir: "/dev/null/data" });
    await expect(ready()).rejects.toThrow("/dev/null/data");
    const { body } = await supertest(app).get("/Greeter/hello").expect(500);
    expect(body.code).toBe("INTERNAL");
    expect(JSON.stringify(body)).not.toContain("/dev/null");
  });
});
