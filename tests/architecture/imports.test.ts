import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTemporaryDirectory, type TemporaryDirectory } from "../support/temporary-directory.ts";

const root = resolve(import.meta.dirname, "../..");
const cruiser = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
const trees = ["thrift/src", "gateway/src", "server-utils/src", "rpc-services"];

interface Summary {
  totalCruised: number;
  violations: { rule: { name: string }; from: string; to: string }[];
}

function cruise(cwd: string): Summary {
  const run = spawnSync(
    process.execPath,
    [cruiser, "--config", join(root, ".dependency-cruiser.cjs"), "--output-type", "json", ...trees],
    {
      cwd,
      encoding: "utf8",
      maxBuffer: 256 * 1024 * 1024,
    },
  );
  if (!run.stdout.startsWith("{")) throw new Error(run.stderr || run.stdout);
  return JSON.parse(run.stdout).summary;
}

/** One forbidden import for each rule: [rule, file, imported]. */
const planted: [rule: string, file: string, imported: string][] = [
  ["no-cycles", "gateway/src/core/cycle-a.ts", "./cycle-b.ts"],
  ["no-unresolvable", "gateway/src/core/lost.ts", "./nowhere.ts"],
  ["thrift-imports-nothing", "thrift/src/upwards.ts", "../../gateway/src/core/leaf.ts"],
  ["thrift-has-no-dependencies", "thrift/src/reads-disk.ts", "node:fs"],
  ["thrift-has-no-dependencies", "thrift/src/depends.ts", "pino"],
  ["core-imports-nothing-of-ours", "gateway/src/core/upwards.ts", "../snapshot/leaf.ts"],
  ["core-imports-nothing-of-ours", "gateway/src/core/thrift.ts", "@thriftgate/thrift"],
  ["snapshot-imports", "gateway/src/snapshot/upwards.ts", "../data-plane/leaf.ts"],
  ["data-plane-imports", "gateway/src/data-plane/sideways.ts", "../control-plane/leaf.ts"],
  ["control-plane-imports", "gateway/src/control-plane/sideways.ts", "../data-plane/leaf.ts"],
  ...["http", "route", "codec", "balance", "connection"].flatMap((stage, index, all): [string, string, string][] => [
    [
      `stage-${stage}-imports-no-other-stage`,
      `gateway/src/data-plane/${stage}/sideways.ts`,
      `../${all[(index + 1) % all.length]}/leaf.ts`,
    ],
    [`stage-${stage}-imports-no-other-stage`, `gateway/src/data-plane/${stage}/upwards.ts`, "../handle-call.ts"],
  ]),
  ["thrift-only-through-its-door", "gateway/src/core/side-door.ts", "../../../thrift/src/leaf.ts"],
  ["server-utils-imports-nothing", "server-utils/src/upwards.ts", "../../gateway/src/core/leaf.ts"],
  ["server-utils-has-no-dependencies", "server-utils/src/depends.ts", "pino"],
  ["rpc-services-import-server-utils-alone", "rpc-services/one/src/gateway.ts", "../../../gateway/src/core/leaf.ts"],
  ["rpc-services-import-server-utils-alone", "rpc-services/one/src/sideways.ts", "../../two/src/leaf.ts"],
  ["registry-door-for-the-registry-proxy-alone", "rpc-services/one/src/registry.ts", "../../../gateway/src/registry.ts"],
  ["express-in-app-and-control-plane", "gateway/src/data-plane/http/express.ts", "express"],
  ["sockets-in-http-and-connection", "gateway/src/control-plane/connect/sockets.ts", "node:net"],
  ["sockets-in-http-and-connection", "gateway/src/data-plane/balance/sockets.ts", "node:tls"],
  ["sqlite-in-stores", "gateway/src/control-plane/admin/sqlite.ts", "@photostructure/sqlite"],
  ["mongodb-in-the-store", "gateway/src/control-plane/registry/mongodb.ts", "mongodb"],
  ["undici-in-the-registry", "gateway/src/control-plane/store/undici.ts", "undici"],
];

