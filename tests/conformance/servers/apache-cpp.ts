import { readFileSync } from "node:fs";
import { join } from "node:path";
import { apacheVersion, copyApache, replaceIn } from "../../support/apache-source.ts";
import { apacheCppServers } from "../../support/components.ts";
import { buildOnce, run } from "./build-once.ts";
import type { ConformanceServer, ServerDialect } from "./conformance-server.ts";
import { startServer } from "./server-process.ts";

const nonblocking = "TNonblockingServer";
const libraries = ["thrift", "thriftnb", "thriftz", "boost_program_options", "boost_filesystem", "event", "ssl", "crypto", "z"];

/** Apache's `test/cpp/src/TestServer.cpp`, with the library that Debian packages. */
export const apacheCpp: ConformanceServer = {
  name: "Apache C++",
  component: apacheCppServers,
  services: [],
  dialects: [
    { transport: "framed", protocol: "binary" },
    { transport: "framed", protocol: "compact" },
    { transport: "buffered", protocol: "binary" },
    { transport: "buffered", protocol: "compact" },
    { transport: "header", protocol: "binary" },
    { transport: "header", protocol: "compact" },
    { transport: "framed", protocol: "binary", variant: nonblocking },
    { transport: "framed", protocol: "compact", variant: nonblocking },
    { transport: "framed", protocol: "binary", multiplexed: true },
    { transport: "buffered", protocol: "compact", multiplexed: true },
    { transport: "framed", protocol: "binary", foundOut: true },
    { transport: "buffered", protocol: "compact", foundOut: true },
    { transport: "header", protocol: "binary", foundOut: true },
  ],
  build,
  async start(dialect) {
    const { transport, variant } = dialect;
    const { port, stop } = await startServer(await build(), "./TestServer", [
      ...["--port", "0", "--protocol", protocolOption(dialect)],
      ...["--transport", transport === "header" ? "buffered" : transport],
      ...["--server-type", variant === nonblocking ? "nonblocking" : "threaded"],
    ]);
    return { ports: { ThriftTest: port, SecondService: port }, stop };
  },
};

function protocolOption({ transport, protocol, multiplexed }: ServerDialect): string {
  if (transport === "header") return "header";
  return multiplexed ? { binary: "multi", compact: "multic" }[protocol] : protocol;
}

function build(): Promise<string> {
  const recipe = readFileSync(import.meta.filename, "utf8");
  return buildOnce("cpp", [apacheVersion, recipe], async (draft) => {
    const sources = ["test/cpp/src/TestServer.cpp", "test/cpp/src/ThriftTest_extras.cpp"];
    for (const path of [...sources, "test/ThriftTest.thrift"]) copyApache(path, draft);
    replaceIn(join(draft, sources[0]!), [
      ["TServerSocket(port)", 'TServerSocket("127.0.0.1", port)'],
      ["TNonblockingServerSocket(port)", 'TNonblockingServerSocket("127.0.0.1", port)'],
    ]);
    await run(draft, "thrift", ["--gen", "cpp:cob_style,no_skeleton", "test/ThriftTest.thrift"]);
    const generated = ["ThriftTest", "ThriftTest_types", "ThriftTest_constants", "SecondService"];
    const files = [...sources, ...generated.map((name) => `gen-cpp/${name}.cpp`)];
    const options = ["-O0", "-DHAVE_SIGNAL_H", "-DHAVE_STDINT_H", "-DHAVE_INTTYPES_H", "-I.", "-Igen-cpp"];
    await run(draft, "g++", [...options, ...files, "-o", "TestServer", ...libraries.map((name) => `-l${name}`), "-pthread"]);
  });
}
