import { GatewayError } from "../core/errors.ts";

/** What one request holds of the budget. */
export interface BodyLease {
  /** @throws {GatewayError} OVERLOADED */
  take(bytes: number): void;
  release(): void;
}

/** Bounds the bytes of bodies that are worked on at one time, so that many large ones at once can't fill the memory. */
export function createBodyBudget(maxBytes: number): { lease(): BodyLease } {
  let left = maxBytes;
  return {
    lease() {
      let held = 0;
      return {
        take(bytes) {
          if (bytes > left) throw new GatewayError("OVERLOADED", "Too many large bodies at once.");
          left -= bytes;
          held += bytes;
        },
        release() {
          left += held;
          held = 0;
        },
      };
    },
  };
}
