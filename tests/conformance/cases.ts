import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Exact, ExactNumber, isMembers, parseExact } from "./exact-json.ts";

export type Service = "ThriftTest" | "SecondService" | "Echo";

/** One call through the gateway. */
export interface ConformanceCase {
  /** Begins with its file's name. */
  readonly id: string;
  readonly service: Service;
  readonly method: string;
  /** The body: a value, or its text. */
  readonly request?: Exact;
  readonly text?: string;
  /** In place of a body: the arguments of a GET. */
  readonly query?: string;
  readonly status: number;
  /** Of a 2xx the whole body, which is empty without it; of a problem the members that it has at least. */
  readonly response?: Exact;
}

const folder = join(import.meta.dirname, "cases");

/** The case files hold one JSON object a line; docs/conformance.md says what is in it. */
export const cases: readonly ConformanceCase[] = readCases();

/** Every method that has a case; those of a 404 are none. */
export function methodsOf(service: Service): string[] {
  const called = cases.filter((each) => each.service === service && each.status !== 404);
  return [...new Set(called.map(({ method }) => method))];
}

function readCases(): ConformanceCase[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  return files.sort().flatMap((file) =>
    readFileSync(join(folder, file), "utf8")
      .trim()
      .split("\n")
      .map((line) => readCase(file.replace(".jsonl", ""), line)),
  );
}

function readCase(group: string, line: string): ConformanceCase {
  const fields = expand(parseExact(line)) as Record<string, Exact>;
  return {
    service: "ThriftTest",
    ...(fields as object),
    id: `${group}/${fields.id}`,
    status: Number((fields.status as ExactNumber).text),
  } as ConformanceCase;
}

interface LongValue {
  /** A text so many times. */
  readonly $repeat?: string;
  readonly times?: ExactNumber;
  /** A text of all characters from the first to the last: `20-10FFFF`. */
  readonly $characters?: string;
  /** A list of so many integers, from 0. */
  readonly $integers?: ExactNumber;
}

/** Puts long values in the place of what stands for them. */
function expand(value: Exact): Exact {
  if (Array.isArray(value)) return value.map(expand);
  if (!isMembers(value)) return value;
  const { $repeat, times, $characters, $integers } = value as LongValue;
  if ($repeat !== undefined) return $repeat.repeat(Number(times?.text));
  if ($characters !== undefined) return characters($characters);
  if ($integers !== undefined) return Array.from({ length: Number($integers.text) }, (_, index) => new ExactNumber(`${index}`));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, expand(each)]));
}

function characters(range: string): string {
  const [from, to] = range.split("-").map((hex) => Number.parseInt(hex, 16)) as [number, number];
  let text = "";
  for (let codePoint = from; codePoint <= to; codePoint++) {
    if (codePoint < 0xd800 || codePoint > 0xdfff) text += String.fromCodePoint(codePoint);
  }
  return text;
}
