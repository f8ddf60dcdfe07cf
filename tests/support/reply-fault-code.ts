import { ReplyFault } from "../../thrift/src/wire/reply-fault.ts";

/** The code of the ReplyFault that `run` throws. */
export function replyFaultCode(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ReplyFault) return error.code;
    throw error;
  }
  return "no fault";
}
