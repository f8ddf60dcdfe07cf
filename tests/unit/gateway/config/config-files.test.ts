import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import { parseJsonWithComments } from "../../../../gateway/src/config/json-with-comments.ts";
import { configJsonSchema, configKeys } from "../../../../gateway/src/config/keys.ts";
import { loadConfig } from "../../../../gateway/src/config/load-config.ts";
import { resolveConfig } from "../../../../gateway/src/config/resolve-config.ts";
import { ConfigError } from "../../../../gateway/src/core/config-error.ts";
import { createTemporaryDirectory } from "../../../support/temporary-directory.ts";

const root = join(import.meta.dirname, "../../../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const directory = createTemporaryDirectory();
afterAll(directory.remove);

describe("config/", () => {
  const example = parseJsonWithComments(read("config/thriftgate.example.jsonc"));

  it("thriftgate.schema.json is what the code says (write it again: npm run config:schema)", () => {
    expect(JSON.parse(read("config/thriftgate.schema.json"))).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it("thriftgate.example.jsonc holds every key, each with its default", () => {
    expect(resolveConfig({ file: { content: example } })).toEqual(resolveConfig({}));
    const text = read("config/thriftgate.example.jsonc");
    for (const { path } of configKeys.values()) expect(text).toContain(`"${path.replace("limits.", "")}":`);
  });

  it("thriftgate.example.jsonc fits the schema, a slip does not", () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(configJsonSchema());
    expect(validate(example)).toBe(true);
    expect(validate({ prot: 1 })).toBe(false);
  });

  it("docs/configuration.md has a row for each key, with its variable and its default", () => {
    const rows = new Map(
      read("docs/configuration.md")
        .split("\n")
        .map((line) => [/^\| `([\w.]+)` \|/.exec(line)?.[1], line]),
    );
    for (const key of configKeys.values()) {
      const row = rows.get(key.path);
      expect(row, key.path).toContain(`\`${key.env}\``);
      if (key.default !== undefined) expect(row).toContain(`\`${JSON.stringify(key.default)}\``);
    }
  });
});

describe("loadConfig", () => {
  const write = (name: string, text: string) => {
    const path = join(directory.path, name);
    writeFileSync(path, text);
    return path;
  };

  it("reads the file that the command line names, before the environment's", () => {
    const first = write("first.jsonc", '{ "port": 1 /* one */ }');
    const second = write("second.json", '{ "port": 2 }');
    expect(loadConfig({ configFile: first, env: { THRIFTGATE_CONFIG: second } }).port).toBe(1);
    expect(loadConfig({ env: { THRIFTGATE_CONFIG: second } }).port).toBe(2);
    expect(loadConfig({ env: {} }).port).toBe(4200);
  });

  it("says what is wrong with the file itself", () => {
    const broken = write("broken.json", '{\n  "port": \n}');
    expect(() => loadConfig({ configFile: broken })).toThrow(`  ${broken}: 3:1: not JSON`);
    expect(() => loadConfig({ configFile: join(directory.path, "absent.json") })).toThrow("absent.json: can't be read (ENOENT)");
    expect(() => loadConfig({ configFile: broken })).toThrow(ConfigError);
  });
});
