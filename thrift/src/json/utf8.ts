/**
 * Length of the UTF-8 sequence that begins at `p` with a byte over 0x7f; 0: it is none (truncated, overlong, a surrogate,
 * over U+10FFFF, or a stray continuation byte). Four bytes must be readable at `p`.
 */
export function utf8Length(view: DataView, p: number): 0 | 2 | 3 | 4 {
  const word = view.getInt32(p);
  if ((word & 0xf0c0c000) === (0xe0808000 | 0)) {
    const head = (word >>> 16) & 0x0f20;
    return head === 0 || head === 0x0d20 ? 0 : 3;
  }
  if ((word & 0xe0c00000) === (0xc0800000 | 0)) return (word & 0x1e000000) === 0 ? 0 : 2;
  if ((word & 0xf8c0c0c0) === (0xf0808080 | 0)) {
    const plane = (word >>> 20) & 0x73;
    return plane === 0 || plane > 0x40 ? 0 : 4;
  }
  return 0;
}
