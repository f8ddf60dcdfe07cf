import { describe, expect, test } from "vitest";
import { asksForText, fieldJsonName, mappingOf } from "../../../../thrift/src/json/field-mapping.ts";
import { schemaOf } from "../compile/encode-fixture.ts";
import { faultsOf } from "../schema/compile-text.ts";

/** The field `f` with these annotations. */
function field(annotations: string) {
  return schemaOf(`struct S { 1: string f (${annotations}) } service T { void call(1: S s) }`).structs[0]!.fields[0]!;
}

describe("the name in JSON", () => {
  test.each([
    ["", "f"],
    ['api.key="x"', "x"],
    ['agw.key="x"', "x"],
    ["api.key='ключ'", "ключ"],
    ['api.key="__proto__"', "__proto__"],
    ['api.body="x"', "x"],
    ['api.body="x, omitempty"', "x"],
    ["api.body", "f"],
    ['api.body=""', "f"],
    ["api.key", "f"],
    [`go.tag='json:"x"'`, "x"],
    [`go.tag='json:"x,omitempty" xml:"y"'`, "x"],
    [`go.tag='xml:"y" json:"x"'`, "x"],
    [`go.tag='notjson:"x"'`, "f"],
    [`go.tag='json:",omitempty"'`, "f"],
    ['go.tag="json:\\"x\\""', "x"],
    ['go.tag="json"', "f"],
    [`go.tag='json:"t"', api.body="b", api.key="k"`, "k"],
    [`go.tag='json:"t"', api.body="b"`, "b"],
    ['api.vd="len($)>1", deprecated, agw.to_snake="true", agw.to_lower_camel_case, API.KEY="x"', "f"],
    ['api.query="q"', "f"],
  ])("%s", (annotations, name) => {
    const { name: own, annotations: read } = field(annotations === "" ? "x" : annotations);
    expect(fieldJsonName({ name: own, annotations: read })).toBe(name);
  });
});

test.each([
  ["api.none", false, false],
  ['api.none=""', false, false],
  [`go.tag='json:"-"'`, false, false],
  ['agw.target="ignore"', true, false],
  ['agw.target="IGNORE"', true, false],
  ['agw.source="ignore"', false, true],
  ['agw.source="ignore", agw.target="ignore"', false, false],
  ['api.key="x"', true, true],
])("who sees %s", (annotations, inRequests, inReplies) => {
  expect(mappingOf(field(annotations))).toMatchObject({ inRequests, inReplies });
});

test.each([
  ["api.js_conv", true],
  ['api.js_conv=""', true],
  ['agw.js_conv="true"', true],
  ['agw.js_conv="str"', true],
  ['api.js_conv="false"', false],
  ['api.js_conv="0"', false],
  ["x", false],
])("whether %s asks for text", (annotations, asks) => {
  expect(asksForText(field(annotations).annotations)).toBe(asks);
});

describe("names that clash", () => {
  test.each([
    ['struct S { 1: string a (api.key="x"), 2: string b (api.body="x") }'],
    ['struct S { 1: string a, 2: string b (api.key="a") }'],
    ['struct S { 1: string a (agw.source="ignore"), 2: string b (api.key="a") }'],
    ['struct S { 1: string a (agw.target="ignore"), 2: string b (api.key="a") }'],
    ['service S { void f(1: string a, 2: string b (agw.key="a")) }'],
  ])("%s", (text) => {
    expect(faultsOf(text)).toMatchObject([{ code: "IDL_SEMANTIC", message: expect.stringContaining("same JSON name as 'a'") }]);
  });

  test.each([
    ['struct S { 1: string a (api.key="b"), 2: string b (api.key="a") }'],
    ['struct S { 1: string a (api.none), 2: string b (api.key="a") }'],
    ['struct S { 1: string a (api.key="A"), 2: string b (api.key="a") }'],
  ])("not: %s", (text) => {
    expect(faultsOf(text)).toEqual([]);
  });
});

describe("places, in both spellings", () => {
  const named = (kind: string, name: string) => ({ kind, name });
  test.each([
    ['api.query="q"', [named("query", "q")], undefined],
    ["api.query", [named("query", "f")], undefined],
    ['api.query=""', [named("query", "f")], undefined],
    ['agw.source="query", agw.key="q"', [named("query", "q")], undefined],
    ['agw.source="QUERY"', [named("query", "f")], undefined],
    ['api.path="p"', [named("path", "p")], undefined],
    ['agw.source="path", agw.key="p"', [named("path", "p")], undefined],
    ['api.header="H"', [named("header", "H")], named("header", "H")],
    ['agw.source="header", agw.key="H"', [named("header", "H")], undefined],
    ['agw.target="header", agw.key="H"', [], named("header", "H")],
    ['api.cookie="c"', [named("cookie", "c")], named("cookie", "c")],
    ['agw.source="cookie"', [named("cookie", "f")], undefined],
    ['agw.target="cookie"', [], named("cookie", "f")],
    ['api.form="x"', [named("form", "x")], undefined],
    ['agw.source="post"', [named("form", "f")], undefined],
    ['agw.source="form"', [named("form", "f")], undefined],
    ["api.raw_body", [{ kind: "raw_body" }], { kind: "raw_body" }],
    ['agw.source="raw_body"', [{ kind: "raw_body" }], undefined],
    ['agw.target="raw_body"', [], { kind: "raw_body" }],
    ['api.raw_uri=""', [{ kind: "raw_uri" }], undefined],
    ['agw.source="raw_uri"', [{ kind: "raw_uri" }], undefined],
    ["api.http_code", [], { kind: "http_code" }],
    ['agw.target="http_code"', [], { kind: "http_code" }],
    ['api.body="b"', [], undefined],
    ['agw.source="body", agw.target="body"', [], undefined],
    ['api.post="x", agw.source="not_body_struct", agw.source="__proto__"', [], undefined],
    [
      'api.path="p", api.query="q", agw.source="header"',
      [named("path", "p"), named("query", "q"), named("header", "f")],
      undefined,
    ],
  ])("%s", (annotations, sources, target) => {
    expect(mappingOf(field(annotations))).toMatchObject({ sources });
    expect(mappingOf(field(annotations)).target).toEqual(target);
  });
});
