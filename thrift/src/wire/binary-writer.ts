/** Calls are written one behind the other into slabs, so that each keeps its bytes without an allocation of its own. */
const SLAB_BYTES = 65_536;

/** A call that may take more is written into a scratch buffer first, and only what it took is kept. */
const DIRECT_BYTES = 16_384;

/** The largest scratch buffer that stays between calls. */
const KEPT_SCRATCH_BYTES = 262_144;

interface Memory {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Of `bytes`; asking for it there takes as long as a whole view takes to make. */
  readonly buffer: ArrayBuffer;
}

function allocate(size: number): Memory {
  const bytes = Buffer.allocUnsafeSlow(size);
  return { bytes, view: new DataView(bytes.buffer), buffer: bytes.buffer };
}

let slab = allocate(SLAB_BYTES);
let slabCursor = 0;
let scratch = allocate(DIRECT_BYTES);

/**
 * The call that is being written. Nobody checks for room while writing: whoever begins asks for all that the input can
 * become, and whoever writes what does not come from the input (a default) asks with {@link makeRoom} first.
 */
export const output = {
  bytes: slab.bytes,
  view: slab.view,
  /** Where the call begins. */
  start: 0,
  /** Where what was last written ends. */
  end: 0,
  /** A call that goes beyond is too large. */
  limit: 0,
};

/** Returns the position at which the call begins; `room` bytes may be written from there. */
export function beginOutput(room: number, maxBytes: number): number {
  if (room <= DIRECT_BYTES) {
    if (SLAB_BYTES - slabCursor < room) {
      slab = allocate(SLAB_BYTES);
      slabCursor = 0;
    }
    use(slab, slabCursor);
  } else {
    if (scratch.bytes.length < room) scratch = allocate(room);
    use(scratch, 0);
  }
  output.limit = output.start + maxBytes;
  return output.start;
}

/** Makes `room` bytes writable from `position` on; what was written keeps its positions. */
export function makeRoom(position: number, room: number): void {
  const needed = position + room;
  if (needed <= output.bytes.length) return;
  const larger = allocate(Math.max(needed, 2 * output.bytes.length));
  larger.bytes.set(output.bytes.subarray(output.start, position), output.start);
  scratch = larger;
  output.bytes = larger.bytes;
  output.view = larger.view;
}

/** The bytes from the start to `output.end`, which nobody writes to again. */
export function finishOutput(): Uint8Array {
  const { start, end } = output;
  if (output.bytes === slab.bytes) {
    slabCursor = end;
    return new Uint8Array(slab.buffer, start, end - start);
  }
  const size = end - start;
  const fits = size <= SLAB_BYTES - slabCursor;
  const own = fits ? new Uint8Array(slab.buffer, slabCursor, size) : new Uint8Array(size);
  own.set(output.bytes.subarray(start, end));
  if (fits) slabCursor += size;
  return own;
}

/** Lets a large scratch buffer go. */
export function releaseOutput(): void {
  if (scratch.bytes.length > KEPT_SCRATCH_BYTES) {
    scratch = allocate(DIRECT_BYTES);
    use(slab, slabCursor);
  }
}

function use(memory: Memory, start: number): void {
  if (output.bytes !== memory.bytes) {
    output.bytes = memory.bytes;
    output.view = memory.view;
  }
  output.start = start;
}
