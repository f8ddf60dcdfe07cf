import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  embeddedIpv4,
  formatIpAddress,
  isLoopbackHost,
  networkContains,
  parseIpAddress,
  parseNetwork,
  unmapIpv4,
} from "../../../../gateway/src/core/ip-address.ts";

const canonical: Record<string, string> = {
  "0.0.0.0": "0.0.0.0",
  "255.255.255.255": "255.255.255.255",
  "::": "::",
  "::1": "::1",
  "1::": "1::",
  "0:0:0:0:0:0:0:0": "::",
  "2001:DB8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
  "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
  "1:0:0:2:0:0:0:3": "1:0:0:2::3",
  "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
  "::2:3:4:5:6:7:8": "0:2:3:4:5:6:7:8",
  "::ffff:10.0.0.1": "::ffff:a00:1",
  "1:2:3:4:5:6:10.0.0.1": "1:2:3:4:5:6:a00:1",
  "00ab::": "ab::",
};

test.each(Object.entries(canonical))("%s is %s", (text, expected) => {
  expect(formatIpAddress(parseIpAddress(text)!)).toBe(expected);
});

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "1.2.3.04",
  "1.2.3.",
  "1.2.3.4 ",
  "+1.2.3.4",
  "0x1.2.3.4",
  "1.2.3.1e1",
  "１.2.3.4",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "::1:2:3:4:5:6:7:8",
  ":1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:",
  "12345::",
  "g::",
  "::1%lo",
  "::1.2.3",
  "1.2.3.4::",
  "::1.2.3.4:1",
  "1:2:3:4:5:6:7:1.2.3.4",
  "[::1]",
  `${"0".repeat(1_000_000)}::`,
])("%j is no address", (text) => {
  expect(parseIpAddress(text)).toBeUndefined();
});

test("what is read is what Node reads, for any text of an address's characters", () => {
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom(..."0123456789abcdefF:.".split("")), maxLength: 24 }),
  );
  fc.assert(
    fc.property(text, (value) => {
      const ip = parseIpAddress(value);
      expect(ip === undefined ? 0 : ip.length === 4 ? 4 : 6).toBe(isIP(value));
      if (ip) expect(parseIpAddress(formatIpAddress(ip))).toEqual(ip);
    }),
    { numRuns: 2_000, seed: 1 },
  );
});

describe("networks", () => {
  test.each([
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.0.0.128/25", "10.0.0.127", false],
    ["10.0.0.128/25", "10.0.0.200", true],
    ["0.0.0.0/0", "1.2.3.4", true],
    ["0.0.0.0/0", "::1", false],
    ["1.2.3.4/32", "1.2.3.4", true],
    ["1.2.3.4/32", "1.2.3.5", false],
    ["fe80::/10", "febf::1", true],
    ["fe80::/10", "fec0::1", false],
  ])("%s and %s: %s", (network, ip, expected) => {
    expect(networkContains(parseNetwork(network)!, parseIpAddress(ip)!)).toBe(expected);
  });

  test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0/8", "::/129", "::/", "::/1/1"])(
    "%s is none",
    (text) => {
      expect(parseNetwork(text)).toBeUndefined();
    },
  );
});

test.each([
  ["::ffff:10.0.0.1", ["10.0.0.1"]],
  ["::10.0.0.1", ["10.0.0.1"]],
  ["::ffff:0:10.0.0.1", ["10.0.0.1"]],
  ["64:ff9b::10.0.0.1", ["10.0.0.1"]],
  ["64:ff9b:1::10.0.0.1", ["10.0.0.1"]],
  ["2002:a00:1::", ["10.0.0.1"]],
  ["2001:0:a00:1:0:0:f5ff:fffe", ["10.0.0.1", "10.0.0.1"]],
  ["fd00::5efe:10.0.0.1", ["10.0.0.1"]],
  ["::1", []],
  ["::", []],
  ["fd12::1", []],
  ["10.0.0.1", []],
])("the IPv4 addresses in %s: %j", (text, expected) => {
  expect(embeddedIpv4(parseIpAddress(text)!).map(formatIpAddress)).toEqual(expected);
});

test("only a mapped address is its IPv4 address", () => {
  expect(formatIpAddress(unmapIpv4(parseIpAddress("::ffff:10.0.0.1")!))).toBe("10.0.0.1");
  expect(formatIpAddress(unmapIpv4(parseIpAddress("64:ff9b::10.0.0.1")!))).toBe("64:ff9b::a00:1");
});

test.each([
  ["127.0.0.1", true],
  ["127.8.8.8", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["::ffff:127.0.0.1", true],
  ["localhost", true],
  ["LocalHost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["127.0.0.256", false],
  ["localhost.example", false],
  ["", false],
])("whether %j is loopback for certain: %j", (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});
