import { readFileSync } from "node:fs";
import { join } from "node:path";
import { apacheVersion, copyApache, replaceIn } from "../../support/apache-source.ts";
import { apacheCppServers } from "../../support/components.ts";
import { buildOnce, run } from "./build-once.ts";
import { apacheDialects, type ConformanceServer, runTogether } from "./conformance-server.ts";
import { startServer } from "./server-process.ts";

const echoIdl = join(import.meta.dirname, "../echo.thrift");
const echoSource = join(import.meta.dirname, "echo-server.cpp");
const nonblocking = "TNonblockingServer";
const libraries = ["thrift", "thriftnb", "thriftz", "boost_program_options", "boost_filesystem", "event", "ssl", "crypto", "z"];

/** Apache's `test/cpp/src/TestServer.cpp`, with the library that Debian packages. */
export const apacheCpp: ConformanceServer = {
  name: "Apache C++",
  component: apacheCppServers,
  services: ["ThriftTest", "Echo"],
  dialects: [
    ...apacheDialects,
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
    const directory = await build();
    const transport = dialect.transport === "header" ? "buffered" : dialect.transport;
    const protocol = dialect.transport === "header" ? "header" : dialect.protocol;
    const type = dialect.variant === nonblocking ? "nonblocking" : "threaded";
    const ofApache = dialect.multiplexed ? { binary: "multi", compact: "multic" }[dialect.protocol] : protocol;
    const apache = ["--port", "0", "--protocol", ofApache, "--transport", transport, "--server-type", type];
    const echo = [type, transport, protocol, ...(dialect.multiplexed ? ["Echo"] : [])];
    return runTogether(startServer(directory, "./TestServer", apache), startServer(directory, "./EchoServer", echo));
  },
};

function build(): Promise<string> {
  const recipe = readFileSync(import.meta.filename, "utf8");
  return buildOnce(
    "cpp",
    [apacheVersion, recipe, readFileSync(echoIdl, "utf8"), readFileSync(echoSource, "utf8")],
    async (draft) => {
      const sources = ["test/cpp/src/TestServer.cpp", "test/cpp/src/ThriftTest_extras.cpp"];
      for (const path of [...sources, "test/ThriftTest.thrift"]) copyApache(path, draft);
      replaceIn(join(draft, sources[0]!), [
        ["TServerSocket(port)", 'TServerSocket("127.0.0.1", port)'],
        ["TNonblockingServerSocket(port)", 'TNonblockingServerSocket("127.0.0.1", port)'],
      ]);
      for (const idl of ["test/ThriftTest.thrift", echoIdl])
        await run(draft, "thrift", ["--gen", "cpp:cob_style,no_skeleton", idl]);
      await compile(draft, "TestServer", sources, ["ThriftTest", "ThriftTest_types", "ThriftTest_constants", "SecondService"]);
      await compile(draft, "EchoServer", [echoSource], ["Base", "Echo", "echo_types"]);
    },
  );
}

function compile(directory: string, program: string, sources: readonly string[], generated: readonly string[]): Promise<void> {
  const files = [...sources, ...generated.map((name) => `gen-cpp/${name}.cpp`)];
  const options = ["-O0", "-DHAVE_SIGNAL_H", "-DHAVE_STDINT_H", "-DHAVE_INTTYPES_H", "-I.", "-Igen-cpp", "-pthread"];
  return run(directory, "g++", [...options, ...files, "-o", program, ...libraries.map((name) => `-l${name}`)]);
}
