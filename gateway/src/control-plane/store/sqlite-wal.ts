import { closeSync, fstatSync, openSync, readSync } from "node:fs";

// sqlite.org/fileformat2.html#the_write_ahead_log
const headerBytes = 32;
const frameHeaderBytes = 24;
const littleEndianMagic = 0x377f0682;
const bigEndianMagic = 0x377f0683;

/**
 * Tells a write-ahead log that was damaged from one whose last transaction was cut off by a crash. SQLite takes both the
 * same way: what follows the first bad frame is dropped without a word, acknowledged transactions included.
 *
 * Each frame's checksum continues the one before, so frames that still link after a break were written in one go. A crash, or
 * a commit that failed, leaves at most one commit in such a run; two can only follow on a transaction that was acknowledged.
 * Damage to the very last transaction can't be told from a crash.
 */
export function isWalDamaged(walFile: string): boolean {
  const file = openSync(walFile, "r");
  try {
    const size = fstatSync(file).size;
    if (size <= headerBytes) return false;
    const header = Buffer.alloc(headerBytes);
    readSync(file, header, 0, headerBytes, 0);
    const magic = header.readUInt32BE(0);
    if (magic !== littleEndianMagic && magic !== bigEndianMagic) return true;
    const littleEndian = magic === littleEndianMagic;
    const pageBytes = header.readUInt32BE(8);
    let previous = storedSums(header, 24);
    if (!isPageSize(pageBytes) || !equal(previous, checksum([0, 0], header.subarray(0, 24), littleEndian))) return true;

    const frame = Buffer.alloc(frameHeaderBytes + pageBytes);
    let intact = true;
    let commitsInRun = 0;
    for (let offset = headerBytes; offset + frame.length <= size; offset += frame.length) {
      readSync(file, frame, 0, frame.length, offset);
      // Another salt: left over from before the log was last rewound.
      const current = frame.compare(header, 16, 24, 8, 16) === 0;
      const sums = checksum(
        checksum(previous, frame.subarray(0, 8), littleEndian),
        frame.subarray(frameHeaderBytes),
        littleEndian,
      );
      previous = storedSums(frame, 16);
      if (!current || !equal(previous, sums)) {
        intact = false;
        commitsInRun = 0;
      }
      const isCommit = current && frame.readUInt32BE(4) !== 0;
      if (isCommit) commitsInRun += 1;
      if (!intact && commitsInRun > 1) return true;
    }
    return false;
  } finally {
    closeSync(file);
  }
}

type Sums = readonly [number, number];

function checksum([first, second]: Sums, bytes: Buffer, littleEndian: boolean): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let a = first;
  let b = second;
  for (let i = 0; i < bytes.length; i += 8) {
    a = (a + view.getUint32(i, littleEndian) + b) >>> 0;
    b = (b + view.getUint32(i + 4, littleEndian) + a) >>> 0;
  }
  return [a, b];
}

function storedSums(bytes: Buffer, offset: number): Sums {
  return [bytes.readUInt32BE(offset), bytes.readUInt32BE(offset + 4)];
}

function equal(one: Sums, other: Sums): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

function isPageSize(bytes: number): boolean {
  return bytes >= 512 && bytes <= 65536 && (bytes & (bytes - 1)) === 0;
}
