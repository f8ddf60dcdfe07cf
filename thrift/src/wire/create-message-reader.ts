import { CompactBufferedReader, fromCompact } from "./compact-message-reader.ts";
import type { Dialect } from "./dialect.ts";
import { fromHeaderFrame } from "./header-frame.ts";
import {
  createBufferedReader,
  createFramedReader,
  type MessageReader,
  type MessageReaderOptions,
  type OnMessage,
} from "./message-reader.ts";
import { theader } from "./theader.ts";
import { ttheader } from "./ttheader.ts";

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
    case "header":
      return createFramedReader(fromHeaderFrame(theader, onMessage, options), options);
    case "ttheader":
      return createFramedReader(fromHeaderFrame(ttheader, onMessage, options), options);
  }
}
