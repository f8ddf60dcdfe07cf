import { compileIdl, createServiceCodec } from "@thriftgate/thrift";
import { largeIdl } from "../fixtures/large-idl.ts";
import type { Part } from "../part.ts";
import { nanosecondsOf } from "../run/cpu-time.ts";

export interface IdlFigures {
  readonly lines: number;
  /** Parsed and linked, warm, in CPU time. */
  readonly linkMs: number;
  /** A method's codec, from nothing to its first call and reply. */
  readonly firstCallMs: number;
}

const wantedLines = 3_000;

export const idl: Part = {
  about: `an IDL of ${wantedLines} lines parsed and linked, and the first call of a method of it`,
  async run({ quick }) {
    const { text, methods } = largeIdl(wantedLines);
    const link = () => compileIdl({ "large.thrift": text }, "large.thrift");
    const linked = link();
    if (!linked.ok) throw new Error(linked.faults[0]!.message);
    const { schema } = linked;
    const json = Buffer.from('{"id":7,"name":"x","weights":{"a":0.5},"parts":[]}');
    let turn = 0;
    /** Another method each time, and a codec of its own: nothing that an earlier one compiled is used. */
    const firstCall = () => {
      turn += 1;
      const codec = createServiceCodec(schema, "Large").method(methods[turn % methods.length]!)!;
      const { bytes, seqidOffset } = codec.encodeJson(json);
      const result = Buffer.from(bytes.subarray(seqidOffset + 4));
      result.writeInt16BE(0, 1);
      return codec.decodeResult(result, 0, result.length);
    };
    const milliseconds = quick ? 200 : 2_000;
    const figures: IdlFigures = {
      lines: text.split("\n").length,
      linkMs: nanosecondsOf(link, milliseconds) / 1e6,
      firstCallMs: nanosecondsOf(firstCall, milliseconds) / 1e6,
    };
    return {
      figures,
      lines: [
        `${figures.lines} lines, ${methods.length} methods: parsed and linked in ${figures.linkMs.toFixed(2)} ms`,
        `the first call of a method, its codec compiled: ${figures.firstCallMs.toFixed(2)} ms`,
      ],
    };
  },
};
