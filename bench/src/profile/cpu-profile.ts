/** What `node --cpu-prof` writes, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds, of a clock of its own. */
  readonly startTime: number;
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** A function under its callers, with the samples in it and in all that it called. */
export interface Frame {
  readonly name: string;
  /** `codec/encode-call.js:12`; `""` for what is no JavaScript. */
  readonly place: string;
  readonly stage: string;
  samples: number;
  ownSamples: number;
  children: Frame[];
}

/** The tree of calls of the time between two moments, in milliseconds since the start of the process; idle time is left out. */
export function framesOf(profile: CpuProfile, fromMs: number, untilMs: number): Frame {
  const frames = new Map(profile.nodes.map((node) => [node.id, frameOf(node)]));
  for (const { id, children = [] } of profile.nodes) frames.get(id)!.children = children.map((child) => frames.get(child)!);
  let atMicroseconds = 0;
  profile.samples.forEach((id, index) => {
    atMicroseconds += profile.timeDeltas[index]!;
    const frame = frames.get(id)!;
    const isInTime = atMicroseconds >= fromMs * 1_000 && atMicroseconds < untilMs * 1_000;
    // Counted, not weighed: when the process loses its core, all of that time would go to one function.
    if (isInTime && frame.name !== "(idle)") frame.ownSamples += 1;
  });
  const root = frames.get(profile.nodes[0]!.id)!;
  addUp(root);
  return root;
}

function frameOf({ callFrame }: ProfileNode): Frame {
  const { functionName, url, lineNumber } = callFrame;
  const place = url === "" ? "" : `${url.split("/").slice(-2).join("/")}:${lineNumber + 1}`;
  return {
    name: functionName || "(anonymous)",
    place,
    stage: stageOf(callFrame),
    samples: 0,
    ownSamples: 0,
    children: [],
  };
}

function addUp(frame: Frame): number {
  frame.samples = frame.children.reduce((sum, child) => sum + addUp(child), frame.ownSamples);
  return frame.samples;
}

const stages: readonly (readonly [pattern: RegExp, stage: string])[] = [
  [/gateway\/dist\/data-plane\/http\//, "1, 7 HTTP, ours"],
  [/gateway\/dist\/data-plane\/route\//, "2 match the route"],
  [/gateway\/dist\/data-plane\/codec\/|\/thrift\/dist\//, "3, 6 encode, decode"],
  [/gateway\/dist\/data-plane\/balance\//, "4 pick an instance"],
  [/gateway\/dist\/data-plane\/connection\//, "5 call, ours"],
  [/gateway\/dist\/data-plane\/handle-call/, "the exchange itself"],
  [/gateway\/dist\/core\/deadline/, "deadlines"],
  [/gateway\/dist\/core\/logger|pino|sonic-boom|quick-format|safe-stable/, "access log"],
  [/gateway\/dist\/core\/metrics|prom-client/, "metrics"],
  [/gateway\/dist\/core\//, "core: clock, request IDs, budget"],
  [/node:_http|node:internal\/http/, "node:http"],
  [/node:net|node:internal\/(stream|streams)|node:stream|node:internal\/stream_base/, "node:net and streams"],
  [/node:internal\/timers|node:timers/, "node's timers"],
  [/^node:/, "node, other"],
];

function stageOf({ functionName, url, lineNumber }: ProfileNode["callFrame"]): string {
  if (functionName === "(garbage collector)") return "garbage collection";
  // Compiled codecs have lines, but are in no file.
  if (url === "") return lineNumber < 0 ? "native: system calls, HTTP parser, V8" : "3, 6 encode, decode";
  return stages.find(([pattern]) => pattern.test(url))?.[1] ?? "other";
}

/** Shares of the time, the greatest first. */
export function sharesBy(root: Frame, key: (frame: Frame) => string): [name: string, share: number][] {
  const samples = new Map<string, number>();
  const visit = (frame: Frame) => {
    if (frame.ownSamples > 0) samples.set(key(frame), (samples.get(key(frame)) ?? 0) + frame.ownSamples);
    frame.children.forEach(visit);
  };
  visit(root);
  return [...samples].map(([name, count]): [string, number] => [name, count / root.samples]).sort(([, a], [, b]) => b - a);
}
