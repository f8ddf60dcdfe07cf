import type { ByteBudget } from "../core/byte-budget.ts";
import { GatewayError } from "../core/errors.ts";

/** What one request holds of the budget for bodies. */
export class BodyLease {
  readonly #budget: ByteBudget;
  #heldBytes = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** @throws {GatewayError} OVERLOADED */
  take(bytes: number): void {
    if (!this.#budget.take(bytes)) throw new GatewayError("OVERLOADED", "Too many large bodies at once.");
    this.#heldBytes += bytes;
  }

  release(): void {
    this.#budget.giveBack(this.#heldBytes);
    this.#heldBytes = 0;
  }
}
