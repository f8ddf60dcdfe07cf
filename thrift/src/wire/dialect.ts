/** How an instance speaks. */
export interface Dialect {
  readonly transport: Transport;
  readonly protocol: Protocol;
  /** The instance serves several services on one port and knows each method as `Service:method`. */
  readonly multiplexed?: string;
}

/** `header`: Apache's THeader; `ttheader`: CloudWeGo's. */
export type Transport = "framed" | "buffered" | "header" | "ttheader";

export type Protocol = "binary" | "compact";
