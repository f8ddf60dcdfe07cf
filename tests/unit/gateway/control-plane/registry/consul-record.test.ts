import { describe, expect, it } from "vitest";
import {
  mergeById,
  parseChecks,
  parseServiceHealth,
  parseServices,
  registrationOf,
} from "../../../../../gateway/src/control-plane/registry/consul-record.ts";
import { catalogEntry } from "../../../../support/fake-consul.ts";

const UUID = "0b7c1c7e-6a34-5d0a-8f6e-2d0f1b3c4d5e";
const foreign = (id: string, service: Record<string, unknown> = {}, statuses?: readonly string[]) =>
  catalogEntry(id, { Tags: [], ...service }, statuses);
const parse = (...entries: unknown[]) => parseServiceHealth("S", entries);

describe("what is written", () => {
  const record = { serverId: UUID, serviceName: "S", address: "::1", port: 1, weight: 7, meta: { zone: "eu" } };

  it("is the record of docs/http-api.md", () => {
    expect(registrationOf(record, "m1", { timeToLiveMs: 45_000, timeToDieMs: 90_000 })).toEqual({
      ID: UUID,
      Name: "S",
      Address: "::1",
      Port: 1,
      Tags: ["thriftgate:m1"],
      Meta: { zone: "eu" },
      Weights: { Passing: 7, Warning: 7 },
      Check: {
        CheckID: `service:${UUID}`,
        Name: "heartbeat",
        TTL: "45000ms",
        Status: "passing",
        DeregisterCriticalServiceAfter: "90000ms",
      },
    });
  });

  it("asks for Consul's least where the time to die is shorter", () => {
    const registration = registrationOf(record, "m1", { timeToLiveMs: 1, timeToDieMs: 1 });
    expect(registration).toMatchObject({ Check: { DeregisterCriticalServiceAfter: "60000ms" } });
  });
});

describe("what is read", () => {
  it.each([
    ["null", null],
    ["an entry that is a list", [[]]],
    ["an entry without a service", [{ Node: {} }]],
    ["an ID that is no text", [foreign("x", { ID: 7 })]],
    ["no ID", [foreign("")]],
    ["port 0", [foreign("x", { Port: 0 })]],
    ["port 70000", [foreign("x", { Port: 70_000 })]],
    ["port 1.5", [foreign("x", { Port: 1.5 })]],
    ["a port that is text", [foreign("x", { Port: "80" })]],
    ["an address in disguise", [foreign("x", { Address: "0x7f.1" })]],
    ["an address that is a URL", [foreign("x", { Address: "http://10.0.0.1" })]],
    ["no address at all", [{ ...foreign("x", { Address: "" }), Node: {} }]],
  ])("%s: nothing", (_name, json) => {
    expect(parseServiceHealth("S", json)).toEqual([]);
  });

  it.each([
    ["a text", "x"],
    ["a number", 7],
    ["an object", {}],
  ])("%s is no list", (_name, json) => {
    expect(() => parseServiceHealth("S", json)).toThrow("no list");
    expect(() => parseChecks(json)).toThrow("no list");
  });

  it.each([
    ["null", null],
    ["a list", []],
    ["a text", "x"],
  ])("%s is no map of services", (_name, json) => {
    expect(() => parseServices(json)).toThrow("no object");
  });

  it("takes the node's address where a service has none", () => {
    expect(parse(foreign("x", { Address: "" }))[0]!.record.address).toBe("10.9.9.9");
  });

  it("reads metadata from tags, but never a key", () => {
    const [instance] = parse(
      foreign("x", {
        Tags: ["idc:lf", "plain", ":empty", "url:http://x", "ApiKey:s", "api_key:s", "zone:tag"],
        Meta: { zone: "meta", "API-Key": "s", count: 3 },
      }),
    );
    expect(instance!.record.meta).toEqual({ idc: "lf", url: "http://x", zone: "meta" });
  });

  it.each([
    [["passing"], "passing", 10],
    [["passing", "warning"], "passing", 3],
    [["passing", "critical"], "critical", 10],
    [["warning", "maintenance"], "critical", 10],
    [[], "passing", 10],
  ])("checks %j make it %s, of weight %i", (statuses, health, weight) => {
    const [instance] = parse(foreign("x", { Weights: { Passing: 10, Warning: 3 } }, statuses));
    expect(instance).toMatchObject({ health, record: { weight } });
  });

  it("brings weights down to ours, in proportion", () => {
    const weights = [65_535, 1_000, 1, 0, "7"].map((Passing, i) => foreign(`x${i}`, { Weights: { Passing } }));
    expect(parse(...weights).map(({ record }) => record.weight)).toEqual([100, 2, 1, 1, 1]);
  });

  it("tells instances apart whose IDs are unique on their nodes alone", () => {
    const found = parse(foreign("web-1"), foreign("web-1", { Address: "10.0.0.2" }), foreign(UUID), catalogEntry("own"));
    expect(found.map(({ record }) => record.serverId)).toEqual(["web-1@10.0.0.1:9000", "web-1@10.0.0.2:9000", UUID, "own"]);
  });

  it("merges by ID: a passing one first, then the newest; in the order in which they joined", () => {
    const entry = (id: string, CreateIndex: number, ModifyIndex: number, status: string, Port: number) =>
      catalogEntry(id, { CreateIndex, ModifyIndex, Port }, [status]);
    const merged = mergeById(
      parse(
        entry("b", 20, 20, "passing", 1),
        entry("a", 10, 90, "critical", 2),
        entry("a", 30, 30, "passing", 3),
        entry("c", 40, 41, "passing", 4),
        entry("c", 50, 51, "passing", 5),
      ),
    );
    expect(merged.map(({ record }) => [record.serverId, record.port])).toEqual([
      ["a", 3],
      ["b", 1],
      ["c", 5],
    ]);
  });
});
