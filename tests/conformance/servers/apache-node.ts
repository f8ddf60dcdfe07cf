import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apacheVersion, copyApache, replaceIn } from "../../support/apache-source.ts";
import { apacheNodeServers } from "../../support/components.ts";
import { buildOnce, run } from "./build-once.ts";
import type { ConformanceServer } from "./conformance-server.ts";
import { startServer } from "./server-process.ts";

const handler = "lib/nodejs/test";

/** Apache's `lib/nodejs/test/test_handler.js`, with npm's `thrift`, whose own test server needs an older commander. */
export const apacheNode: ConformanceServer = {
  name: "Apache Node",
  component: apacheNodeServers,
  services: [],
  dialects: [
    { transport: "framed", protocol: "binary" },
    { transport: "framed", protocol: "compact" },
    { transport: "buffered", protocol: "binary" },
    { transport: "buffered", protocol: "compact" },
    { transport: "header", protocol: "binary" },
    { transport: "header", protocol: "compact" },
    { transport: "framed", protocol: "binary", multiplexed: true },
    { transport: "buffered", protocol: "compact", multiplexed: true },
    { transport: "framed", protocol: "compact", foundOut: true },
    { transport: "buffered", protocol: "binary", foundOut: true },
  ],
  build,
  async start({ transport, protocol, multiplexed }) {
    const directory = join(await build(), handler);
    const { port, stop } = await startServer(directory, process.execPath, [
      join(import.meta.dirname, "apache-node-server.cjs"),
      ...(transport === "header" ? ["buffered", "header"] : [transport, protocol]),
      ...(multiplexed ? ["multiplexed"] : []),
      "--es6",
    ]);
    return { ports: { ThriftTest: port, SecondService: port }, stop };
  },
};

function build(): Promise<string> {
  const recipe = readFileSync(import.meta.filename, "utf8");
  return buildOnce("node", [apacheVersion, recipe], async (draft) => {
    for (const path of [`${handler}/test_handler.js`, `${handler}/helpers.js`, "test/ThriftTest.thrift"]) copyApache(path, draft);
    const directory = join(draft, handler);
    replaceIn(join(directory, "helpers.js"), [['"../lib/thrift"', '"thrift"']]);
    writeFileSync(join(draft, "package.json"), '{"type":"commonjs"}');
    mkdirSync(join(directory, "gen-nodejs-es6"));
    await run(directory, "thrift", ["--gen", "js:node,es6", "-out", "gen-nodejs-es6", join(draft, "test/ThriftTest.thrift")]);
  });
}
