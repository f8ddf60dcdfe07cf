// Writes to a store until it is killed, and says on stdout what was acknowledged: one line of JSON each.
// Plain JavaScript on the built gateway, so that every supported Node runs it.
import { writeSync } from "node:fs";
import { createEmbeddedStore } from "../../gateway/dist/control-plane/store/embedded-store.js";
import { createMongoStore } from "../../gateway/dist/control-plane/store/mongo-store.js";
import { systemClock as clock } from "../../gateway/dist/core/clock.js";
import { createLogger } from "../../gateway/dist/core/logger.js";

/** A data directory, or the URL of a MongoDB database. */
const [place, prefix] = process.argv.slice(2);
const versionsOfEach = 4;

function tell(event) {
  writeSync(1, `${JSON.stringify(event)}\n`);
}

/** The version of an owner says what its head has to be: one service kept, one changed each time, one replaced each time. */
function servicesOf(ownerId, version) {
  const definition = {
    serviceId: "1",
    idlFiles: { "main.thrift": `// ${version}\n`.repeat(500) },
    mainFile: "main.thrift",
    version: String(version),
    description: "",
    serverCount: 1,
    paths: [],
    registeredServers: [],
  };
  return [
    version === 1 ? { name: `${ownerId}/kept`, definition } : { name: `${ownerId}/kept`, keep: true },
    { name: `${ownerId}/changed`, definition },
    { name: `${ownerId}/only-${version}`, definition },
  ];
}

const store = place.startsWith("mongodb:")
  ? createMongoStore({ url: place, clock, logger: createLogger({ level: "silent" }) })
  : createEmbeddedStore({ dataDir: place, clock });
tell({ event: "opening" });
await store.open();
tell({ event: "open" });
for (let n = 0; ; n++) {
  const ownerId = `${prefix}-${n}`;
  await store.createOwner({ ownerId, ownerName: "writer", keyDigest: "" }, servicesOf(ownerId, 1), "owner");
  tell({ event: "stored", ownerId, version: 1 });
  for (let version = 2; version <= versionsOfEach; version++) {
    await store.updateOwner(ownerId, version - 1, servicesOf(ownerId, version), "owner");
    tell({ event: "stored", ownerId, version });
  }
}
