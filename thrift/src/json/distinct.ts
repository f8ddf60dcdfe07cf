import { output } from "../wire/binary-writer.ts";
import { canonicalText } from "../wire/canonical.ts";
import { TypeCode } from "../wire/type-code.ts";
import { fail, failDuplicate } from "./mismatch.ts";

/** Fewer values are compared with each other; more go through a table. */
const PAIRWISE_COUNT = 8;

/** Where the members of open sets and the keys of open maps stand, three numbers each: start and end in `output`, offset in `input`. */
const open = { values: new Int32Array(3 * 256), top: 0 };

/** The set or map that begins now; its members follow. */
export function openMembers(): number {
  return open.top;
}

/** After a call that failed. */
export function resetMembers(): void {
  open.top = 0;
}

export function addMember(start: number, end: number, offset: number): void {
  const { top } = open;
  if (top === open.values.length) {
    const larger = new Int32Array(top * 2);
    larger.set(open.values);
    open.values = larger;
  }
  open.values[top] = start;
  open.values[top + 1] = end;
  open.values[top + 2] = offset;
  open.top = top + 3;
}

export function closeSet(members: number, code: number): void {
  const twin = findTwin(members, code);
  open.top = members;
  if (twin >= 0) fail(open.values[twin + 2]!, "DUPLICATE_SET_MEMBER", "the set has this member already");
}

export function closeMap(members: number, code: number): void {
  const twin = findTwin(members, code);
  open.top = members;
  if (twin >= 0) failDuplicate(open.values[twin + 2]!);
}

/** The place of a member that equals one before it, or −1. */
function findTwin(members: number, code: number): number {
  const count = (open.top - members) / 3;
  if (count < 2) return -1;
  const plain = code !== TypeCode.double && !isContainer(code);
  if (plain && count <= PAIRWISE_COUNT) return findTwinPairwise(members);
  return plain ? findTwinByText(members) : findTwinByLength(members, code);
}

function findTwinPairwise(members: number): number {
  const { values, top } = open;
  for (let later = members + 3; later < top; later += 3) {
    for (let earlier = members; earlier < later; earlier += 3) {
      if (equalBytes(values[earlier]!, values[earlier + 1]!, values[later]!, values[later + 1]!)) return later;
    }
  }
  return -1;
}

function equalBytes(start: number, end: number, other: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - other) return false;
  const { bytes } = output;
  for (; start < end; start++, other++) if (bytes[start] !== bytes[other]) return false;
  return true;
}

function findTwinByText(members: number): number {
  const { values, top } = open;
  const { bytes } = output;
  const texts = new Set<string>();
  for (let member = members; member < top; member += 3) {
    texts.add(bytes.toString("latin1", values[member], values[member + 1]));
    if (texts.size === (member - members) / 3) return member;
  }
  return -1;
}

/**
 * Equal values are equally long, so only members of one length are brought into canonical form. That keeps sets in sets in sets
 * near linear: a byte is read again only where its member has a twin in length, so where the set is twice as long as the member.
 */
function findTwinByLength(members: number, code: number): number {
  const { values, top } = open;
  const { bytes } = output;
  const byLength = new Map<number, { first: number; texts: Set<string> | undefined }>();
  for (let member = members; member < top; member += 3) {
    const length = values[member + 1]! - values[member]!;
    const group = byLength.get(length);
    if (group === undefined) {
      byLength.set(length, { first: member, texts: undefined });
      continue;
    }
    group.texts ??= new Set([canonicalText(bytes, values[group.first]!, code)]);
    const before = group.texts.size;
    group.texts.add(canonicalText(bytes, values[member]!, code));
    if (group.texts.size === before) return member;
  }
  return -1;
}

function isContainer(code: number): boolean {
  return code === TypeCode.struct || code === TypeCode.list || code === TypeCode.set || code === TypeCode.map;
}
