import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFakeGateway } from "../support/fake-gateway.ts";
import { request } from "../support/gateway-client.ts";
import { repository, startProgram } from "../support/program.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";

const packages = { thrift: "@thriftgate/thrift", "server-utils": "@thriftgate/server-utils", gateway: "thriftgate" };
const home = createTemporaryDirectory();
const tarballs = new Map<string, string>();

/** As `npm pack` in the repository; in a copy, since it puts files beside those that other tests run. */
beforeAll(() => {
  const copy = join(home.path, "repository");
  for (const name of ["package.json", "tsconfig.base.json", "scripts", ...Object.keys(packages)]) {
    cpSync(join(repository, name), join(copy, name), {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !path.includes("node_modules"),
    });
  }
  symlinkSync(join(repository, "node_modules"), join(copy, "node_modules"));
  mkdirSync(join(home.path, "tarballs"));
  const workspaces = Object.values(packages).flatMap((name) => ["-w", name]);
  npm(copy, "pack", "--json", ...workspaces, "--pack-destination", join(home.path, "tarballs"));
  for (const file of readdirSync(join(home.path, "tarballs")))
    tarballs.set(file.replace(/-[\d.]+\.tgz$/, ""), join(home.path, "tarballs", file));
}, 180_000);
afterAll(home.remove);

function npm(cwd: string, ...args: string[]): string {
  return execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** An empty folder in which these packages were installed. */
function install(name: string, ...installed: string[]): string {
  const folder = join(home.path, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  const files = installed.map((tarball) => tarballs.get(tarball)!);
  npm(folder, "install", "--prefer-offline", "--no-audit", "--no-fund", ...files);
  return folder;
}

/** Compiles a file with nothing but what is installed there, its types checked to the last declaration. */
function compile(folder: string, file: string, text: string): void {
  writeFileSync(join(folder, file), text);
  const tsc = join(repository, "node_modules/typescript/bin/tsc");
  const options = ["--module", "nodenext", "--target", "es2023", "--strict", "--types", "node", "--lib", "es2023"];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...options, file], { cwd: folder, encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
}

describe("the packed packages", { timeout: 180_000 }, () => {
  it("hold what was built, a README and the licence, and nothing else", () => {
    expect(new Set(tarballs.keys())).toEqual(new Set(["thriftgate", "thriftgate-server-utils", "thriftgate-thrift"]));
    for (const tarball of tarballs.values()) {
      const files = execFileSync("tar", ["tzf", tarball], { encoding: "utf8" }).trim().split("\n");
      expect(files).toEqual(expect.arrayContaining(["package/README.md", "package/LICENSE", "package/package.json"]));
      const rest = files.filter(
        (file) =>
          !/^package\/(node_modules\/@thriftgate\/thrift\/)?(README\.md|LICENSE|package\.json|bin\/thriftgate\.js|dist\/.*\.(js|d\.ts))$/.test(
            file,
          ),
      );
      expect(rest).toEqual([]);
    }
  });

  it("thriftgate: a gateway from ten lines of TypeScript in an empty folder", async () => {
    const folder = install("gateway", "thriftgate");
    compile(
      folder,
      "gateway.ts",
      `import { createGateway, type Gateway } from "thriftgate";

       const gateway: Gateway = createGateway({ port: 0, adminPort: 0, dataDir: "./data", logger: false });
       const { url, adminUrl } = await gateway.listen();
       console.log(\`serving at \${url}, \${adminUrl}\`);
       process.once("SIGTERM", async () => {
         await gateway.close();
       });`,
    );
    const program = startProgram(["gateway.js"], { cwd: folder });
    const [, url] = await program.says(/serving at (\S+),/);
    const registered = await request(`${url}/register`, {
      method: "POST",
      json: [
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
      ],
    });
    expect(registered.json).toHaveProperty("API-Key");
    expect((await request(`${url}/Greeter/hello?name=Bo`)).json.code).toBe("NO_HEALTHY_INSTANCE");
    // Nothing of ours keeps the process alive once it is closed.
    program.signal("SIGTERM");
    expect(await program.exit).toBe(0);

    const command = join(folder, "node_modules/.bin/thriftgate");
    expect(execFileSync(command, ["--version"], { encoding: "utf8" })).toBe("0.1.0\n");
    expect(spawnSync(command, ["demo"], { cwd: folder, encoding: "utf8" })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("the demo needs a checkout of the repository"),
    });
  });

  it("@thriftgate/thrift and @thriftgate/server-utils: no dependencies, a dozen lines", async () => {
    const folder = install("server", "thriftgate-thrift", "thriftgate-server-utils");
    expect(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["@thriftgate"]);
    symlinkSync(join(repository, "node_modules/@types"), join(folder, "node_modules/@types"));
    symlinkSync(join(repository, "node_modules/undici-types"), join(folder, "node_modules/undici-types"));
    compile(
      folder,
      "server.ts",
      `import { createServer } from "node:net";
       import { joinGateway } from "@thriftgate/server-utils";
       import { compileIdl, createServiceCodec } from "@thriftgate/thrift";

       const result = compileIdl({ "g.thrift": "service Greeter { string greet(1: string name) }" }, "g.thrift");
       if (!result.ok) throw new Error(result.faults[0]?.message);
       const call = createServiceCodec(result.schema, "Greeter").method("greet")!.encodeJson(Buffer.from('{"name":"Bo"}'));

       const server = createServer().listen(0, "127.0.0.1");
       const membership = joinGateway({ gateways: process.argv[2]!, apiKey: "key", service: "Greeter", address: "127.0.0.1", server });
       membership.once("joined", (serverId: string) => console.log(\`joined as \${serverId} with \${call.bytes.length} bytes\`));
       process.once("SIGTERM", async () => {
         await membership.leave();
         server.close();
       });`,
    );
    const gateway = await startFakeGateway();
    const program = startProgram(["server.js", gateway.url], { cwd: folder });
    await program.says(/joined as id-\d+ with \d+ bytes/);
    program.signal("SIGTERM");
    expect(await program.exit).toBe(0);
    expect(gateway.requests.map(({ path }) => path)).toEqual(expect.arrayContaining(["/connect", "/disconnect"]));
    await gateway.close();
  });
});
