import { expect, test } from "vitest";
import { type HttpLimits, listenHttp } from "../../gateway/src/data-plane/http/listen.ts";
import { bytesOf } from "../conformance/bad-inputs/bytes.ts";
import { type HttpCase, plainCases } from "../conformance/bad-inputs/cases.ts";
import { createCallWorld } from "../support/call-doubles.ts";
import { fuzzMs, fuzzSeed, fuzzTimeout } from "../support/fuzz.ts";
import { type Front, fronts } from "../support/held-requests.ts";
import { SettledConnection } from "../support/settled-exchange.ts";

const limits: HttpLimits = {
  maxHeaderBytes: 1_024,
  maxHeaders: 12,
  maxConnections: 1_000,
  maxRequestsPerSocket: 4,
  headersTimeoutMs: 600_000,
  requestTimeoutMs: 600_000,
  keepAliveTimeoutMs: 600_000,
};

type Random = (below: number) => number;

const listed = plainCases<HttpCase>("http").map(({ raw }) =>
  bytesOf(raw)
    .toString("latin1")
    .slice(0, 4_096)
    .replaceAll(/AssetManagement\/\w+/g, "Echo/echo")
    .replaceAll(/Connection: close\r\n/gi, ""),
);
const methods = [
  "GET",
  "GET",
  "POST",
  "POST",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "HEAD",
  "OPTIONS",
  "get",
  "TRACE",
  "CONNECT",
  "",
];
const plainTargets = ["/Echo/echo", "/Echo/echo?a=1", "/Echo/none", "/None/echo"];
const targets = [
  ...plainTargets,
  ..."/Echo/%65cho /Echo/../x /Echo/echo? / /a".split(" "),
  ..."/Echo/e%00 //Echo/echo * http://a/Echo/echo http://a Echo/echo /Echo/echo#f /Echo/ec|ho /Echo/ec\\ho /Echo/[x] /Echo/é".split(
    " ",
  ),
  ...'/other/path /Echo/echo?q={"x"} /Echo/echo?<> /Echo/^ /Echo/` /Echo/echo;a=b /Echo/%c3%a9 /Echo/echo\t'.split(" "),
];
const versions = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/1.2",
  "HTTP/2.0",
  "http/1.1",
  "HTTP/1.1 ",
  "",
];
const lengths = [
  "Content-Length: 2",
  "Content-Length: 0",
  "Content-Length: 02",
  "Content-Length: +2",
  "Content-Length: 2, 2",
  "Content-Length: -1",
  "Content-Length:",
  "Content-Length: 1 2",
  "Content-Length: 0x2",
  "Content-Length: 301",
  "Content-Length: 65537",
  "Content-Length: 99999999999999999999",
  "Content-Length : 2",
  "Content-Length: 3\r\n",
];
const someHeaders = [
  ...lengths,
  "Host: a",
  "host:a",
  "Host:",
  "Connection: keep-alive",
  "Connection: Keep-Alive",
  "Connection: close",
  "connection: CLOSE",
  "Connection: keep-alive, close",
  "Connection: x, y",
  "Connection:",
  "Proxy-Connection: close",
  "Keep-Alive: timeout=1",
  "Content-Type: application/json",
  "content-type:  application/json \t",
  "Content-Type: text/plain",
  "Content-Type:",
  "Content-Encoding: gzip",
  "Content-Encoding: identity",
  "Transfer-Encoding: chunked",
  "transfer-encoding: Chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding:",
  "Expect: 100-continue",
  "expect: 100-Continue",
  "Expect: something",
  "Upgrade: h2c",
  "Connection: upgrade",
  "Trailer: x",
  "TE: trailers",
  "X-Request-Id: of-the-caller",
  "x-request-id: a b",
  "X: y",
  "X:",
  "X : y",
  " folded",
  "\tfolded",
  "X: \x01",
  "X: \x7f",
  "X: \xe9",
  "X: y\rz",
  "X: y\nZ: z",
  "(: y",
  ": y",
  "no colon",
  "__proto__: x",
  "a:b\r\nc:d\r\ne:f\r\ng:h\r\ni:j\r\nk:l",
  `long: ${"x".repeat(300)}`,
  `longer: ${"x".repeat(1_000)}`,
];
const fragments = [
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  "\0",
  " ",
  ":",
  "\t",
  "0",
  "Host: b\r\n",
  "GET ",
  "\xff",
  "HTTP/1.1",
  "chunked",
];

