/** What a key of the original gateway's `serverconfig.json` means here; `undefined`: how often it looked after MongoDB, which has no effect here. */
interface Translation {
  readonly key: string;
  readonly convert: (value: unknown) => unknown;
}

const same = (value: unknown) => value;
/** It was text there, as `"4200"` or `":4200"`. */
const portFromText = (value: unknown) =>
  typeof value === "string" && /^:?\d+$/.test(value) ? Number(value.replace(":", "")) : value;
const consulUrl = (value: unknown) =>
  typeof value === "string" ? `consul://${value.replace(/^(https?|consul):\/\//, "")}` : value;

export const originalKeys: ReadonlyMap<string, Translation | undefined> = new Map([
  ["serverPort", { key: "port", convert: portFromText }],
  ["maskerKey", { key: "masterKey", convert: same }],
  ["consulAddress", { key: "registry", convert: consulUrl }],
  ["timeToLive", { key: "timeToLiveSeconds", convert: same }],
  ["timeToLift", { key: "timeToLiveSeconds", convert: same }],
  ["timeToDie", { key: "timeToDieSeconds", convert: same }],
  ["dbUrl", { key: "store", convert: same }],
  ["dbName", { key: "storeDatabase", convert: same }],
  ["dbCollectionName", { key: "originalCollection", convert: same }],
  ["dbPingInterval", undefined],
  ["dbFailedPingInterval", undefined],
  ["dbMaxPingFailDuration", undefined],
]);

/** The key that every copy of the original gateway came with: anybody knows it. */
export const PUBLISHED_MASTER_KEY = "36e991d3-646d-414a-ac66-0c0e8a310ced";
