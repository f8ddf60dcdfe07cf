import type { Clock } from "../../core/clock.ts";
import type { DeadlineWheel } from "../../core/deadline.ts";
import type { Call } from "./call.ts";
import type { Connection } from "./connection.ts";
import type { SocketContext } from "./instance-socket.ts";
import type { WriteBatch } from "./write-batch.ts";

/** What all connections share. */
export interface ConnectionContext extends SocketContext {
  readonly clock: Clock;
  readonly deadlines: DeadlineWheel;
  readonly batch: WriteBatch;
  readonly connectTimeoutMs: number;
  readonly pipelineDepth: number;
  readonly maxFrameBytes: number;
  readonly maxDepth: number;
}

/** Whose connection it is. */
export interface ConnectionOwner {
  onOpen(connection: Connection): void;
  /** It is closed and takes nothing any more; its calls are dealt with next. */
  onClosed(connection: Connection, how: ConnectionEnd): void;
  /** May another connection take this unsent call? If so, it has it now. */
  adopt(call: Call, how: ConnectionEnd): boolean;
  /** The socket is gone, the last that is heard of the connection. */
  onSocketClosed(connection: Connection): void;
  idleLimitMs(): number;
}

/** `unopened`: no byte could be sent. `stuck`: it took calls and answered none. */
export type ConnectionEnd = "unopened" | "lost" | "stuck" | "drained";
