import { output } from "../wire/binary-writer.ts";
import { canonicalText, hashOfValue } from "../wire/canonical.ts";
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
  return plain ? findTwinByBytes(members) : findTwinByValue(members, code);
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

function findTwinByBytes(members: number): number {
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
 * Equal values are equally long and have the same hash; only members for which both are the same are compared as texts. That
 * keeps sets in sets in sets near linear: a byte is read again only where its member has a twin in length, so where the set is
 * at least twice as long as the member.
 */
function findTwinByValue(members: number, code: number): number {
  const { values, top } = open;
  const { bytes } = output;
  const all: number[] = [];
  for (let member = members; member < top; member += 3) all.push(member);
  let twin = Number.POSITIVE_INFINITY;
  for (const alike of groupsOf(all, (member) => values[member + 1]! - values[member]!)) {
    for (const suspects of groupsOf(alike, (member) => hashOfValue(bytes, values[member]!, code))) {
      for (const equals of groupsOf(suspects, (member) => canonicalText(bytes, values[member]!, code))) {
        twin = Math.min(twin, equals[1]!);
      }
    }
  }
  return Number.isFinite(twin) ? twin : -1;
}

/** Members that share a key with another, in their order. */
function groupsOf(members: readonly number[], keyOf: (member: number) => number | string): number[][] {
  const groups = new Map<number | string, number[]>();
  for (const member of members) {
    const key = keyOf(member);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [member]);
    else group.push(member);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function isContainer(code: number): boolean {
  return code === TypeCode.struct || code === TypeCode.list || code === TypeCode.set || code === TypeCode.map;
}
