import { createEmbeddedStore } from "../../gateway/src/control-plane/store/embedded-store.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { describeStore } from "./store-contract.ts";

describeStore("embedded", async () => {
  const directory = createTemporaryDirectory();
  const clock = createFakeClock();
  const open = async () => {
    const store = createEmbeddedStore({ dataDir: directory.path, clock });
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
      directory.remove();
    },
  };
});
