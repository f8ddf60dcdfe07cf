import { describe, expect, it } from "vitest";
import { InstancePace } from "../../../../../gateway/src/data-plane/connection/instance-pace.ts";

describe("a method is slow", () => {
  it("where it takes four times as long as the swiftest one, and 2 ms at least", () => {
    const pace = new InstancePace();
    const swift = pace.of("swift");
    const slow = pace.of("slow");
    expect(pace.isSlow(slow)).toBe(false);
    pace.note(swift, 0.5);
    pace.note(slow, 1.9);
    expect(pace.isSlow(slow)).toBe(false);
    for (let i = 0; i < 50; i++) pace.note(slow, 20);
    expect([pace.isSlow(slow), pace.isSlow(swift)]).toEqual([true, false]);
    for (let i = 0; i < 50; i++) pace.note(slow, 1);
    expect(pace.isSlow(slow)).toBe(false);
  });

  it("nowhere on a server that answers out of order", () => {
    const pace = new InstancePace();
    pace.note(pace.of("swift"), 0.5);
    pace.note(pace.of("slow"), 50);
    pace.answersOutOfOrder = true;
    expect(pace.isSlow(pace.of("slow"))).toBe(false);
  });

  it("not by what a connection from before the instance joined again has noted", () => {
    const before = new InstancePace();
    const pace = new InstancePace();
    const method = pace.of("m");
    before.note(method, 50);
    expect(pace.isSlow(method)).toBe(false);
  });
});
