import { integer, SourceUnit } from "./emit.ts";
import { encodeLibrary } from "./encode-library.ts";

/** Writes the JSON value at `p` to `o` and returns where the value ends; what was written ends at `output.end`. */
export type ValueWriter = (p: number, o: number, depth: number) => number;

/** `c` becomes the next byte that is no whitespace, at `p`. */
export const peek = "c=b[p];if(c<=32){p=skipWhitespace(p);c=b[p];}";
/** The same, behind the byte at `p`. */
export const advance = "c=b[++p];if(c<=32){p=skipWhitespace(p);c=b[p];}";

/** Functions that are generated together, since types may refer to each other in circles. */
export class EncodeUnit {
  readonly #source = new SourceUnit();
  readonly #library = this.#source.slot(encodeLibrary);
  readonly #constants: string[] = [];
  readonly #functions: string[] = [];
  #names = 0;

  /** The name of a constant that holds `value`. */
  bind(value: unknown): string {
    const name = this.newName();
    this.#constants.push(`const ${name}=${this.#source.slot(value)};`);
    return name;
  }

  newName(): string {
    return `v${integer(this.#names++)}`;
  }

  /** Defines the function `name` with `body`, which sees `p`, `o`, `depth`, the input's `b` and `v` and the output's `x`. */
  define(name: string, body: string): void {
    this.#functions.push(
      `function ${name}(p,o,depth){const b=input.bytes,v=input.view;let x=output.view,c=0;\n${body}\nreturn p;}`,
    );
  }

  /** The functions of these names. */
  evaluate(names: readonly string[]): readonly ValueWriter[] {
    const library = `const {${Object.keys(encodeLibrary).join()}}=${this.#library};`;
    const source = [library, ...this.#constants, ...this.#functions, `return [${names.join()}];`].join("\n");
    return this.#source.evaluate(source) as readonly ValueWriter[];
  }
}
