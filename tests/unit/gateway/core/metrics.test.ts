import { AggregatorRegistry } from "prom-client";
import { expect, test } from "vitest";
import { createMetrics } from "../../../../gateway/src/core/metrics.ts";

test("figures of calls, by service, method and class of status", async () => {
  const metrics = createMetrics({ process: false });
  const meter = metrics.meter("Echo", "echo");
  expect(metrics.meter("Echo", "echo")).toBe(meter);
  meter.inFlight += 3;
  meter.ended(200, 0.25, 3);
  meter.ended(499, 7_000, 0);
  const text = await metrics.registry.metrics();
  const labels = 'service="Echo",method="echo"';
  for (const line of [
    `thriftgate_calls_total{${labels},status="2xx"} 1`,
    `thriftgate_calls_total{${labels},status="4xx"} 1`,
    `thriftgate_client_closed_total{${labels}} 1`,
    `thriftgate_calls_in_flight{${labels}} 1`,
    `thriftgate_gateway_seconds_bucket{le="0.0001",${labels}} 0`,
    `thriftgate_gateway_seconds_bucket{le="0.00025",${labels}} 1`,
    `thriftgate_gateway_seconds_bucket{le="5",${labels}} 1`,
    `thriftgate_gateway_seconds_bucket{le="+Inf",${labels}} 2`,
    `thriftgate_gateway_seconds_sum{${labels}} 7.00025`,
    `thriftgate_gateway_seconds_count{${labels}} 2`,
    `thriftgate_instance_seconds_count{${labels}} 1`,
    `thriftgate_instance_seconds_sum{${labels}} 0.003`,
  ]) {
    expect(text.split("\n")).toContain(line);
  }
});

test("what is forgotten is no label any more", async () => {
  const metrics = createMetrics({ process: false });
  metrics.meter("Gone", "echo").inFlight += 1;
  metrics.forget("Gone");
  expect(await metrics.registry.metrics()).not.toContain("Gone");
});

test("instances are counted when asked, refusals by code", async () => {
  const instances = [{ service: "Echo", health: "passing", count: 2 }];
  const metrics = createMetrics({ process: false, instances: () => instances });
  metrics.refused("BAD_REQUEST");
  const text = await metrics.registry.metrics();
  expect(text).toContain('thriftgate_instances{service="Echo",health="passing"} 2');
  expect(text).toContain('thriftgate_http_refused_total{code="BAD_REQUEST"} 1');
});

test("figures of several workers add up", async () => {
  const workers = [createMetrics({ process: false }), createMetrics({ process: false })];
  for (const { meter } of workers) {
    const echo = meter("Echo", "echo");
    echo.inFlight += 1;
    echo.ended(200, 1, 1);
  }
  const parts = await Promise.all(workers.map(({ registry }) => registry.getMetricsAsJSON()));
  const text = await AggregatorRegistry.aggregate(parts).metrics();
  expect(text).toContain('thriftgate_gateway_seconds_count{service="Echo",method="echo"} 2');
  expect(text).toContain('thriftgate_calls_total{service="Echo",method="echo",status="2xx"} 2');
});

test("the process's own figures are there", async () => {
  const text = await createMetrics().registry.metrics();
  for (const name of ["process_resident_memory_bytes", "nodejs_eventloop_lag_p99_seconds", "process_cpu_seconds_total"]) {
    expect(text).toContain(name);
  }
});
