/** Bodies up to this size are scanned in one buffer that stays; a larger one gets its own for the call. */
const KEPT_BYTES = 65_536;

/** Words are read past the last byte; zeros stand there, which end every scan since JSON text holds none. */
const PADDING_BYTES = 16;

const kept = Buffer.alloc(KEPT_BYTES + PADDING_BYTES);
const keptView = new DataView(kept.buffer, kept.byteOffset, kept.length);

/**
 * The JSON text that is being scanned. Scanners take a position and return the next one; what else they found out is here.
 * It is copied in: 15 ns buy scans without bounds checks, and loads of whole words.
 */
export const input = {
  bytes: kept,
  view: keptView,
  end: 0,
  /** Where the key that was last looked up begins (its quote). */
  key: 0,
  /** Where the value of that key begins. */
  value: 0,
  /** The integer that was last scanned. */
  integer: 0,
};

export function loadInput(json: Uint8Array): void {
  const length = json.length;
  if (length > KEPT_BYTES) {
    input.bytes = Buffer.allocUnsafeSlow(length + PADDING_BYTES);
    input.view = new DataView(input.bytes.buffer);
  }
  input.bytes.set(json, 0);
  input.view.setFloat64(length, 0);
  input.end = length;
}

/** Lets a large text go. */
export function releaseInput(): void {
  if (input.bytes === kept) return;
  input.bytes = kept;
  input.view = keptView;
}
