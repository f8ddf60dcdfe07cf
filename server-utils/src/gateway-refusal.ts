import type { GatewayAnswer } from "./gateway-request.ts";

/** A gateway answered, and not with what was asked for. Its message holds no key. */
export class GatewayRefusal extends Error {
  override readonly name = "GatewayRefusal";
  /** HTTP status. */
  readonly status: number;
  /** The gateway's error code, e.g. `UNAUTHENTICATED`. */
  readonly code: string | undefined;

  constructor(asked: string, answer: GatewayAnswer) {
    const { detail, Message: message, code } = answer.body;
    const reason = [detail, message].find((text) => typeof text === "string") ?? "no gateway answers like this";
    super(`${asked} was refused with ${answer.status}: ${reason}`);
    this.status = answer.status;
    this.code = typeof code === "string" ? code : undefined;
  }
}
