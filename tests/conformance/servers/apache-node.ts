import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apacheVersion, copyApache, replaceIn } from "../../support/apache-source.ts";
import { apacheNodeServers } from "../../support/components.ts";
import { buildOnce, run } from "./build-once.ts";
import { apacheDialects, type ConformanceServer, runTogether } from "./conformance-server.ts";
import { startServer } from "./server-process.ts";

const apacheServer = join(import.meta.dirname, "apache-node-server.cjs");
const echoServer = join(import.meta.dirname, "echo-server.cjs");
const echoIdl = join(import.meta.dirname, "../echo.thrift");
const handler = "lib/nodejs/test";

/** Apache's `lib/nodejs/test/test_handler.js`, with npm's `thrift`, whose own test server needs an older commander. */
export const apacheNode: ConformanceServer = {
  name: "Apache Node",
  component: apacheNodeServers,
  services: ["ThriftTest", "Echo"],
  dialects: [
    ...apacheDialects,
    { transport: "framed", protocol: "binary", multiplexed: true },
    { transport: "buffered", protocol: "compact", multiplexed: true },
    { transport: "framed", protocol: "compact", foundOut: true },
    { transport: "buffered", protocol: "binary", foundOut: true },
  ],
  build,
  async start(dialect) {
    const directory = join(await build(), handler);
    const spoken = dialect.transport === "header" ? ["buffered", "header"] : [dialect.transport, dialect.protocol];
    const apache = [apacheServer, ...spoken, ...(dialect.multiplexed ? ["multiplexed"] : []), "--es6"];
    const echo = [echoServer, join(directory, "gen-nodejs-es6"), ...spoken, ...(dialect.multiplexed ? ["Echo"] : [])];
    return runTogether(startServer(directory, process.execPath, apache), startServer(directory, process.execPath, echo));
  },
};

function build(): Promise<string> {
  const recipe = readFileSync(import.meta.filename, "utf8");
  return buildOnce("node", [apacheVersion, recipe, readFileSync(echoIdl, "utf8")], async (draft) => {
    for (const path of [`${handler}/test_handler.js`, `${handler}/helpers.js`, "test/ThriftTest.thrift"]) copyApache(path, draft);
    const directory = join(draft, handler);
    replaceIn(join(directory, "helpers.js"), [['"../lib/thrift"', '"thrift"']]);
    writeFileSync(join(draft, "package.json"), '{"type":"commonjs"}');
    mkdirSync(join(directory, "gen-nodejs-es6"));
    for (const idl of [join(draft, "test/ThriftTest.thrift"), echoIdl]) {
      await run(directory, "thrift", ["--gen", "js:node,es6", "-out", "gen-nodejs-es6", idl]);
    }
  });
}
