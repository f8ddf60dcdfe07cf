import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { apacheVersion, copyApache, replaceIn } from "../../support/apache-source.ts";
import { kitexServers } from "../../support/components.ts";
import { buildOnce, run } from "./build-once.ts";
import type { ConformanceServer } from "./conformance-server.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

const source = resolve(import.meta.dirname, "../kitex");
const module = "thriftgate/tests/kitex";

/** CloudWeGo's Kitex, which answers each call in the dialect that it came in; ThriftTest with the handler of Apache's Go server. */
export const kitex: ConformanceServer = {
  name: "Kitex",
  component: kitexServers,
  services: ["ThriftTest"],
  dialects: [
    { transport: "framed", protocol: "binary" },
    { transport: "buffered", protocol: "binary" },
    { transport: "ttheader", protocol: "binary" },
    { transport: "framed", protocol: "binary", foundOut: true },
  ],
  build,
  async start() {
    const { port, stop } = await startKitex("thrifttest");
    return { ports: { ThriftTest: port }, stop };
  },
};

export async function startKitex(service: "thrifttest" | "probe"): Promise<ServerProcess> {
  return startServer(await build(), "./server", [service]);
}

function build(): Promise<string> {
  const texts = readdirSync(source).map((file) => readFileSync(join(source, file), "utf8"));
  const recipe = readFileSync(import.meta.filename, "utf8");
  return buildOnce("kitex", [apacheVersion, recipe, ...texts], async (draft) => {
    cpSync(source, draft, { recursive: true });
    copyApache("test/ThriftTest.thrift", draft);
    copyApache("test/go/src/common/printing_handler.go", draft);
    // Go can't have a map as the key of a map.
    const idl = join(draft, "test/ThriftTest.thrift");
    const lines = readFileSync(idl, "utf8").split("\n");
    writeFileSync(idl, lines.filter((line) => !/list.*map.*list.*map/.test(line)).join("\n"));
    replaceIn(join(draft, "test/go/src/common/printing_handler.go"), [
      ["github.com/apache/thrift/test/go/src/gen/thrifttest", `${module}/kitex_gen/thrifttest`],
    ]);
    const env = { GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" };
    await run(draft, "go", ["build", "-o", "generator", "github.com/cloudwego/kitex/tool/cmd/kitex"], env);
    for (const file of ["kitex.thrift", "test/ThriftTest.thrift"])
      await run(draft, "./generator", ["-module", module, file], env);
    await run(draft, "go", ["build", "-o", "server", "."], env);
  });
}
