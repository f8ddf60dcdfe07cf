import { describe, expect, test } from "vitest";
import { parseHead } from "../../../../../../gateway/src/data-plane/http/front/parse-head.ts";

const bounds = { maxHeaderBytes: 200, maxHeaders: 3 };

function parse(text: string) {
  return parseHead(Buffer.from(text, "latin1"), bounds);
}

function get(...headers: string[]) {
  return parse(["GET /a/b HTTP/1.1", ...headers, "", ""].join("\r\n"));
}

test("a head in the common form", () => {
  const text = "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nContent-Type:application/json \t\r\nCONTENT-length:  12\r\n\r\n";
  expect(parse(`${text}{"a":1,"b":2}`)).toEqual({
    method: "POST",
    target: "/a/b?c=d",
    headers: {
      "content-type": "application/json",
      "content-encoding": undefined,
      "content-length": "12",
      "transfer-encoding": undefined,
      "x-request-id": undefined,
    },
    rawHeaders: ["Host", "x", "Content-Type", "application/json", "CONTENT-length", "12"],
    bodyLength: 12,
    length: text.length,
  });
});

test.each([
  [["Host: x", "Connection: keep-alive"]],
  [["Host: x", "connection: Keep-Alive"]],
  [["Host:"]],
  [["Host: x", "a:", "b: \t c d \t"]],
  [["Host: x", "Content-Length: 0"]],
  [["Host: x", "Keep-Alive: timeout=1", "Cookie: a=b"]],
])("is taken: %j", (headers) => {
  expect(get(...headers)?.rawHeaders).toHaveLength(2 * headers.length);
});

describe("is left to node:http", () => {
  test.each([
    [[]],
    [["Host: x", "Host: x"]],
    [["Host: x", "hOST: y"]],
    [["Host: x", "a: 1", "b: 2", "c: 3"]],
    [["Host: x", "Connection: close"]],
    [["Host: x", "Connection: keep-alive, x"]],
    [["Host: x", "Connection:"]],
    [["Host: x", "Proxy-Connection: keep-alive"]],
    [["Host: x", "Upgrade: websocket"]],
    [["Host: x", "Expect: 100-continue"]],
    [["Host: x", "Transfer-Encoding: chunked"]],
    [["Host: x", "TRANSFER-ENCODING:"]],
    [["Host: x", "Content-Length: 1", "Content-Length: 1"]],
    [["Host: x", "Content-Type: a", "Content-Type: a"]],
    [["Host: x", "Content-Encoding: a", "Content-Encoding: a"]],
    [["Host: x", "X-Request-Id: a", "X-Request-Id: a"]],
    ...["", "+1", "-1", "01", "1,1", "1 1", "0x1", "1e3", "1.0", "٣", "9999999999999999"].map((value) => [
      ["Host: x", `Content-Length: ${value}`],
    ]),
    [["Host: x", " folded"]],
    [["Host: x", "\tfolded"]],
    [["Host: x", "a : b"]],
    [["Host: x", ": b"]],
    [["Host: x", "a"]],
    [["Host: x", "(: b"]],
    [["Host: x", "a: b\rc"]],
    [["Host: x", "a: b\nc: d"]],
    [["Host: x", "a: \0"]],
    [["Host: x", "a: \x7f"]],
    [["Host: x", "a: \xe9"]],
    [["Host: x", `a: ${"b".repeat(200)}`]],
  ])("headers %j", (headers) => {
    expect(get(...headers)).toBeUndefined();
  });

  test.each([
    ...["get", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW", ""].map((method) => `${method} /a/b HTTP/1.1`),
    ...[
      "",
      "*",
      "a/b",
      "http://x/a",
      "/a b",
      "/a\tb",
      "/a#b",
      '/a"',
      "/a\\b",
      "/a|b",
      "/a<",
      "/a{",
      "/a^",
      "/a`",
      "/\xe9",
      "/a\0",
    ].map((target) => `GET ${target} HTTP/1.1`),
    ...["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 ", "HTTP/1.10", " HTTP/1.1", ""].map(
      (version) => `GET /a/b ${version}`,
    ),
    "GET  /a/b HTTP/1.1",
    " GET /a/b HTTP/1.1",
    "\r\nGET /a/b HTTP/1.1",
    "GET /a/b",
    "GET",
  ])("the line %j", (line) => {
    expect(parse(`${line}\r\nHost: x\r\n\r\n`)).toBeUndefined();
  });

  test("a head that is not all there, or whose lines end otherwise", () => {
    const whole = "GET /a/b HTTP/1.1\r\nHost: x\r\n\r\n";
    expect(parse(whole)).toBeDefined();
    for (let length = 0; length < whole.length; length += 1) expect(parse(whole.slice(0, length))).toBeUndefined();
    expect(parse(whole.replaceAll("\r\n", "\n"))).toBeUndefined();
    expect(parse(whole.replace("\r\nHost", "\nHost"))).toBeUndefined();
    expect(parse(whole.replace("\r\n", "\r"))).toBeUndefined();
  });
});
