import { fieldJsonName, mappingOf } from "../json/field-mapping.ts";
import { NameTable } from "../json/name-table.ts";
import type { FieldDescriptor, StructDescriptor } from "../schema/descriptors.ts";
import { typeCodeOf } from "../wire/type-code.ts";
import { integer } from "./emit.ts";
import { advance, peek } from "./encode-unit.ts";
import type { ValueSource } from "./encode-value.ts";

/** Structs with more fields look every key up: code that expects each in its turn would be too long to be optimised. */
const MAX_EXPECTED_FIELDS = 64;

/** Longer keys are not compared in code. */
const MAX_EXPECTED_KEY_BYTES = 64;

const BITS = 32;

/**
 * The writer of a struct, union or exception, or of the arguments of a method. Each field is expected behind the one before it:
 * its comma, key and colon are compared as whole words, and only what differs is looked up.
 */
export function structBody(values: ValueSource, struct: StructDescriptor): string {
  const { unit, writers } = values;
  const { fields } = struct;
  const settable = [...fields.entries()].filter(([, field]) => mappingOf(field).inRequests);
  const names = settable.map(([, field]) => fieldJsonName(field));
  const table = new NameTable(names);
  const tableName = unit.bind(table);
  const structName = unit.bind(struct);
  const union = struct.kind === "union";
  const words = Array.from({ length: Math.ceil(fields.length / BITS) }, (_, word) => word);
  const rejects = writers.options.unknownFields === "reject";
  const expects = (position: number) => position < names.length && fields.length <= MAX_EXPECTED_FIELDS && !union;

  const cases = settable.map(([index, field], position) => {
    const next = expects(position + 1) ? matchKey(",", names[position + 1]!) : undefined;
    return `case ${integer(position)}:
${fieldStatements(values, field, index, union)}
${next === undefined ? "break;" : `if(!(${next.test}))break;p+=${integer(next.length)};`}`;
  });
  const first = expects(0) ? matchKey("{", names[0]!) : undefined;
  return `if(b[p]!==123)failType(p,"an object");
if(depth===0)failDepth(p);
const start=p;let k=0,more=true${rejects ? "" : ",unknown"}${union ? ",given=0" : ""}${words.map((word) => `,s${integer(word)}=0,g${integer(word)}=0`).join("")};
${first === undefined ? "" : `if(${first.test})p+=${integer(first.length)};else`}{
${advance}
if(c===125)more=false;else{k=findKey(p,o,${tableName});p=input.value;}
}
while(more){
switch(k){
${cases.join("\n")}
default:
${rejects ? `failUnknownKey(${structName},${tableName});` : "unknown=addUnknownKey(unknown);p=skipValue(p,depth-1);"}
}
${peek}
if(c===125)break;
if(c!==44)failSyntax(p);
${advance}
k=findKey(p,o,${tableName});p=input.value;
}
p++;
${union ? `if(given!==1)failUnion(start,${structName},given);` : endOfStruct(values, struct, structName)}
x.setInt8(o,0);output.end=o+1;`;
}

function fieldStatements(values: ValueSource, field: FieldDescriptor, index: number, union: boolean): string {
  const bit = integer(1 << (index % BITS));
  const word = integer(Math.floor(index / BITS));
  const header = integer((typeCodeOf(field.type) << 24) | ((field.id & 0xffff) << 8));
  return `if(s${word}&${bit})failDuplicate(p);s${word}|=${bit};
${peek}
if(c===110)p=skipNull(p);else{g${word}|=${bit};${union ? "given++;" : ""}x.setInt32(o,${header});o+=3;
${values.value(field.type, "depth-1")}}`;
}

/** What was not given: faults and defaults. */
function endOfStruct(values: ValueSource, { fields }: StructDescriptor, structName: string): string {
  const required = new Map<number, number>();
  const defaults: string[] = [];
  for (const [index, field] of fields.entries()) {
    const word = Math.floor(index / BITS);
    const bit = 1 << (index % BITS);
    if (field.defaultValue !== undefined) {
      const bytes = values.unit.bind(values.writers.defaults.field(field.id, field.type, field.defaultValue));
      defaults.push(`if(!(g${integer(word)}&${integer(bit)})){o=putDefault(${bytes},start,p,o);x=output.view;}`);
    } else if (field.requiredness === "required") required.set(word, (required.get(word) ?? 0) | bit);
  }
  const checks = [...required].map(([word, mask]) => {
    const given = `g${integer(word)}`;
    return `if((${given}&${integer(mask)})!==${integer(mask)})failMissing(start,${structName},${integer(word * BITS)},${given});`;
  });
  return [...checks, ...defaults].join("\n");
}

/**
 * The test whether `before`, the key and its colon stand at `p`, as comparisons of words; the last may overlap the one before it.
 * `undefined`: the key may have to be escaped, or is too long.
 */
function matchKey(before: "{" | ",", name: string): { test: string; length: number } | undefined {
  if (name.length > MAX_EXPECTED_KEY_BYTES || !/^[A-Za-z0-9_.-]+$/.test(name)) return undefined;
  const bytes = Buffer.from(`${before}"${name}":`);
  const tests: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += 4) {
    const from = Math.min(offset, bytes.length - 4);
    tests.push(`v.getInt32(p+${integer(from)},true)===${integer(bytes.readInt32LE(from))}`);
  }
  return { test: tests.join("&&"), length: bytes.length };
}
