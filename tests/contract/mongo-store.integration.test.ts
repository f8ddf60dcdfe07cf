import { randomUUID } from "node:crypto";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll } from "vitest";
import { createMongoStore } from "../../gateway/src/control-plane/store/mongo-store.ts";
import { createLogger } from "../../gateway/src/core/logger.ts";
import { describeWith, mongod } from "../support/components.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { type MongoDeployment, startReplicaSet, startStandalone } from "../support/mongod.ts";
import { describeStore } from "./store-contract.ts";

const logger = createLogger({ level: "silent" });
const deployments = { "a standalone server": startStandalone, "a replica set of three": startReplicaSet };

for (const [name, start] of Object.entries(deployments)) {
  describeWith(mongod, `MongoDB, ${name}`, () => {
    let deployment: MongoDeployment;
    let client: MongoClient;

    beforeAll(async () => {
      deployment = await start();
      client = new MongoClient(deployment.url);
    });
    afterAll(async () => {
      await client.close();
      await deployment.dispose();
    });

    describeStore(name, async () => {
      const dbName = `contract-${randomUUID()}`;
      const clock = createFakeClock();
      const open = async () => {
        const store = createMongoStore({ url: deployment.url, dbName, clock, logger });
        await store.open();
        return store;
      };
      let store = await open();
      return {
        store,
        clock,
        async reopen() {
          await store.close();
          store = await open();
          return store;
        },
        async dispose() {
          await store.close();
          await client.db(dbName).dropDatabase();
        },
      };
    });
  });
}
