// npm packs a bundled dependency from the package's own node_modules, where a workspace is not even linked: before packing it
// is copied there (`add`), afterwards it goes (`remove`).
import { cpSync, rmSync } from "node:fs";

const source = new URL("../thrift/", import.meta.url);
const scope = new URL("../gateway/node_modules/@thriftgate/", import.meta.url);
const target = new URL("thrift/", scope);

rmSync(scope, { recursive: true, force: true });
if (process.argv[2] === "add") {
  for (const name of ["package.json", "README.md", "LICENSE", "dist"]) {
    cpSync(new URL(name, source), new URL(name, target), {
      recursive: true,
      filter: (path) => !path.endsWith(".map") && !path.endsWith(".tsbuildinfo"),
    });
  }
}
