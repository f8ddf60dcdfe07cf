/** One fault of the configuration. Never holds a secret. */
export interface ConfigFault {
  /** `limits.maxDepth`; `""`: the file as a whole. */
  readonly path: string;
  /** Where the value was given: `--port`, `THRIFTGATE_PORT`, a file's name; `undefined`: nowhere, or in code. */
  readonly origin: string | undefined;
  /** The value and what was expected. */
  readonly message: string;
}

/** Every fault of a configuration at once; its message lists them, a line each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ path, origin, message }) => {
      const place = [path, origin && (path ? `(${origin})` : origin)].filter(Boolean).join(" ");
      return `  ${place}: ${message}`;
    });
    super(
      [faults.length === 1 ? "The configuration has a fault:" : `The configuration has ${faults.length} faults:`, ...lines].join(
        "\n",
      ),
    );
    this.faults = faults;
  }
}
