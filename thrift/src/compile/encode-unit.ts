import { integer, SourceUnit } from "./emit.ts";
import { encodeLibrary } from "./encode-library.ts";

/** Writes the JSON value at `p` to `o` and returns where the value ends; what was written ends at `output.end`. */
export type ValueWriter = (p: number, o: number, depth: number) => number;

/** `c` becomes the next byte that is no whitespace, at `p`. */
export const peek = "c=b[p];if(c<=32){p=skipWhitespace(p);c=b[p];}";
/** The same, behind the byte at `p`. */
export const advance = "c=b[++p];if(c<=32){p=skipWhitespace(p);c=b[p];}";

/** A function that is generated, with what it refers to. */
export class EncodeUnit {
  readonly #source = new SourceUnit();
  readonly #library = this.#source.slot(encodeLibrary);
  readonly #constants: string[] = [];

  /** The name of a constant that holds `value`. */
  bind(value: unknown): string {
    const name = `v${integer(this.#constants.length)}`;
    this.#constants.push(`const ${name}=${this.#source.slot(value)};`);
    return name;
  }

  /** The function with `body`, which sees `p`, `o`, `depth`, the input's `b` and `v`, the output's `x`, and a scratch `c`. */
  compile(body: string): ValueWriter {
    const library = `const {${Object.keys(encodeLibrary).join()}}=${this.#library};`;
    const write = `return (p,o,depth)=>{const b=input.bytes,v=input.view;let x=output.view,c=0;\n${body}\nreturn p;};`;
    return this.#source.evaluate([library, ...this.#constants, write].join("\n")) as ValueWriter;
  }
}
