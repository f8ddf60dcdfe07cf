import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** In PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

interface CertificateOptions {
  /** Host names and IPv4 addresses that it is made out to. */
  readonly names?: readonly string[];
  /** Default: not, but in an hour. */
  readonly expired?: boolean;
}

export interface Authority {
  readonly cert: string;
  issue(options?: CertificateOptions): Identity;
}

const hour = 3_600_000;

/** Signs certificates for the running test: X.509 v3 (RFC 5280) on P-256, made when it is asked for. */
export function createAuthority(): Authority {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = `authority ${randomBytes(4).toString("hex")}`;
  return {
    cert: certificate(name, name, publicKey, privateKey, [extension("551d13", sequence(Buffer.from("0101ff", "hex")))]),
    issue({ names = [], expired = false } = {}) {
      const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const alternatives = names.map((text) =>
        isIPv4(text) ? tlv(0x87, Buffer.from(text.split(".").map(Number))) : tlv(0x82, Buffer.from(text)),
      );
      const extensions = names.length > 0 ? [extension("551d11", sequence(...alternatives))] : [];
      return {
        cert: certificate(name, names[0] ?? "somebody", own.publicKey, privateKey, extensions, expired ? -hour : hour),
        key: own.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
      };
    },
  };
}

function certificate(
  issuer: string,
  subject: string,
  subjectKey: KeyObject,
  issuerKey: KeyObject,
  extensions: readonly Buffer[],
  lifeMs = hour,
): string {
  const ecdsaWithSha256 = sequence(tlv(0x06, Buffer.from("2a8648ce3d040302", "hex")));
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    commonName(issuer),
    sequence(time(Date.now() - 2 * hour), time(Date.now() + lifeMs)),
    commonName(subject),
    subjectKey.export({ type: "spki", format: "der" }),
    ...(extensions.length > 0 ? [tlv(0xa3, sequence(...extensions))] : []),
  );
  const signed = sequence(body, ecdsaWithSha256, bitString(sign("sha256", body, issuerKey)));
  const lines = signed.toString("base64").match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function commonName(text: string): Buffer {
  return sequence(tlv(0x31, sequence(tlv(0x06, Buffer.from("550403", "hex")), tlv(0x0c, Buffer.from(text)))));
}

function extension(oid: string, value: Buffer): Buffer {
  return sequence(tlv(0x06, Buffer.from(oid, "hex")), tlv(0x04, value));
}

function time(atMs: number): Buffer {
  const text = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, "");
  return tlv(0x18, Buffer.from(text));
}

function bitString(bytes: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.of(0), bytes]));
}

function sequence(...members: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(members));
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}
