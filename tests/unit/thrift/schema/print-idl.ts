import type {
  Annotations,
  Constant,
  EnumDescriptor,
  FieldDescriptor,
  MethodDescriptor,
  Schema,
  StructDescriptor,
  TypeDescriptor,
} from "../../../../thrift/src/schema/descriptors.ts";

/** Chooses one of several ways to write the same. */
export type Choose = <Way>(...ways: readonly Way[]) => Way;

/** IDL whose schema is the one given, written in a way that `choose` makes up. */
export function printIdl(schema: Schema, choose: Choose): string {
  const blank = (): string => choose(" ", "\n", "\r\n", "\t", " // x\n", "#x\n", " /* y */ ", "\n/**/ ");
  const gap = (): string => choose("", "", blank());
  const separator = (): string => choose(",", ";", " ", blank());

  const quoted = (text: string): string => {
    const quote = choose('"', "'");
    const escaped = text.replace(
      /[\\\n\r\t]/g,
      (character) => ({ "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": choose("\t", "\\t") })[character]!,
    );
    return quote + escaped.replaceAll(quote, `\\${quote}`) + quote;
  };

  const printAnnotations = (annotations: Annotations): string => {
    if (annotations.length === 0) return choose("", "", "()");
    const parts = annotations.map(
      ([name, value]) => name + (value === "1" ? choose("", "='1'") : `${gap()}=${gap()}${quoted(value)}`),
    );
    return `${gap()}(${parts.map((part) => part + separator()).join(gap())})`;
  };

  const printType = (type: TypeDescriptor): string => {
    switch (type.kind) {
      case "struct":
        return schema.structs[type.index]!.name;
      case "enum":
        return schema.enums[type.index]!.name;
      case "list":
      case "set":
        return `${type.kind}${gap()}<${gap()}${printType(type.element)}${gap()}>`;
      case "map":
        return `map<${printType(type.key)}${gap()},${gap()}${printType(type.value)}>`;
      case "i8":
        return choose("i8", "byte");
      default:
        return type.kind + choose("", "", " (java.x = 'y')");
    }
  };

  const printInteger = (value: number | bigint): string => {
    const sign = value < 0 ? "-" : choose("", "+");
    const digits = (value < 0 ? -value : value).toString(10);
    return sign + choose(digits, `00${digits}`, `0x${BigInt(digits).toString(16)}`);
  };

  const printValue = (value: Constant, type: TypeDescriptor): string => {
    if (typeof value === "boolean") return value ? choose("true", "1") : choose("false", "0");
    if (typeof value === "bigint") return printInteger(value);
    if (typeof value === "string") return quoted(value);
    if (value instanceof Uint8Array) return quoted(new TextDecoder().decode(value));
    if (typeof value === "number") {
      if (type.kind === "enum") {
        const { name, members } = schema.enums[type.index]!;
        return `${name}.${members.find((member) => member.value === value)!.name}`;
      }
      return type.kind === "double" ? choose(String(value), value.toExponential()) : printInteger(value);
    }
    if ("elements" in value) {
      const { element } = type as TypeDescriptor & { kind: "list" };
      return `[${gap()}${value.elements.map((part) => printValue(part, element) + separator()).join(" ")}]`;
    }
    return choose("{}", "[]");
  };

  const printField = (field: FieldDescriptor, isInUnion: boolean): string => {
    const id = field.id < 0 ? "" : `${field.id}${gap()}:${gap()}`;
    const requiredness = field.requiredness === "default" || isInUnion ? "" : `${field.requiredness}${blank()}`;
    const value = field.defaultValue === undefined ? "" : `${gap()}=${gap()}${printValue(field.defaultValue, field.type)}`;
    return `${id}${requiredness}${printType(field.type)}${blank()}${field.name}${value}${printAnnotations(field.annotations)}${separator()}`;
  };

  const printStruct = (struct: StructDescriptor): string => {
    const fields = struct.fields.map((field) => printField(field, struct.kind === "union"));
    return `${struct.kind}${blank()}${struct.name}${gap()}{${gap()}${fields.join(gap())}}${printAnnotations(struct.annotations)}`;
  };

  const printEnum = ({ name, members, annotations }: EnumDescriptor): string => {
    const printed = members.map((member, i) => {
      const isImplicit = member.value === (i === 0 ? 0 : members[i - 1]!.value + 1);
      const value = isImplicit ? choose("", ` = ${member.value}`) : `=${printInteger(member.value)}`;
      return member.name + value + printAnnotations(member.annotations) + separator();
    });
    return `enum ${name}${gap()}{${gap()}${printed.join(gap())}}${printAnnotations(annotations)}`;
  };

  const printMethod = (method: MethodDescriptor): string => {
    const result = method.result === undefined ? "void" : printType(method.result);
    const parameters = schema.structs[method.argumentsIndex]!.fields.map((field) => printField(field, false));
    const exceptions = method.exceptions.map((field) => printField(field, false));
    const throws = exceptions.length === 0 ? choose("", " throws ()") : `${gap()}throws${gap()}(${exceptions.join("")})`;
    const head = `${method.oneway ? `${choose("oneway", "async")} ` : ""}${result}${blank()}${method.name}${gap()}`;
    return `${head}(${gap()}${parameters.join("")})${method.oneway ? "" : throws}${printAnnotations(method.annotations)}${separator()}`;
  };

  const structs = schema.structs.filter((struct) => struct.kind !== "arguments").map(printStruct);
  const services = schema.services.map(({ name, methods, annotations }) => {
    return `service ${name}${gap()}{${gap()}${methods.map(printMethod).join(gap())}}${printAnnotations(annotations)}`;
  });
  return [choose("", "\uFEFF"), ...structs, ...schema.enums.map(printEnum), ...services]
    .join(blank())
    .replace(/^\s*\uFEFF/, "\uFEFF");
}
