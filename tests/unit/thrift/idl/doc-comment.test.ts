import { expect, test } from "vitest";
import { cleanDocComment } from "../../../../thrift/src/idl/doc-comment.ts";
import { schemaOf } from "../schema/compile-text.ts";

test.each([
  [" One line. ", "One line."],
  ["\n * First.\n *\n *   Deeper.\n * * An item.\n ", "First.\n\n  Deeper.\n* An item."],
  ["\r\n * First.\r\n * Second.\r\n ", "First.\nSecond."],
  ["\n  No stars\n  at all.\n", "No stars\nat all."],
  ["*\n * Boxed.\n **", "Boxed."],
  ["", undefined],
  [" * \n ** ", undefined],
])("%j becomes %j", (body, text) => {
  expect(cleanDocComment(body)).toBe(text);
});

test("belongs to the declaration right after it, the last one of several", () => {
  const { structs } = schemaOf(`/** Of the file. */ namespace go x
    /** Earlier. */ /** Later. */ // not this
    /* nor this */ struct A { /** Of a. */ 1: i32 a /** Of nobody. */ = 5, /** Of b. */ 2: i32 b /** Of nobody. */ }
    struct B {}
    /** */ struct C {}
    /** ends with stars **/ struct D {}`);
  expect(structs.map((struct) => struct.doc)).toEqual(["Later.", undefined, undefined, "ends with stars *"]);
  expect(structs[0]!.fields.map((field) => field.doc)).toEqual(["Of a.", "Of b."]);
});

test("is data, whatever it says", () => {
  expect(schemaOf("/** */ struct X {} /* */ /** globalThis.x = 1 /* */ struct A {}").structs[1]!.doc).toBe("globalThis.x = 1 /*");
});
