import { expect, it } from "vitest";
import { bindRoutes } from "../../../../gateway/src/snapshot/bind-routes.ts";
import { createSnapshot, type ServiceEntry } from "../../../../gateway/src/snapshot/snapshot.ts";
import { ChangeSender, receivedChanges } from "../../../../gateway/src/workers/sent-changes.ts";
import { testInstance } from "../../../support/instance.ts";

const schema = { services: [], structs: [], enums: [] };
const options = { deadlineMs: 5_000, idempotent: undefined };

function entryOf(...paths: string[]): ServiceEntry {
  const routes = paths.map((path) => ({ path, method: path, options }));
  const rest = [{ ...routes[0]!, httpMethod: "GET", pattern: [{ kind: "literal" as const, text: "v1" }] }];
  const bound = bindRoutes(schema, { idlService: "S", codec: {}, routes, rest });
  return { name: "S", revision: 1, ...bound, instances: [testInstance({ id: "a", joinedAtMs: 900 })] };
}

/** From one process to another, whose clock began later. */
function transfer(sender: ChangeSender, snapshot: ReturnType<typeof createSnapshot>, entry: ServiceEntry | undefined) {
  const sent = sender.send([["S", entry]]);
  snapshot.publish(receivedChanges(structuredClone(sent), snapshot, -600));
  return { sent: sent[0]!.entry, received: snapshot.entry("S") };
}

it("sends a service whole, then its instances alone until its routes change", () => {
  const sender = new ChangeSender();
  const snapshot = createSnapshot();
  const first = entryOf("a", "b");

  const { sent, received } = transfer(sender, snapshot, first);
  expect(sent?.routes).toBeDefined();
  expect([...received!.routes.keys()]).toEqual(["a", "b"]);
  expect(received!.routes.get("a")!.options).toEqual(options);
  expect(received!.rest).toEqual([expect.objectContaining({ httpMethod: "GET", pattern: [{ kind: "literal", text: "v1" }] })]);
  expect(received!.instances).toEqual([testInstance({ id: "a", joinedAtMs: 300 })]);

  const grown = transfer(sender, snapshot, { ...first, instances: [...first.instances, testInstance({ id: "b" })] });
  expect(grown.sent?.routes).toBeUndefined();
  expect(grown.received!.instances.map(({ id }) => id)).toEqual(["a", "b"]);
  expect(grown.received!.routes).toBe(received!.routes);

  const updated = transfer(sender, snapshot, { ...entryOf("c"), revision: 2 });
  expect([...updated.received!.routes.keys()]).toEqual(["c"]);
  expect(updated.received!.revision).toBe(2);
});

it("sends a service whole again that was gone", () => {
  const sender = new ChangeSender();
  const snapshot = createSnapshot();
  const entry = entryOf("a");
  transfer(sender, snapshot, entry);
  expect(transfer(sender, snapshot, undefined).received).toBeUndefined();
  expect(transfer(sender, snapshot, entry).received).toBeDefined();
});