test(`both fronts answer the same bytes alike, however they are cut (seed ${fuzzSeed})`, {
  timeout: fuzzTimeout * 2,
}, async () => {
  const taken = { calls: 0 };
  const edges = await Promise.all(fronts.map((front) => serve(front, taken)));
  const random = createRandom(fuzzSeed);
  const deadline = performance.now() + fuzzMs;
  let runs = 0;
  try {
    for (; runs < 100 || performance.now() < deadline; runs += 1) {
      const pieces = piecesOf(random);
      const [node, net] = await Promise.all(edges.map(({ port }) => talk(port, pieces)));
      if (JSON.stringify(node) !== JSON.stringify(net))
        expect({ run: runs, pieces, said: net }).toEqual({ run: runs, pieces, said: node });
    }
  } finally {
    await Promise.all(edges.map(({ listener }) => listener.close(0)));
  }
  // Else the comparison was of one front with itself.
  expect(taken.calls).toBeGreaterThan(runs / 20);
});

async function serve(front: Front, taken: { calls: number }) {
  const world = createCallWorld({ limits: { maxCallBodyBytes: 300 } });
  const listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    requestListener: world.handler,
    limits,
    calls:
      front === "node"
        ? undefined
        : {
            takes: (target) => !target.startsWith("/other"),
            onCall(caller) {
              taken.calls += 1;
              world.handleCall(caller);
            },
          },
  });
  return { listener, port: listener.address.port };
}

/** What a server says to the bytes, then to a plain call where that is still possible, then to the end of our half. */
async function talk(port: number, pieces: readonly string[]): Promise<unknown[]> {
  const connection = await SettledConnection.open(port);
  for (const piece of pieces) await connection.send(Buffer.from(piece, "latin1"));
  const said: unknown[] = [shown(await connection.take()), connection.ended];
  if (!connection.ended) {
    await connection.send(Buffer.from("GET /Echo/echo?then=this HTTP/1.1\r\nHost: a\r\n\r\n"));
    said.push(shown(await connection.take()), connection.ended);
  }
  if (!connection.ended) {
    await connection.end();
    said.push(shown(await connection.take()), connection.ended);
  }
  connection.close();
  return said;
}

/** Without what differs by its nature: request IDs, the date, the spelling of header names, and where `Connection` stands. */
function shown(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{12}-[0-9a-z]+/g, "ID")
    .replaceAll(/content-length: \d+\r\n(?=x-request-id: ID)/gi, "")
    .replaceAll(/^date: .*\r\n/gim, "")
    .replaceAll(/^(?:[a-z-]+: .*\r\n)+/gim, (head) => head.toLowerCase().split("\r\n").sort().join("\n"));
}

/** A few requests, sound and otherwise: each by itself and in one piece, which is the usual case, or all of them cut anywhere. */
function piecesOf(random: Random): string[] {
  const requests = Array.from({ length: 1 + random(3) }, () => {
    let text = random(8) === 0 ? listed[random(listed.length)]! : request(random);
    for (let count = random(6) === 0 ? 1 + random(3) : 0; count > 0; count -= 1) text = mutated(text, random);
    return text;
  });
  switch (random(4)) {
    case 0:
      return cut(requests.join(""), random);
    case 1:
      return requests.flatMap((text) => cut(text, random));
    default:
      return requests;
  }
}

function cut(text: string, random: Random): string[] {
  const cuts = Array.from({ length: 1 + random(4) }, () => random(text.length + 1)).sort((a, b) => a - b);
  return [...cuts, text.length].map((end, index) => text.slice(cuts[index - 1] ?? 0, end));
}

function request(random: Random): string {
  const pick = (from: readonly string[]) => from[random(from.length)]!;
  const isOdd = random(4) === 0;
  const body = pick(["", "{}", '{"a":1}', "x".repeat(random(400)), "2\r\n{}\r\n0\r\n\r\n", "\r\n"]);
  const line = isOdd
    ? `${pick(methods)} ${pick(targets)} ${pick(versions)}`
    : `${pick(["GET", "POST"])} ${pick(random(4) === 0 ? targets : plainTargets)} HTTP/1.1`;
  const headers = ["Host: a"];
  // A length that is wrong makes the next request part of this one's body, or the other way round.
  if (random(4) > 0) headers.push(`Content-Length: ${random(6) === 0 ? random(100) : body.length}`);
  else if (random(2) === 0) headers.push(pick(lengths));
  if (random(3) === 0) headers.push("Content-Type: application/json");
  if (random(10) === 0) headers.push(...Array.from({ length: 8 + random(5) }, (_, index) => `x-${index}: y`));
  for (let count = isOdd ? 1 + random(3) : random(4) === 0 ? 1 : 0; count > 0; count -= 1) {
    headers.splice(random(headers.length + 1), random(2), pick(someHeaders));
  }
  return `${line}\r\n${headers.join("\r\n")}\r\n\r\n${body}`;
}

function mutated(text: string, random: Random): string {
  const at = random(text.length + 1);
  const end = Math.min(text.length, at + random(6));
  switch (random(4)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + fragments[random(fragments.length)] + text.slice(at);
    case 2:
      return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1);
    default:
      return text.slice(0, end) + text.slice(at);
  }
}

function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
