import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { apacheVersion, copyApache, replaceIn } from "../../support/apache-source.ts";
import { apachePythonServers, pythonWithThrift } from "../../support/components.ts";
import { buildOnce, run } from "./build-once.ts";
import { apacheDialects, type ConformanceServer, runTogether, type ServerDialect } from "./conformance-server.ts";
import { startServer } from "./server-process.ts";

const accelerated = "accelerated";
const echoServer = join(import.meta.dirname, "echo-server.py");
const echoIdl = join(import.meta.dirname, "../echo.thrift");

/** Apache's `test/py/TestServer.py`, with the library that Debian packages. */
export const apachePython: ConformanceServer = {
  name: "Apache Python",
  component: apachePythonServers,
  services: ["ThriftTest", "Echo"],
  dialects: [
    ...apacheDialects,
    { transport: "framed", protocol: "binary", variant: accelerated },
    { transport: "buffered", protocol: "compact", variant: accelerated },
    { transport: "buffered", protocol: "binary", multiplexed: true },
    { transport: "framed", protocol: "compact", multiplexed: true },
    { transport: "header", protocol: "binary", multiplexed: true },
    { transport: "buffered", protocol: "binary", foundOut: true },
    { transport: "framed", protocol: "compact", foundOut: true },
    { transport: "header", protocol: "binary", foundOut: true },
  ],
  build,
  async start(dialect) {
    const directory = join(await build(), "test/py");
    const { transport, multiplexed } = dialect;
    const protocol = protocolOption(dialect);
    const apache = ["TestServer.py", "--port", "0", "--protocol", protocol, "--transport", transport, "TThreadedServer"];
    const echo = [echoServer, "gen-py", transport, echoProtocol(dialect), ...(multiplexed ? ["Echo"] : [])];
    return runTogether(startServer(directory, pythonWithThrift!, apache), startServer(directory, pythonWithThrift!, echo));
  },
};

function echoProtocol({ protocol, variant }: ServerDialect): string {
  return variant === accelerated ? { binary: "accel", compact: "accelc" }[protocol] : protocol;
}

function protocolOption(dialect: ServerDialect): string {
  const { transport, protocol, multiplexed, variant } = dialect;
  if (variant === accelerated) return echoProtocol(dialect);
  if (transport === "header") return multiplexed ? "multih" : "header";
  return multiplexed ? { binary: "multi", compact: "multic" }[protocol] : protocol;
}

function build(): Promise<string> {
  const recipe = readFileSync(import.meta.filename, "utf8");
  return buildOnce("python", [apacheVersion, recipe, readFileSync(echoIdl, "utf8")], async (draft) => {
    copyApache("test/py", draft);
    copyApache("test/ThriftTest.thrift", draft);
    const tests = join(draft, "test/py");
    replaceIn(join(tests, "TestServer.py"), [["host = None", 'host = "127.0.0.1"']]);
    mkdirSync(join(tests, "gen-py"));
    for (const idl of ["../ThriftTest.thrift", echoIdl]) await run(tests, "thrift", ["--gen", "py", "-out", "gen-py", idl]);
  });
}
