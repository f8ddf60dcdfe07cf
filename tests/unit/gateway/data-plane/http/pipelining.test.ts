import { afterEach, expect, it } from "vitest";
import { type Listener, listenHttp } from "../../../../../gateway/src/data-plane/http/listen.ts";
import { type Front, fronts, holdRequests } from "../../../../support/held-requests.ts";
import { RawConnection } from "../../../../support/raw-http.ts";

let listener: Listener | undefined;
afterEach(() => listener?.close(0));

/** A listener that answers only when it is told to. */
async function listenSilently(front: Front) {
  const { held, options, until } = holdRequests(front);
  listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    ...options,
    limits: {
      maxHeaderBytes: 16_384,
      maxHeaders: 200,
      maxConnections: 100,
      maxRequestsPerSocket: 0,
      headersTimeoutMs: 10_000,
      requestTimeoutMs: 10_000,
      keepAliveTimeoutMs: 10_000,
    },
  });
  return { url: listener.url, started: held, until };
}

const requests = (count: number) => "GET /a/b HTTP/1.1\r\nHost: a\r\n\r\n".repeat(count);

it.each(fronts)(
  "%s front: runs a few requests of a connection ahead of their turn, the rest as those are answered",
  async (front) => {
    const { url, started, until } = await listenSilently(front);
    const connection = await RawConnection.open(url);
    connection.send(requests(100));
    await until(17);
    for (let answered = 0; answered < 100; answered += 1) {
      // The oldest, 16 behind it, and one more for each answer to one of those.
      const allowed = Math.min(17 + Math.max(0, answered - 1), 100);
      await until(allowed);
      expect(started).toHaveLength(allowed);
      started[answered]!.end(String(answered));
      expect((await connection.response())?.headers["transfer-encoding"] ?? "").toBe("");
    }
    connection.close();
  },
);

it.each(fronts)("%s front: never starts what waited on a connection that is gone", async (front) => {
  const { url, started, until } = await listenSilently(front);
  const connection = await RawConnection.open(url);
  connection.send(requests(100));
  await until(17);
  const gone = started[0]!.closed;
  connection.close();
  await gone;
  const another = await RawConnection.open(url);
  another.send(requests(1));
  await until(18);
  expect(started).toHaveLength(18);
  another.close();
});

it.each(fronts)("%s front: reads no further while many requests wait, with or without bodies", async (front) => {
  const { url, started, until } = await listenSilently(front);
  const post = "POST /a/b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
  for (const flood of [requests(200_000), post.repeat(120_000)]) {
    const begun = started.length;
    const connection = await RawConnection.open(url);
    connection.send(flood);
    await until(begun + 17);
    const socket = started[begun]!.socket!;
    for (let other = 1; other <= 50; other += 1) {
      const neighbour = await RawConnection.open(url);
      neighbour.send(requests(1));
      await until(begun + 17 + other);
      neighbour.close();
    }
    expect(socket.bytesRead).toBeLessThan(1_000_000);
    connection.close();
  }
});
