import { randomBytes } from "node:crypto";

/** No quote, space or control: such an ID is harmless in a header, in JSON, in a log line and in a shell. */
const sane = /^[A-Za-z0-9._~:+/=@-]{1,128}$/;

/** Sets processes and workers apart; an ID only has to be unique, not unguessable. */
const processPart = `${randomBytes(6).toString("hex")}-`;
let issued = 0;

/** The caller's `x-request-id` when it is sane, else a new one. */
export function requestIdFrom(given: string | readonly string[] | undefined): string {
  if (typeof given === "string" && sane.test(given)) return given;
  issued += 1;
  return processPart + issued.toString(36);
}
