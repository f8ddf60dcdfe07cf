/** 4 bytes, or 16. */
export type IpAddress = Uint8Array;

/** An address range, `10.0.0.0/8`. */
export interface IpNetwork {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/**
 * Reads the standard spellings and no other: four decimal numbers without leading zeros, or IPv6 without a zone. What the
 * C library also takes (`127.1`, `0x7f.1`, `2130706433`, `010.0.0.1`) is how filters are got around.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

const IPV4_PART = /^(?:0|[1-9][0-9]{0,2})$/;

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.length > 15 ? [] : text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = parts.map((part) => (IPV4_PART.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte < 256) ? Uint8Array.from(bytes) : undefined;
}

const IPV6_GROUP = /^[0-9A-Fa-f]{1,4}$/;
/** Six groups and a dotted IPv4 address. */
const LONGEST_IPV6 = 45;

function parseIpv6(text: string): IpAddress | undefined {
  if (text.length > LONGEST_IPV6) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, index) => parseGroups(half, index === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 16 ? Uint8Array.from(head) : undefined;
  // "::" stands for one group of zeros or more.
  if (head.length + tail.length > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    const ipv4 = mayEndInIpv4 && index === groups.length - 1 && group.includes(".") ? parseIpv4(group) : undefined;
    if (ipv4) {
      bytes.push(...ipv4);
    } else {
      if (!IPV6_GROUP.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

/** The one canonical text (RFC 5952). */
export function formatIpAddress(ip: IpAddress): string {
  if (ip.length === 4) return ip.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => (ip[2 * index]! << 8) | ip[2 * index + 1]!);
  const zeros = longestZeroRun(groups);
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (zeros.length < 2) return text(groups);
  return `${text(groups.slice(0, zeros.start))}::${text(groups.slice(zeros.start + zeros.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}

export function parseNetwork(text: string): IpNetwork | undefined {
  const [addressText = "", prefixText, ...rest] = text.split("/");
  const address = parseIpAddress(addressText);
  if (!address || prefixText === undefined || rest.length > 0 || !IPV4_PART.test(prefixText)) return undefined;
  const prefixLength = Number(prefixText);
  return prefixLength <= address.length * 8 ? { address, prefixLength } : undefined;
}

export function networkContains(network: IpNetwork, ip: IpAddress): boolean {
  const { address, prefixLength } = network;
  if (address.length !== ip.length) return false;
  const whole = prefixLength >> 3;
  for (let index = 0; index < whole; index += 1) if (address[index] !== ip[index]) return false;
  const restBits = prefixLength & 7;
  return restBits === 0 || (address[whole]! ^ ip[whole]!) >> (8 - restBits) === 0;
}

const network = (text: string) => parseNetwork(text)!;
const MAPPED = network("::ffff:0:0/96");
/** The ranges whose addresses carry an IPv4 address, and where it stands. */
const EMBEDDINGS: readonly { range: IpNetwork; offset: number; inverted?: boolean }[] = [
  { range: MAPPED, offset: 12 },
  { range: network("::ffff:0:0:0/96"), offset: 12 },
  { range: network("::/96"), offset: 12 },
  { range: network("64:ff9b::/96"), offset: 12 },
  { range: network("64:ff9b:1::/48"), offset: 12 },
  { range: network("2002::/16"), offset: 2 },
  { range: network("2001::/32"), offset: 4 },
  { range: network("2001::/32"), offset: 12, inverted: true },
];

/** The IPv4 addresses that an IPv6 address may lead to: mapped, compatible, NAT64, 6to4, Teredo, ISATAP. */
export function embeddedIpv4(ip: IpAddress): IpAddress[] {
  if (ip.length === 4 || isUnspecifiedOrLoopback(ip)) return [];
  const found = EMBEDDINGS.filter(({ range }) => networkContains(range, ip)).map(({ offset, inverted }) =>
    ip.slice(offset, offset + 4).map((byte) => (inverted ? byte ^ 0xff : byte)),
  );
  const isIsatap = (ip[8]! & 0xfd) === 0 && ip[9] === 0 && ip[10] === 0x5e && ip[11] === 0xfe;
  return isIsatap ? [...found, ip.slice(12)] : found;
}

/** `::` and `::1` lie in the range of IPv4-compatible addresses, but are none. */
function isUnspecifiedOrLoopback(ip: IpAddress): boolean {
  return ip.subarray(0, 15).every((byte) => byte === 0) && ip[15]! <= 1;
}

/** `::ffff:10.0.0.1` is `10.0.0.1`; anything else is itself. */
export function unmapIpv4(ip: IpAddress): IpAddress {
  return networkContains(MAPPED, ip) ? ip.slice(12) : ip;
}

const LOOPBACK = [network("127.0.0.0/8"), network("::1/128")];

export function isLoopback(ip: IpAddress): boolean {
  return LOOPBACK.some((range) => networkContains(range, unmapIpv4(ip)));
}

/** Only what is certain: any name but `localhost` may lead elsewhere. */
export function isLoopbackHost(host: string): boolean {
  const ip = parseIpAddress(host);
  return ip ? isLoopback(ip) : host.toLowerCase() === "localhost";
}
