import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLinker } from "../../../../../gateway/src/control-plane/publish/linker.ts";
import { ASSET_IDL } from "../../../../support/control-plane.ts";

function linker(...args: Parameters<typeof createLinker>) {
  const created = createLinker(...args);
  onTestFinished(created.close);
  return created;
}

const files = { "a.thrift": ASSET_IDL };

/** Takes the thread a while, and none of its bounds. */
const slow = { "a.thrift": `${"struct S { 1: S x }\n".repeat(20_000)}` };

test("links in another thread", async () => {
  const { link } = linker({});
  const result = await link(files, "a.thrift");
  expect(result.ok && result.schema.services.map(({ name }) => name)).toEqual(["AssetManagement"]);
});

test("a schema arrives whole: bytes, big integers, annotations", async () => {
  const { link } = linker({});
  const idl = 'struct S { 1: i64 a = 9007199254740993 (k = "v") 2: binary b = "xy" } service T { S get() }';
  const result = await link({ "a.thrift": idl }, "a.thrift");
  expect(result).toMatchObject({
    ok: true,
    schema: { structs: expect.arrayContaining([expect.objectContaining({ name: "S" })]) },
  });
  const fields = result.ok ? result.schema.structs.find(({ name }) => name === "S")!.fields : [];
  expect(fields[0]).toMatchObject({ defaultValue: 9007199254740993n, annotations: [["k", "v"]] });
  expect(fields[1]!.defaultValue).toEqual(new Uint8Array([0x78, 0x79]));
});

test("keeps the bounds that it was given", async () => {
  const { link } = linker({ maxTypes: 1 });
  const result = await link(files, "a.thrift");
  expect(!result.ok && result.faults[0]!.code).toBe("IDL_LIMIT");
});

test("many at once, each its own answer", async () => {
  const { link } = linker({});
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, index) => link({ "a.thrift": `service S${index} { void f() }` }, "a.thrift")),
  );
  expect(results.map((result) => result.ok && result.schema.services[0]!.name)).toEqual(
    Array.from({ length: 100 }, (_, index) => `S${index}`),
  );
});

test("more at once than will ever be answered", async () => {
  const { link } = linker({});
  const settled = await Promise.allSettled(Array.from({ length: 1_100 }, () => link(files, "a.thrift")));
  const refused = settled.filter(({ status }) => status === "rejected");
  expect(refused.length).toBeGreaterThan(50);
  expect(refused[0]).toMatchObject({ reason: { code: "OVERLOADED", headers: { "retry-after": "1" } } });
});

test("one that takes too long is given up, the next ones are linked", async () => {
  const { link } = linker({ maxTypes: 1_000_000 }, { jobTimeoutMs: 1 });
  await expect(link(slow, "a.thrift")).rejects.toMatchObject({ code: "IDL_LIMIT" });
  const patient = linker({});
  expect(await patient.link(files, "a.thrift")).toMatchObject({ ok: true });
});

test("a worker that dies takes its own job alone with it", async () => {
  const { link } = linker({ maxIdlLength: 1e9, maxTypes: 1e9 }, { jobTimeoutMs: 15_000, maxHeapMb: 16 });
  const greedy = { "a.thrift": Array.from({ length: 400_000 }, (_, index) => `const i32 C${index} = ${index}`).join("\n") };
  const [first, second] = await Promise.allSettled([link(greedy, "a.thrift"), link(files, "a.thrift")]);
  expect(first).toMatchObject({ status: "rejected", reason: { code: "IDL_LIMIT" } });
  expect(second).toMatchObject({ status: "fulfilled", value: { ok: true } });
});

test("what waits when it is closed is refused", async () => {
  const { close, link } = linker({});
  const results = Promise.allSettled([link(files, "a.thrift"), link(files, "a.thrift")]);
  await close();
  expect(await results).toMatchObject([
    { status: "rejected", reason: { code: "OVERLOADED" } },
    { status: "rejected", reason: { code: "OVERLOADED" } },
  ]);
  await expect(link(files, "a.thrift")).rejects.toMatchObject({ code: "OVERLOADED" });
  await close();
});

test("without a file or thread left it is overloaded, and links again once there is one", () => {
  const module = resolve(import.meta.dirname, "../../../../../gateway/dist/control-plane/publish/linker.js");
  const program = `
    import { closeSync, openSync } from "node:fs";
    import { createLinker } from ${JSON.stringify(module)};
    const linker = createLinker({});
    const link = () => linker.link({ "a.thrift": "service S {}" }, "a.thrift").then(({ ok }) => ok, ({ code }) => code);
    const open = [];
    for (;;) try { open.push(openSync("/dev/null")); } catch { break; }
    const results = [];
    for (const left of [0, open.length]) {
      for (const file of open.splice(0, left)) closeSync(file);
      results.push(await link());
    }
    await linker.close();
    console.log(JSON.stringify(results));
  `;
  const node = JSON.stringify(process.execPath);
  const output = execFileSync("sh", ["-c", `ulimit -n 100; exec ${node} --input-type=module`], {
    input: program,
    encoding: "utf8",
  });
  expect(JSON.parse(output)).toEqual(["OVERLOADED", true]);
});
