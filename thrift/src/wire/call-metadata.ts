/** What travels beside a call where the transport has a place for it. */
export interface CallMetadata {
  readonly requestId: string;
  /** Who calls, and which service. */
  readonly caller: string;
  readonly service: string;
  /** What is left of the call's time. */
  readonly timeoutMs: number;
  /** For the instance alone. */
  readonly transient: readonly (readonly [name: string, value: string])[];
  /** For the instance, and for those whom it calls in turn. */
  readonly persistent: readonly (readonly [name: string, value: string])[];
}

/** Asked only where the transport has a place for it. */
export interface MetadataSource {
  metadata?(): CallMetadata;
}
