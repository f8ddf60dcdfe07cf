import { describe, expect, test } from "vitest";
import { auditLogger, type CallLine, createAccessLog, createLogger } from "../../../../gateway/src/core/logger.ts";

function capture() {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ level: "info", destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  return { logger, lines };
}

const ok: CallLine = {
  requestId: "id-1",
  service: "Echo",
  method: "echo",
  status: 200,
  code: undefined,
  durationMs: 1.23456,
  instanceMs: 1,
  instanceId: "i1",
  attempts: 1,
  cause: undefined,
};

describe("access log", () => {
  test("samples evenly", () => {
    const log = createAccessLog(capture().logger, 0.25, { monotonicMs: () => 0 });
    const wanted = Array.from({ length: 12 }, () => log.wants(false));
    expect(wanted.filter(Boolean)).toHaveLength(3);
    expect([0, 1].map((sampling) => createAccessLog(capture().logger, sampling, { monotonicMs: () => 0 }).wants(false))).toEqual([
      false,
      true,
    ]);
  });

  test("has every error, up to its bound a second, and says how many it left out", () => {
    let nowMs = 5_000;
    const { logger, lines } = capture();
    const log = createAccessLog(logger, 0, { monotonicMs: () => nowMs });
    const wanted = Array.from({ length: 250 }, () => log.wants(true));
    expect(wanted.filter(Boolean)).toHaveLength(200);
    nowMs += 1_000;
    expect(log.wants(true)).toBe(true);
    expect(lines).toMatchObject([{ leftOut: 50 }]);
  });

  test("a line has names and figures", () => {
    const { logger, lines } = capture();
    createAccessLog(logger, 1, { monotonicMs: () => 0 }).write(ok);
    expect(lines).toMatchObject([
      { level: 30, msg: "call", requestId: "id-1", service: "Echo", status: 200, durationMs: 1.23, attempts: 1 },
    ]);
    expect(lines[0]).not.toHaveProperty("cause");
  });

  test("a cause is cut and can't move a terminal's cursor", () => {
    const { logger, lines } = capture();
    const cause = `\u001b[2J\u009b\r\u2028\n${"x".repeat(5_000)}`;
    createAccessLog(logger, 1, { monotonicMs: () => 0 }).write({ ...ok, status: 502, code: "UPSTREAM_BAD_REPLY", cause });
    expect(lines[0]).toMatchObject({ level: 50, code: "UPSTREAM_BAD_REPLY" });
    expect(lines[0]?.cause).toMatch(/^\?\[2J\?\?\? \| x{992}$/);
  });

  test("a cause is told down to the first one; a fault of our own with its place", () => {
    const { logger, lines } = capture();
    const log = createAccessLog(logger, 1, { monotonicMs: () => 0 });
    const refused = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });
    const cause = new Error("localhost:9090: the socket failed", { cause: refused });
    log.write({ ...ok, status: 503, code: "NO_HEALTHY_INSTANCE", cause });
    log.write({ ...ok, status: 500, code: "INTERNAL", cause });
    expect(lines[0]?.cause).toBe("localhost:9090: the socket failed: ECONNREFUSED");
    expect(lines[1]?.cause).toMatch(/^Error: localhost:9090: the socket failed \| at .+logger\.test\.ts/);
  });

  test("the caller's own faults are no errors of ours", () => {
    const { logger, lines } = capture();
    createAccessLog(logger, 1, { monotonicMs: () => 0 }).write({
      ...ok,
      status: 400,
      code: "INVALID_JSON",
      cause: new Error("x"),
    });
    expect(lines[0]).toMatchObject({ level: 30, status: 400, code: "INVALID_JSON" });
    expect(lines[0]).not.toHaveProperty("cause");
  });
});

test("audit lines are marked", () => {
  const { logger, lines } = capture();
  auditLogger(logger).info({ action: "register" }, "registered");
  expect(lines).toMatchObject([{ audit: true, action: "register" }]);
});
