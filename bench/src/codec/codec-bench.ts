/** One task; the first contestant is the one that the others are compared with. */
export interface CodecBench {
  readonly name: string;
  readonly jsonBytes: number;
  readonly contestants: Readonly<Record<string, () => unknown>>;
}