/** What must stay allowed: [file, imported]. */
const allowed: [file: string, imported: string][] = [
  ["gateway/src/data-plane/handle-call.ts", "./route/leaf.ts"],
  ["gateway/src/data-plane/route/snapshot.ts", "../../snapshot/leaf.ts"],
  ["gateway/src/data-plane/codec/thrift.ts", "@thriftgate/thrift"],
  ["gateway/src/control-plane/express.ts", "express"],
  ["gateway/src/data-plane/http/sockets.ts", "node:net"],
  ["gateway/src/control-plane/store/mongodb.ts", "mongodb"],
  ["rpc-services/one/src/join.ts", "@thriftgate/server-utils"],
  ["rpc-services/registry-proxy/src/door.ts", "../../../gateway/src/registry.ts"],
];

describe("the import rules", () => {
  let directory: TemporaryDirectory;
  let tree: string;
  let summary: Summary;

  beforeAll(() => {
    directory = createTemporaryDirectory();
    tree = realpathSync(directory.path);
    const write = (file: string, text: string) => {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), text);
    };
    const leaves = [
      "thrift/src",
      "server-utils/src",
      "gateway/src/core",
      "gateway/src/snapshot",
      "gateway/src/control-plane",
      "gateway/src/data-plane",
    ];
    for (const stage of ["http", "route", "codec", "balance", "connection"]) leaves.push(`gateway/src/data-plane/${stage}`);
    for (const folder of [...leaves, "rpc-services/two/src"]) write(`${folder}/leaf.ts`, "export const leaf = 1;\n");
    write("gateway/src/core/cycle-b.ts", 'import "./cycle-a.ts";\n');
    for (const [file, imported] of [...allowed, ...planted.map(([, file, imported]) => [file, imported])])
      write(file, `import "${imported}";\n`);
    write("gateway/src/registry.ts", "export const registry = 1;\n");
    for (const name of ["thrift", "server-utils"]) {
      write(`${name}/src/index.ts`, 'export { leaf } from "./leaf.ts";\n');
      cpSync(join(root, name, "package.json"), join(tree, name, "package.json"));
      write(`${name}/dist/index.d.ts`, "export declare const leaf = 1;\n");
      write(`${name}/dist/index.js`, "export const leaf = 1;\n");
      mkdirSync(join(tree, "node_modules/@thriftgate"), { recursive: true });
      symlinkSync(join(tree, name), join(tree, "node_modules/@thriftgate", name));
    }
    const dependencies = { express: "*", pino: "*", mongodb: "*", undici: "*", "@photostructure/sqlite": "*" };
    for (const [name] of Object.keys(dependencies).map((path) => path.split("/")))
      symlinkSync(join(root, "node_modules", name!), join(tree, "node_modules", name!));
    write("package.json", JSON.stringify({ type: "module", dependencies }));
    cpSync(join(root, "tsconfig.base.json"), join(tree, "tsconfig.base.json"));
    summary = cruise(tree);
  });

  afterAll(() => directory.remove());

  it.each(planted)("%s catches %s importing %s", (rule, file) => {
    expect(summary.violations.filter((violation) => violation.from === file).map((violation) => violation.rule.name)).toContain(
      rule,
    );
  });

  it.each(allowed)("%s may import %s", (file) => {
    expect(summary.violations.filter((violation) => violation.from === file)).toEqual([]);
  });

  it("has a planted violation for every rule", async () => {
    const { default: configuration } = await import(join(root, ".dependency-cruiser.cjs"));
    const names: string[] = configuration.forbidden.map((rule: { name: string }) => rule.name);
    expect(new Set(planted.map(([rule]) => rule))).toEqual(new Set(names));
  });

  it("hold in this repository, and see its modules", () => {
    const { totalCruised, violations } = cruise(root);
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
    expect(totalCruised).toBeGreaterThan(30);
  });
});
