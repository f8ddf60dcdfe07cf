import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { createAddressPolicy, isInfrastructurePort, parseHost } from "../../../../gateway/src/core/address-policy.ts";

const anywhere = createAddressPolicy({ allowLoopback: true, networks: [] });
const noLoopback = createAddressPolicy({ allowLoopback: false, networks: [] });

describe("addresses that are checked at each connection", () => {
  test.each([
    "10.0.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "8.8.8.8",
    "fd12::1",
    "2606:4700::1111",
    "::ffff:10.0.0.1",
    "127.0.0.1",
    "::1",
  ])("%s may be", (ip) => {
    expect(anywhere.checkAddress(ip, 9090)).toBeUndefined();
  });

  test.each([
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::169.254.169.254",
    "2002:a9fe:a9fe::",
    "2001:0:a9fe:a9fe::1",
    "2001::5601:5601",
    "fd00::5efe:169.254.169.254",
    "::ffff:0.0.0.0",
    "no address",
    "",
  ])("%s may not be", (ip) => {
    expect(anywhere.checkAddress(ip, 9090)).toMatchObject({ code: "ADDRESS_FORBIDDEN" });
  });

  test.each(["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::127.0.0.1"])(
    "%s may not be, where loopback is not allowed",
    (ip) => {
      expect(noLoopback.checkAddress(ip, 9090)).toMatchObject({ code: "ADDRESS_FORBIDDEN" });
    },
  );

  test("networks narrow it; a mapped address counts as its IPv4 address", () => {
    const { checkAddress } = createAddressPolicy({ allowLoopback: true, networks: ["10.0.0.0/8"] });
    expect(checkAddress("10.0.0.1", 9090)).toBeUndefined();
    expect(checkAddress("::ffff:10.0.0.1", 9090)).toBeUndefined();
    for (const ip of ["11.0.0.1", "127.0.0.1", "::1", "64:ff9b::10.0.0.1"]) {
      expect(checkAddress(ip, 9090)).toMatchObject({ code: "ADDRESS_FORBIDDEN" });
    }
  });

  test("a network that holds forbidden addresses allows none of them", () => {
    const { checkAddress } = createAddressPolicy({ allowLoopback: false, networks: ["0.0.0.0/0"] });
    for (const ip of ["169.254.169.254", "127.0.0.1"]) expect(checkAddress(ip, 9090)).toBeDefined();
  });

  test("the message tells no address", () => {
    expect(anywhere.checkAddress("169.254.169.254", 9090)?.message).not.toContain("169");
  });

  test("a network that is none is a fault of the configuration", () => {
    expect(() => createAddressPolicy({ allowLoopback: true, networks: ["10.0.0.0"] })).toThrow(TypeError);
  });
});

describe("ports", () => {
  test.each([1, 22, 80, 1023, 2375, 3306, 6379, 8500, 11211, 27017])("%s is infrastructure's", (port) => {
    expect(isInfrastructurePort(port)).toBe(true);
    expect(anywhere.checkAddress("10.0.0.1", port)).toMatchObject({ code: "PORT_FORBIDDEN" });
  });

  test.each([1024, 4200, 8000, 9090, 65535])("%s is free", (port) => {
    expect(anywhere.checkAddress("10.0.0.1", port)).toBeUndefined();
  });

  test("the gateway's own, wherever they listen, by any address of this machine", () => {
    const listeners: { address: string; port: number }[] = [];
    const { checkAddress } = createAddressPolicy({ allowLoopback: true, networks: [], ownListeners: () => listeners });
    const own = Object.values(networkInterfaces()).flatMap((found = []) => found.filter(({ family }) => family === "IPv4"));
    const addresses = ["127.0.0.1", "127.9.9.9", "::1", "192.0.2.7", ...own.map(({ address }) => address)];
    for (const address of addresses) expect(checkAddress(address, 4201)).toBeUndefined();
    listeners.push({ address: "192.0.2.7", port: 4201 });
    for (const address of addresses) expect(checkAddress(address, 4201)).toMatchObject({ code: "PORT_FORBIDDEN" });
    expect(checkAddress("10.255.255.254", 4201)).toBeUndefined();
    expect(checkAddress("127.0.0.1", 4202)).toBeUndefined();
  });
});

describe("hosts as they are declared", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::FFFF:10.0.0.1", "10.0.0.1"],
    ["FD12:0:0::7", "fd12::7"],
    ["Node-7.Internal", "node-7.internal"],
    ["localhost", "localhost"],
    ["1and1.example", "1and1.example"],
    ["xn--nxasmq6b.example", "xn--nxasmq6b.example"],
    [`${"a".repeat(63)}.b`, `${"a".repeat(63)}.b`],
  ])("%s is %s", (text, expected) => {
    expect(parseHost(text)).toBe(expected);
  });

  test.each([
    "",
    ".",
    "a.",
    ".a",
    "-a",
    "a-",
    "a_b",
    "a b",
    "ä.example",
    "１２７.0.0.1",
    "127.1",
    "0x7f.1",
    "a.0x1f",
    "a.1",
    "2130706433",
    "a\0",
    "a\n",
    `${"a".repeat(64)}.b`,
    "a.".repeat(127),
    "x%y",
  ])("%j is none", (text) => {
    expect(() => parseHost(text)).toThrow(expect.objectContaining({ code: "INVALID_ADDRESS" }));
  });

  test("an address with a zone is link-local, whatever it says", () => {
    expect(() => parseHost("::1%eth0")).toThrow(expect.objectContaining({ code: "ADDRESS_FORBIDDEN" }));
  });
});

describe("endpoints", () => {
  test("an IP address needs no resolver", async () => {
    const resolve = () => Promise.reject(new Error("asked"));
    const policy = createAddressPolicy({ allowLoopback: true, networks: [], resolve });
    await expect(policy.assertEndpoint("fd12::7", 9090)).resolves.toBeUndefined();
  });

  test("localhost is resolved by the system", async () => {
    await expect(anywhere.assertEndpoint("localhost", 9090)).resolves.toBeUndefined();
    await expect(noLoopback.assertEndpoint("localhost", 9090)).rejects.toMatchObject({ code: "ADDRESS_FORBIDDEN" });
  });
});
