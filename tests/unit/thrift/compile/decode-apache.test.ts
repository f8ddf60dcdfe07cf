import { TBinaryProtocol, TFramedTransport } from "thrift";
import { describe, expect, it } from "vitest";
import { createServiceCodec } from "../../../../thrift/src/compile/codec.ts";
import type { Schema, TypeDescriptor } from "../../../../thrift/src/schema/descriptors.ts";
import { readMessageHeader } from "../../../../thrift/src/wire/message.ts";
import { fieldOf, listOf, mapOf, methodOf, scalar, setOf, structOf, structType } from "../../../support/schema-builder.ts";

/** Apache's own reader, driven by the schema as its generated code would be; i64 as it has them, text of their number. */
class ApacheReader {
  readonly #schema: Schema;
  readonly #protocol: TBinaryProtocol;

  constructor(schema: Schema, message: Uint8Array) {
    this.#schema = schema;
    this.#protocol = new TBinaryProtocol(new TFramedTransport(Buffer.from(message)));
  }

  result(type: TypeDescriptor): unknown {
    this.#protocol.readMessageBegin();
    return this.#fields(new Map([[0, { name: "success", type }]])).success;
  }

  #fields(known: ReadonlyMap<number, { name: string; type: TypeDescriptor }>): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    this.#protocol.readStructBegin();
    for (let field = this.#protocol.readFieldBegin(); field.ftype !== 0; field = this.#protocol.readFieldBegin()) {
      const declared = known.get(field.fid);
      if (declared === undefined) this.#protocol.skip(field.ftype);
      else fields[declared.name] = this.#value(declared.type);
    }
    return fields;
  }

  #value(type: TypeDescriptor): unknown {
    const protocol = this.#protocol;
    switch (type.kind) {
      case "bool":
        return protocol.readBool();
      case "i8":
        return protocol.readByte();
      case "i16":
        return protocol.readI16();
      case "i32":
      case "enum":
        return protocol.readI32();
      case "i64":
        return protocol.readI64().toNumber();
      case "double":
        return protocol.readDouble();
      case "string":
        return protocol.readString();
      case "binary":
        return protocol.readBinary().toString("base64");
      case "uuid":
        throw new TypeError("not in the declarations of Apache's package");
      case "struct":
        return this.#fields(new Map(this.#schema.structs[type.index]!.fields.map((field) => [field.id, field])));
      case "list":
      case "set": {
        const { size } = type.kind === "list" ? protocol.readListBegin() : protocol.readSetBegin();
        return Array.from({ length: size }, () => this.#value(type.element));
      }
      case "map": {
        const { size } = protocol.readMapBegin();
        return Object.fromEntries(Array.from({ length: size }, () => [String(this.#value(type.key)), this.#value(type.value)]));
      }
    }
  }
}

const structs = [
  structOf("echo_args", [fieldOf(1, "request", structType(1))], "arguments"),
  structOf("Order", [
    fieldOf(1, "id", "i64"),
    fieldOf(2, "customer", "string"),
    fieldOf(3, "paid", "bool"),
    fieldOf(4, "total", "double"),
    fieldOf(5, "items", listOf(structType(2))),
    fieldOf(6, "labels", mapOf(scalar("string"), scalar("string"))),
    fieldOf(7, "counts", mapOf(scalar("i32"), listOf(scalar("i16")))),
    fieldOf(8, "flags", setOf(scalar("i8"))),
    fieldOf(9, "signature", "binary"),
    fieldOf(10, "parent", structType(1), { requiredness: "optional" }),
  ]),
  structOf("Item", [fieldOf(1, "sku", "string"), fieldOf(-1, "quantity", "i32"), fieldOf(3, "price", "double")]),
];
const method = { ...methodOf(structType(1)), name: "echo" };
const schema: Schema = { services: [{ name: "Echo", methods: [method], annotations: [] }], structs, enums: [] };

const item = { sku: 'SKU-1 \u0000 "ü€😀', quantity: -2147483648, price: 19.99 };
const order = {
  id: -9007199254740991,
  customer: "Ada\nLovelace",
  paid: true,
  total: 5e-324,
  items: [item, { ...item, price: 1e21 }, {}],
  labels: { "": "empty", __proto__x: "\u2028" },
  counts: { "-1": [1, -32768], "7": [] },
  flags: [-128, 127],
  signature: "AP/+",
};

describe("Apache's reader finds what ours finds", () => {
  it.each([
    ["nothing", {}],
    ["an order", order],
    ["an order in an order", { ...order, parent: { ...order, parent: { paid: false } } }],
  ])("in %s", (_, value) => {
    const codec = createServiceCodec(schema, "Echo").method("echo")!;
    const { bytes } = codec.encodeJson(Buffer.from(JSON.stringify(value)));
    const message = bytes.slice();
    const { bodyOffset } = readMessageHeader(message, 0, message.length);
    message.set([0, 0], bodyOffset + 1);
    const ours: unknown = JSON.parse(new TextDecoder().decode(codec.decodeResult(message, bodyOffset, message.length).json));
    expect(ours).toEqual(new ApacheReader(schema, message).result(structType(1)));
    expect(ours).toEqual(value);
  });
});
