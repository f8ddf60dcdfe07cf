import { varint } from "./oracle-compact.ts";
import { integerBytes } from "./oracle-wire.ts";

/** Frames of the header transports, by their specifications; any part may be got wrong. */
export interface HeaderFrame {
  readonly protocol?: number;
  readonly transforms?: readonly number[];
  /** Behind the transforms: infos and padding. */
  readonly infos?: Uint8Array;
  readonly message: Uint8Array;
  readonly magic?: number;
  readonly words?: number;
}

export type HeaderKind = "header" | "ttheader";

const magics = { header: 0x0fff, ttheader: 0x1000 };

export function headerBytes(kind: HeaderKind, frame: HeaderFrame): Buffer {
  const number = (value: number) => (kind === "header" ? varint(value) : Uint8Array.of(value));
  const { protocol = 0, transforms = [], infos = new Uint8Array(0), message, magic = magics[kind] } = frame;
  const info = Buffer.concat([number(protocol), number(transforms.length), ...transforms.map(number), infos]);
  const padding = new Uint8Array((4 - (info.length % 4)) % 4);
  const words = frame.words ?? (info.length + padding.length) / 4;
  const rest = Buffer.concat([
    integerBytes(magic, 2),
    integerBytes(0, 2),
    integerBytes(1, 4),
    integerBytes(words, 2),
    info,
    padding,
    message,
  ]);
  return Buffer.concat([integerBytes(rest.length, 4), rest]);
}

export function textInfo(kind: HeaderKind, entries: readonly (readonly [string, string])[]): Buffer {
  const number = (value: number) => (kind === "header" ? varint(value) : integerBytes(value, 2));
  const text = (value: string) => Buffer.concat([number(Buffer.byteLength(value)), Buffer.from(value)]);
  const all = entries.flatMap(([name, value]) => [text(name), text(value)]);
  return Buffer.concat([Uint8Array.of(1), number(entries.length), ...all]);
}

/** What a header transport's frame holds, as the other side reads it. */
export interface ReadHeader {
  readonly protocol: number;
  readonly texts: Readonly<Record<string, string>>;
  readonly integers: Readonly<Record<number, string>>;
  readonly accessToken: string | undefined;
  readonly seqid: number;
  readonly message: Buffer;
}

export function readHeaderFrame(kind: HeaderKind, frame: Buffer): ReadHeader {
  if (frame.readUInt32BE(0) !== frame.length - 4) throw new Error("the frame has another length");
  if (frame.readUInt16BE(4) !== magics[kind]) throw new Error("another magic");
  const end = 14 + frame.readUInt16BE(12) * 4;
  let at = 14;
  const byte = () => frame[at++]!;
  const shortOrVarint = () => {
    if (kind === "ttheader") return byte() * 256 + byte();
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const next = byte();
      value += (next & 127) * 2 ** shift;
      if (next < 128) return value;
    }
  };
  const text = () => {
    const length = shortOrVarint();
    at += length;
    return frame.toString("utf8", at - length, at);
  };
  const protocol = byte();
  if (byte() !== 0) throw new Error("transforms");
  const texts: Record<string, string> = {};
  const integers: Record<number, string> = {};
  let accessToken: string | undefined;
  while (at < end) {
    const kindOfInfo = byte();
    if (kindOfInfo === 1) {
      for (let left = shortOrVarint(); left > 0; left--) {
        const name = text();
        texts[name] = text();
      }
    } else if (kindOfInfo === 0x10) {
      for (let left = shortOrVarint(); left > 0; left--) {
        const number = shortOrVarint();
        integers[number] = text();
      }
    } else if (kindOfInfo === 0x11 && kind === "ttheader") {
      accessToken = text();
    } else if (kindOfInfo !== 0) throw new Error("an unknown info");
  }
  if (at !== end) throw new Error("the infos are longer than the header");
  return { protocol, texts, integers, accessToken, seqid: frame.readInt32BE(8), message: frame.subarray(end) };
}
