import { GatewayError } from "../../core/errors.ts";

/** Kitex's business errors come beside an empty result. @throws {GatewayError} the business error, or that it can't be read */
export function assertNoBizStatus(headers: ReadonlyMap<string, string>): void {
  const status = headers.get("biz-status");
  if (status === undefined || status === "0") return;
  if (!/^-?[0-9]{1,10}$/.test(status)) throw unreadable(undefined);
  throw new GatewayError("BIZ_STATUS", `The service answered with its business status ${status}.`, {
    members: {
      bizStatus: Number(status),
      bizMessage: headers.get("biz-message") ?? "",
      bizExtra: parseExtra(headers.get("biz-extra")),
    },
  });
}

/** A JSON object of text. */
function parseExtra(json: string | undefined): Readonly<Record<string, string>> {
  if (json === undefined || json === "") return {};
  let extra: unknown;
  try {
    extra = JSON.parse(json);
  } catch (error) {
    throw unreadable(error);
  }
  if (extra === null) return {};
  if (typeof extra !== "object" || Array.isArray(extra) || !Object.values(extra).every((value) => typeof value === "string"))
    throw unreadable(undefined);
  return extra as Record<string, string>;
}

function unreadable(cause: unknown): GatewayError {
  return new GatewayError("UPSTREAM_BAD_REPLY", "The service's business status can't be read.", { cause });
}
