import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HttpRequest } from "../../../../thrift/src/compile/encode-http.ts";
import { bindingsOf } from "../../../../thrift/src/compile/http-bindings.ts";
import { argumentsHex, codecOf, refusal, schemaOf } from "./encode-fixture.ts";

const IDL = `
enum Color { RED = 1 }
struct Inner { 1: i32 n, 2: i32 ignored (api.query="ignored") }
struct S {
  1: i64 id (api.path="id"),
  2: list<string> names (api.query="name"),
  3: map<string, i32> counts (api.header="X-Counts"),
  4: Inner inner (api.query="inner"),
  5: Color color (api.cookie="color"),
  6: bool on (api.query="on", api.form="on"),
  7: double plain,
  8: string __proto__ (api.query="__proto__"),
}
service T { S call(1: S s) }`;

/** A request that holds these values, as \`kind name\`. */
function request(
  values: Readonly<Record<string, readonly string[]>>,
  rest: "json" | readonly (readonly [string, string])[] = [],
  body = "",
  source: "query" | "form" = "query",
): HttpRequest {
  const known = new Map(Object.entries(values));
  return {
    values: (kind, name) => known.get(`${kind} ${name}`) ?? [],
    uri: "/",
    body: Buffer.from(body),
    rest: rest === "json" ? rest : { source, pairs: rest },
  };
}

const codec = codecOf(IDL);
const encode = (...parts: Parameters<typeof request>) => argumentsHex(codec.http!.encode(request(...parts)));
const fromJson = (json: string) => argumentsHex(codec.encodeJson(Buffer.from(json)));

test("a method without annotations has no part in it", () => {
  expect(codecOf("struct S { 1: i32 a } service T { S call(1: S s) }").http).toBeUndefined();
  const schema = schemaOf("struct I { 1: i32 a (api.query) } struct S { 1: I i } service T { S call(1: S s) }");
  expect(bindingsOf(schema, schema.services[0]!.methods[0]!)).toEqual({ sources: [], targets: [] });
});

describe("values become what the same JSON becomes", () => {
  test("of every kind", () => {
    const values = {
      "path id": ["-9223372036854775808"],
      "query name": ["a,b", "c", ""],
      "header X-Counts": ['{"x":1,"y":2}'],
      "query inner": ['{"n":3}'],
      "cookie color": ["RED"],
      "form on": ["1"],
      "query __proto__": ["p"],
    };
    const json =
      '{"id":-9223372036854775808,"names":["a","b","c"],"counts":{"x":1,"y":2},"inner":{"n":3},"color":1,"on":true,"__proto__":"p","plain":0.5}';
    const hexes = (hex: string) => [...hex].toSorted((a, b) => a.localeCompare(b)).join("");
    expect(hexes(encode(values, [["plain", "0.5"]]))).toBe(hexes(fromJson(json)));
    expect(encode(values, "json", '{"plain":0.5}')).toBe(encode(values, [["plain", "0.5"]]));
  });

  test("the first source that has it, then the body", () => {
    expect(encode({ "query on": ["0"], "form on": ["1"] })).toBe(fromJson('{"on":false}'));
    expect(encode({}, "json", '{"on":true}')).toBe(fromJson('{"on":true}'));
    expect(encode({ "query on": ["0"] }, "json", ' { "on" : {"any":[1,"}"]} , "plain" : 1 } ')).toBe(
      fromJson('{"on":false,"plain":1}'),
    );
    expect(encode({ "query on": ["0"] }, "json", '{"\\u006fn":true}')).toBe(fromJson('{"on":false}'));
    expect(
      encode({ "path id": ["1"] }, [
        ["id", "2"],
        ["inner.n", "4"],
      ]),
    ).toBe(fromJson('{"id":1,"inner":{"n":4}}'));
  });

  test("any body, any member taken out", () => {
    const values = fc.record({
      id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
      plain: fc.integer(),
      on: fc.boolean(),
    });
    const space = fc.constantFrom("", " ", "\n\t");
    fc.assert(
      fc.property(values, fc.anything(), space, ({ id, plain, on }, junk, ws) => {
        const junkJson = JSON.stringify({ junk });
        const members = [`"on"${ws}:${ws}${junkJson}`, `"plain":${plain}${ws}`, `"id":${id}`];
        const body = `${ws}{${ws}${members.join(`${ws},${ws}`)}${ws}}${ws}`;
        expect(encode({ "query on": [String(on)] }, "json", body)).toBe(fromJson(`{"on":${on},"plain":${plain},"id":${id}}`));
      }),
    );
  });
});

test("a name is a field's own in its own place alone", () => {
  const named = codecOf('struct S { 1: string a (api.form="n"), 2: string n } service T { S call(1: S s) }', {
    unknownFields: "reject",
  });
  const hex = (...parts: Parameters<typeof request>) => argumentsHex(named.http!.encode(request(...parts)));
  const json = (text: string) => argumentsHex(named.encodeJson(Buffer.from(text)));
  expect(hex({ "form n": ["x"] }, [["n", "x"]], "", "form")).toBe(json('{"a":"x"}'));
  expect(hex({}, [["n", "x"]], "", "query")).toBe(json('{"n":"x"}'));
});

test("a body of very many keys that nobody knows is taken", () => {
  const keys = Array.from({ length: 200_000 }, (_, i) => `"k${i}":0`).join();
  expect(encode({ "path id": ["1"] }, "json", `{${keys},"plain":2}`)).toBe(fromJson('{"id":1,"plain":2}'));
});

describe("faults", () => {
  const strict = codecOf(IDL, { unknownFields: "reject" });
  test.each([
    ["of a path", request({ "path id": ["1.5"] }), "INVALID_TYPE /id"],
    ["in a list", request({ "query name": ["a"], "path id": ["9223372036854775808"] }), "OUT_OF_RANGE /id"],
    ["in JSON in a header", request({ "header X-Counts": ['{"x":}'] }), "INVALID_JSON /X-Counts"],
    ["inside JSON in a header", request({ "header X-Counts": ['{"x":"y"}'] }), "INVALID_TYPE /X-Counts/x"],
    ["of a cookie", request({ "cookie color": ["BLUE"] }), "INVALID_ENUM /color"],
    ["that would break out of the JSON", request({ "path id": ['1,"plain":2'] }), "INVALID_TYPE /id"],
    ["two objects in one argument", request({ "query inner": ['{"n":1},"x":{}'] }), "INVALID_JSON /inner"],
    ["an unknown argument", request({}, [["plan", "1"]]), "UNKNOWN_FIELD /plan"],
    ["an unknown key", request({ "path id": ["1"] }, "json", '{"plan":1}'), "UNKNOWN_FIELD /plan"],
    ["a body that is none", request({}, "json", "7"), "INVALID_TYPE "],
    ["a body with more behind it", request({ "path id": ["1"] }, "json", '{"plain":1}}'), "INVALID_JSON "],
    ["in the body", request({ "path id": ["1"] }, "json", '{"plain":"x"}'), "INVALID_TYPE /plain"],
  ])("%s", (_name, bad, expected) => {
    expect(refusal(() => strict.http!.encode(bad))).toBe(expected);
  });

  test("its own sources are no unknown arguments", () => {
    expect(
      refusal(() =>
        strict.http!.encode(
          request({ "query name": ["a"] }, [
            ["name", "a"],
            ["x", ""],
          ]),
        ),
      ),
    ).toBe("UNKNOWN_FIELD /x");
  });
});
