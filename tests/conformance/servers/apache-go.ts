import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apacheVersion, copyApache } from "../../support/apache-source.ts";
import { apacheGoServers } from "../../support/components.ts";
import { buildOnce, run } from "./build-once.ts";
import { apacheDialects, type ConformanceServer, runTogether } from "./conformance-server.ts";
import { startServer } from "./server-process.ts";

const echoIdl = join(import.meta.dirname, "../echo.thrift");
const echoSource = join(import.meta.dirname, "echo-server.go");
const module = "github.com/apache/thrift";

/** Apache's `test/go/src/bin/testserver`, with the library beside it. */
export const apacheGo: ConformanceServer = {
  name: "Apache Go",
  component: apacheGoServers,
  services: ["ThriftTest", "Echo"],
  dialects: [
    ...apacheDialects,
    { transport: "framed", protocol: "binary", foundOut: true },
    { transport: "buffered", protocol: "binary", foundOut: true },
    { transport: "header", protocol: "compact", foundOut: true },
  ],
  build,
  async start(dialect) {
    const directory = await build();
    const [transport, protocol] = dialect.transport === "header" ? ["buffered", "header"] : [dialect.transport, dialect.protocol];
    const apache = ["-host", "127.0.0.1", "-port", "0", "-transport", transport, "-protocol", protocol];
    return runTogether(
      startServer(directory, "./testserver", apache),
      startServer(directory, "./echoserver", [transport, protocol]),
    );
  },
};

function build(): Promise<string> {
  const recipe = readFileSync(import.meta.filename, "utf8");
  return buildOnce(
    "go",
    [apacheVersion, recipe, readFileSync(echoIdl, "utf8"), readFileSync(echoSource, "utf8")],
    async (draft) => {
      for (const path of ["go.mod", "go.sum", "lib/go/thrift", "test/go/src", "test/ThriftTest.thrift"]) copyApache(path, draft);
      // As Apache's makefile does: Go can't have a map as the key of a map.
      const idl = join(draft, "test/ThriftTest.thrift");
      const lines = readFileSync(idl, "utf8").split("\n");
      writeFileSync(idl, lines.filter((line) => !/list.*map.*list.*map/.test(line)).join("\n"));
      const generated = "test/go/src/gen";
      mkdirSync(join(draft, generated));
      const generator = `go:thrift_import=${module}/lib/go/thrift,package_prefix=${module}/${generated}/`;
      for (const path of ["test/ThriftTest.thrift", echoIdl])
        await run(draft, "thrift", ["--gen", generator, "-out", generated, path]);
      mkdirSync(join(draft, "test/go/src/bin/echoserver"));
      cpSync(echoSource, join(draft, "test/go/src/bin/echoserver/main.go"));
      const programs = ["testserver", "echoserver"].map((name) => `./test/go/src/bin/${name}`);
      await run(draft, "go", ["build", "-o", ".", ...programs], { GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local" });
    },
  );
}
