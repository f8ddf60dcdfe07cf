import { describe, expect, it } from "vitest";
import { createBoundedCalls } from "../../../../../gateway/src/control-plane/store/mongo-calls.ts";
import { GatewayError } from "../../../../../gateway/src/core/errors.ts";
import { createFakeClock } from "../../../../support/fake-clock.ts";

const BOUND_MS = 3_000;
const never = () => new Promise<never>(() => {});
const fault = (name: string, code?: number) => Object.assign(new Error(name), { name, code });

function createGate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

function create() {
  const clock = createFakeClock();
  return { clock, calls: createBoundedCalls(clock, BOUND_MS) };
}

describe("a bounded call", () => {
  it("ends when its bound is reached, and begins nothing afterwards", async () => {
    const { clock, calls } = create();
    let signal: AbortSignal | undefined;
    const call = calls.run((its) => {
      signal = its;
      return never();
    });
    const refused = expect(call).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "The store did not answer in time.",
    });
    await clock.advance(BOUND_MS - 1);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    await refused;
    expect(() => signal?.throwIfAborted()).toThrow(GatewayError);
    expect(clock.pending).toBe(0);
  });

  it.each([
    fault("MongoNetworkError"),
    fault("MongoNetworkTimeoutError"),
    fault("MongoPoolClearedError"),
    fault("MongoServerError", 10_107),
    fault("MongoServerError", 189),
    fault("MongoWriteConcernError", 64),
  ])("is tried again after a fault that passes: $message $code", async (passing) => {
    const { clock, calls } = create();
    let tries = 0;
    const call = calls.run(async () => {
      tries += 1;
      if (tries < 4) throw passing;
      return "done";
    });
    // To the first pause, then through all of them.
    await clock.advance(0);
    await clock.advance(1_000);
    expect(await call).toBe("done");
    expect(tries).toBe(4);
  });

  it("is tried no longer than its bound", async () => {
    const { clock, calls } = create();
    let tries = 0;
    const call = calls.run(async () => {
      tries += 1;
      throw fault("MongoNetworkError");
    });
    const refused = expect(call).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await clock.advance(BOUND_MS);
    await refused;
    const triedBy = tries;
    await clock.advance(BOUND_MS);
    expect(tries).toBe(triedBy);
  });

  it("says that the store can't be used after any other fault, and passes on what the calling code did wrong", async () => {
    const { calls } = create();
    const cause = fault("MongoServerError", 13);
    const failing = (error: unknown) => calls.run(() => Promise.reject(error));
    await expect(failing(cause)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", cause });
    await expect(failing(new TypeError("twice"))).rejects.toThrow(TypeError);
    await expect(failing(new GatewayError("IDL_TOO_LARGE", "x"))).rejects.toMatchObject({ code: "IDL_TOO_LARGE" });
  });
});

describe("calls that take turns", () => {
  it("run in their order, others beside them", async () => {
    const { calls } = create();
    const order: string[] = [];
    const gate = createGate();
    const first = calls.run(() => gate.passed.then(() => order.push("first")), { turn: "a" });
    const second = calls.run(async () => order.push("second"), { turn: "a" });
    await calls.run(async () => order.push("other"), { turn: "b" });
    gate.open();
    await Promise.all([first, second]);
    expect(order).toEqual(["other", "first", "second"]);
  });

  it("wait for nobody who was given up, and not beyond their own bound", async () => {
    const { clock, calls } = create();
    const hung = calls.run(never, { turn: "a" });
    const impatient = calls.run(async () => "done", { turn: "a", timeoutMs: 1_000 });
    const later = calls.run(async () => "done", { turn: "a", timeoutMs: 2 * BOUND_MS });
    const refusals = Promise.all(
      [hung, impatient].map((call) => expect(call).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" })),
    );
    await clock.advance(BOUND_MS);
    await refusals;
    expect(await later).toBe("done");
  });

  it("are all done before it says that they are", async () => {
    const { calls } = create();
    const gate = createGate();
    const call = calls.run(() => gate.passed.then(() => "done"));
    let drained = false;
    const waiting = calls.drained().then(() => {
      drained = true;
    });
    await Promise.resolve();
    expect(drained).toBe(false);
    gate.open();
    await waiting;
    expect(await call).toBe("done");
  });
});
