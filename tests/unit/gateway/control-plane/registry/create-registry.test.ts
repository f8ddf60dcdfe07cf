import { expect, it } from "vitest";
import { consulUrls } from "../../../../../gateway/src/control-plane/registry/create-registry.ts";

it.each([
  ["consul://c", ["http://c:8500"]],
  ["consul://127.0.0.1:18500/", ["http://127.0.0.1:18500"]],
  ["consul://[::1],[::1]:9", ["http://[::1]:8500", "http://[::1]:9"]],
  ["consul+tls://a,b:1", ["https://a:8501", "https://b:1"]],
])("%s: %j", (registry, urls) => {
  expect(consulUrls(registry)).toEqual(urls);
});
