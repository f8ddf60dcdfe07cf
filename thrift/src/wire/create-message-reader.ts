import { CompactBufferedReader, fromCompact } from "./compact-message-reader.ts";
import type { Dialect } from "./dialect.ts";
import {
  createBufferedReader,
  createFramedReader,
  type MessageReader,
  type MessageReaderOptions,
  type OnMessage,
} from "./message-reader.ts";

/** Cuts the bytes of an instance of that dialect into messages of the binary protocol, which they become if they are none. */
export function createMessageReader(
  { transport, protocol }: Pick<Dialect, "transport" | "protocol">,
  onMessage: OnMessage,
  options: MessageReaderOptions,
): MessageReader {
  switch (transport) {
    case "framed":
      return createFramedReader(protocol === "compact" ? fromCompact(onMessage, options) : onMessage, options);
    case "buffered":
      return protocol === "compact" ? new CompactBufferedReader(onMessage, options) : createBufferedReader(onMessage, options);
  }
}
