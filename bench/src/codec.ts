/**
 * The codecs against `JSON.parse` and the `thrift` npm package, in CPU time for one call or reply.
 * `node bench/dist/codec.js [milliseconds a measurement]`
 */
import { compileIdl, createServiceCodec, type MethodCodec, readMessageHeader } from "@thriftgate/thrift";
import { decodeWithPeer, encodeWithPeer, readAsset, readOrder, writeAsset, writeOrder } from "./codec-peer.ts";

const idl = `
struct Asset { 1: string ID, 2: string Name, 3: string Market }
struct Line { 1: string sku, 2: i32 quantity, 3: double price, 4: list<string> tags }
struct Order { 1: i64 id, 2: string customer, 3: bool paid, 4: list<Line> lines, 5: map<string, string> labels }
service Bench { Asset asset(1: Asset request), Order order(1: Order request) }`;

const asset = { ID: "1234", Name: "Some Bond", Market: "NASDAQ Helsinki" };

/** About 1.8 KB as JSON. */
const order = {
  id: 9_007_199_254_740_991,
  customer: "Väinö Virtanen",
  paid: true,
  lines: Array.from({ length: 20 }, (_, i) => ({
    sku: `SKU-${1_000 + i * 37}`,
    quantity: i * 3 + 1,
    price: (i * 731 + 199) / 100,
    tags: ["fragile", "express"].slice(i % 2),
  })),
  labels: { channel: "web", region: "eu-north", note: 'says "hello"', campaign: "spring" },
};

const measureMs = Number(process.argv[2] ?? 300);
const rounds = 7;

/** Fewest nanoseconds of CPU time for one run, of several rounds: what other processes do to the caches is not ours. */
function measure(run: () => unknown): number {
  let batch = 1;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; ) {
    const before = process.cpuUsage();
    for (let i = 0; i < batch; i++) kept = run();
    const { user, system } = process.cpuUsage(before);
    const milliseconds = (user + system) / 1_000;
    if (milliseconds < measureMs / rounds / 2) batch *= 2;
    else {
      best = Math.min(best, (milliseconds * 1e6) / batch);
      round++;
    }
  }
  return best;
}

/** So that no run can be optimised away. */
let kept: unknown;

function report(name: string, bytes: number, ours: number, parse: number, peer: number): void {
  const columns = [ours, parse, peer].map((nanoseconds) => nanoseconds.toFixed(0).padStart(8)).join("");
  process.stdout.write(
    `${name.padEnd(24)}${String(bytes).padStart(6)} B${columns} ns${(peer / ours).toFixed(1).padStart(8)} x\n`,
  );
}

/** The reply that carries the struct of `call` as its result. */
function replyOf(codec: MethodCodec, json: Buffer): Buffer {
  const { bytes, seqidOffset } = codec.encodeJson(json);
  const reply = Buffer.from(bytes);
  reply[3] = 2;
  reply.writeInt16BE(0, seqidOffset + 5);
  return reply;
}

const compiled = compileIdl({ "bench.thrift": idl }, "bench.thrift");
if (!compiled.ok) throw new Error(compiled.faults[0]?.message);
const service = createServiceCodec(compiled.schema, "Bench");
const assetCodec = service.method("asset")!;
const orderCodec = service.method("order")!;
const assetJson = Buffer.from(JSON.stringify(asset));
const orderJson = Buffer.from(JSON.stringify(order));
const prettyJson = Buffer.from(JSON.stringify(asset, null, 2));
const assetReply = replyOf(assetCodec, assetJson);
const orderReply = replyOf(orderCodec, orderJson);

function decode(codec: MethodCodec, reply: Buffer): unknown {
  return codec.decodeResult(reply, readMessageHeader(reply, 0, reply.length).bodyOffset, reply.length);
}

process.stdout.write(`${"".padEnd(32)}    ours   parse    peer     peer/ours\n`);
for (const [name, codec, json, peer] of [
  ["encode asset", assetCodec, assetJson, () => encodeWithPeer(assetJson, "asset", writeAsset)],
  ["encode asset, indented", assetCodec, prettyJson, () => encodeWithPeer(prettyJson, "asset", writeAsset)],
  ["encode order", orderCodec, orderJson, () => encodeWithPeer(orderJson, "order", writeOrder)],
] as const) {
  const ours = measure(() => codec.encodeJson(json));
  const parse = measure(() => JSON.parse(json.toString()));
  report(name, json.length, ours, parse, measure(peer));
}
report(
  "encode query",
  "ID=1234&Name=Some+Bond".length,
  measure(() =>
    assetCodec.encodeText([
      ["ID", "1234"],
      ["Name", "Some Bond"],
    ]),
  ),
  0,
  0,
);
for (const [name, codec, reply, value, peer] of [
  ["decode asset", assetCodec, assetReply, asset, () => decodeWithPeer(assetReply, readAsset)],
  ["decode order", orderCodec, orderReply, order, () => decodeWithPeer(orderReply, readOrder)],
] as const) {
  const ours = measure(() => decode(codec, reply));
  const stringify = measure(() => Buffer.from(JSON.stringify(value)));
  report(name, reply.length, ours, stringify, measure(peer));
}
if (kept === undefined) throw new Error("nothing was measured");
