import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createGateway, type Gateway } from "thriftgate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeWith, kitexServers } from "../support/components.ts";
import { type Answer, connect, register, request } from "../support/gateway-client.ts";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";
import { describeServer } from "./describe-server.ts";
import { kitex, startKitex } from "./servers/kitex.ts";
import type { ServerProcess } from "./servers/server-process.ts";

describeServer(kitex);

const methods = ["see", "refuse", "pay", "panics", "fails", "closes", "waits", "missing"];
const idl = readFileSync(join(import.meta.dirname, "kitex/kitex.thrift"), "utf8").replace("service Probe {", "$& void missing()");

describeWith(kitexServers, "What Kitex has beside", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startKitex("probe");
  });
  afterAll(() => server.stop());

  describe.each(["framed", "buffered", "ttheader"])("over %s", (transport) => {
    let gateway: Gateway;
    let dataDir: TemporaryDirectory;
    let url: string;

    beforeAll(async () => {
      dataDir = createTemporaryDirectory();
      gateway = createGateway({ port: 0, adminPort: 0, dataDir: dataDir.path, logLevel: "silent" });
      ({ url } = await gateway.listen());
      const apiKey = await register(url, "owner", [{ name: "Probe", idl, paths: methods }]);
      await connect(url, apiKey, "Probe", server.port, { Meta: { transport } });
    });
    afterAll(async () => {
      await gateway.close();
      dataDir.remove();
    });

    const call = (method: string, json: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
      request(`${url}/Probe/${method}`, { method: "POST", json, headers });
    const problem = ({ status, json }: Answer) => ({ status, code: json.code });

    it("declared exceptions", async () => {
      expect((await call("refuse", { code: 0 })).json).toBe("taken");
      const { status, json } = await call("refuse", { code: 7 });
      expect({ status, json }).toMatchObject({
        status: 422,
        json: { code: "EXCEPTION", exception: "Refused", value: { reason: "no", code: 7 } },
      });
    });

    it("panics and errors that no exception declares", async () => {
      for (const method of ["panics", "fails"]) {
        expect(problem(await call(method))).toEqual({ status: 500, code: "UPSTREAM_EXCEPTION" });
        expect((await call("pay", { cents: 5 })).json).toBe(5);
      }
    });

    it("an unknown method, after whose answer it closes the connection", async () => {
      for (let count = 0; count < 3; count++) {
        expect(problem(await call("missing"))).toEqual({ status: 502, code: "UPSTREAM_UNKNOWN_METHOD" });
        expect((await call("pay", { cents: count })).json).toBe(count);
      }
    });

    it("business errors, which need TTHeader", async () => {
      const { status, json } = await call("pay", { cents: -5 });
      if (transport === "ttheader") {
        const bizStatus = { bizStatus: -402, bizMessage: "payez d’abord", bizExtra: { cents: "-5" } };
        expect({ status, json }).toMatchObject({ status: 422, json: { code: "BIZ_STATUS", ...bizStatus } });
      } else {
        expect({ status, code: json.code }).toEqual({ status: 502, code: "UPSTREAM_BAD_REPLY" });
      }
      expect((await call("pay", { cents: 5 })).json).toBe(5);
    });

    it("who calls, how long it has, and what it sends along", async () => {
      const { json } = await call("see", {}, { "rpc-persist-lane": "blue", "rpc-transit-user-id": "7" });
      if (transport === "ttheader") {
        expect(json).toMatchObject({ caller: "thriftgate", persistent: { LANE: "blue" }, transient: { USER_ID: "7" } });
        expect(Number(json.timeoutMs)).toBeGreaterThan(0);
        expect(Number(json.timeoutMs)).toBeLessThanOrEqual(5_000);
      } else {
        expect(json).toMatchObject({ caller: "", persistent: {}, transient: {} });
      }
    });

    it("a connection that is about to close", async () => {
      const before = (await call("see")).json.connection;
      expect((await call("closes")).json.connection).toBe(before);
      const after = (await call("see")).json.connection;
      // Only TTHeader can say so.
      if (transport === "ttheader") expect(after).not.toBe(before);
      else expect(after).toBe(before);
    });

    it("calls that wait and calls that do not, at once", async () => {
      const waiting = Array.from({ length: 20 }, () => call("waits", { milliseconds: 20 }));
      const quick = await Promise.all(Array.from({ length: 50 }, (_, cents) => call("pay", { cents })));
      expect(quick.map(({ json }) => json)).toEqual(Array.from({ length: 50 }, (_, cents) => cents));
      expect((await Promise.all(waiting)).map(({ json }) => json)).toEqual(waiting.map(() => "waited"));
    });
  });
});
