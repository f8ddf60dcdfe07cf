import type { Clock } from "../../core/clock.ts";
import type { OwnerHead, Store } from "../store/store.ts";
import { createSharedRead } from "./shared-read.ts";

/** What other gateways stored, for requests that can't wait until it is told of by itself. */
export interface CatchUp {
  /** A head that was told of, and what ends when it was published, or could not be. */
  coming(head: OwnerHead, published: Promise<void>): void;
  /**
   * Reads what others stored, and waits until what is wanted of it is published. Never rejects: who asked looks again, and finds what
   * there is.
   */
  catchUp(isWanted: (head: OwnerHead) => boolean): Promise<void>;
}

/** Between two reads, whoever asks: anybody may, with made-up keys. */
const READ_GAP_MS = 250;
/** With what a registry may take after it, within the 5 s that a request waits. */
const PATIENCE_MS = 2_000;
/** Those that wait hold a connection and a body. */
const MAX_WAITING = 1_000;

export function createCatchUp(store: Pick<Store, "catchUp">, clock: Clock): CatchUp {
  /** The last one of each owner. */
  const underWay = new Map<string, { readonly head: OwnerHead; readonly published: Promise<void> }>();
  const read = createSharedRead(async () => store.catchUp?.(), READ_GAP_MS, clock);
  let waiting = 0;

  async function readAndPublish(isWanted: (head: OwnerHead) => boolean): Promise<void> {
    await read();
    const wanted = [...underWay.values()].filter(({ head }) => isWanted(head));
    await Promise.all(wanted.map(({ published }) => published));
  }

  return {
    coming(head, published) {
      const one = { head, published };
      underWay.set(head.ownerId, one);
      const forget = () => {
        if (underWay.get(head.ownerId) === one) underWay.delete(head.ownerId);
      };
      published.then(forget, forget);
    },

    async catchUp(isWanted) {
      if (!store.catchUp || waiting >= MAX_WAITING) return;
      waiting += 1;
      let cancel = (): void => {};
      const impatience = new Promise<void>((resolve) => {
        cancel = clock.after(PATIENCE_MS, resolve);
      });
      try {
        await Promise.race([readAndPublish(isWanted), impatience]);
      } catch {
        // The store is gone: what is known has to do.
      } finally {
        cancel();
        waiting -= 1;
      }
    },
  };
}
