import { type Request, Router } from "express";
import { ByteBudget } from "../core/byte-budget.ts";
import { GatewayError } from "../core/errors.ts";
import { parseIpAddress } from "../core/ip-address.ts";
import { BodyLease } from "./body-lease.ts";
import { connect } from "./connect/connect.ts";
import { disconnect } from "./connect/disconnect.ts";
import type { ControlPlaneContext } from "./context.ts";
import { type Answer, type Endpoint, type EndpointOptions, expressHandler } from "./endpoint.ts";
import { invalidField } from "./fields.ts";
import { beat } from "./health/beat.ts";
import { bearerToken, isSameKey, unauthenticated } from "./key-check.ts";
import { PROXY_SERVICE } from "./proxy/proxy-idl.ts";
import { register } from "./register/register.ts";
import { readRegistrationBody } from "./register/registration-body.ts";
import { readJsonBody } from "./request-body.ts";
import { entityTag } from "./update/if-match.ts";
import { update } from "./update/update.ts";

/** A key, a name and an address; a hundred times that is no request of a server. */
const MAX_SERVER_BODY_BYTES = 64 * 1024;
const PROXY_NOTE = ` ${PROXY_SERVICE} was left out: registry proxies join Consul by themselves, and nobody calls them through the gateway.`;
/** Eight registrations of the largest size at once, or thousands of usual ones. */
const BODY_BUDGET_FACTOR = 8;

type BodyReader<Body> = (request: Request, maxBytes: number, maxDepth: number, lease: BodyLease) => Promise<Body>;

/** The endpoints on the public listener: docs/http-api.md. Changes are answered once they are `published` everywhere. */
export function createPublicRouter(context: ControlPlaneContext, published?: () => Promise<void>): Router {
  const { config, logger, registrations } = context;
  const { maxRegistrationBodyBytes, maxDepth } = config.limits;
  const budget = new ByteBudget(maxRegistrationBodyBytes * BODY_BUDGET_FACTOR);
  const router = Router({ caseSensitive: true });

  function mount(method: "GET" | "POST" | "PUT", path: string, endpoint: Endpoint, options?: EndpointOptions): void {
    const allow = method === "GET" ? "GET, HEAD" : method;
    const refuse: Endpoint = () => {
      throw new GatewayError("METHOD_NOT_ALLOWED", `Only ${allow} is served here.`, { headers: { allow } });
    };
    const route = router.route(path);
    const handler = expressHandler(endpoint, logger, options);
    if (method === "GET") route.get(handler);
    else if (method === "POST") route.post(handler);
    else route.put(handler);
    route.all(expressHandler(refuse, logger, options));
  }

  /** Reads the body where the use case wants it, and gives its bytes back to the budget when all is done. */
  async function withBody<Body>(
    request: Request,
    maxBytes: number,
    read: BodyReader<Body>,
    use: (readBody: () => Promise<Body>) => Promise<Answer>,
  ): Promise<Answer> {
    const lease = new BodyLease(budget);
    try {
      const answer = await use(() => read(request, maxBytes, maxDepth, lease));
      await published?.();
      return answer;
    } finally {
      lease.release();
    }
  }

  mount("GET", "/ping", () => ({ body: { message: "pong" } }));

  mount("POST", "/register", (request, caller) => {
    registrations.take(networkOf(caller.peer));
    assertMayRegister(request, config);
    return withBody(request, maxRegistrationBodyBytes, readRegistrationBody, async (readBody) => {
      const { apiKey, version, leftOutProxy } = await register(context, await readBody(), caller);
      const Message = `Registered successfully. Keep the API key: it is shown only this once.${leftOutProxy ? PROXY_NOTE : ""}`;
      return { body: { "API-Key": apiKey, Message }, headers: { etag: entityTag(version), "cache-control": "no-store" } };
    });
  });

  mount("PUT", "/update", (request, caller) => {
    const ownerId = ownerIdOf(request);
    const { "if-match": ifMatch, apikey } = request.headers;
    const apiKey = typeof apikey === "string" ? apikey : undefined;
    return withBody(request, maxRegistrationBodyBytes, readRegistrationBody, async (readBody) => {
      const { version } = await update(context, { ownerId, apiKey, ifMatch, readBody }, caller);
      return {
        body: { Message: "Updated successfully. The services are served as they are now." },
        headers: { etag: entityTag(version) },
      };
    });
  });

  mount(
    "POST",
    "/connect",
    (request, caller) =>
      withBody(request, MAX_SERVER_BODY_BYTES, readJsonBody, async (readBody) => {
        const { serverId, ttlSeconds, heartbeatMs } = await connect(context, await readBody(), caller);
        const Message = "Server Connection Request Accepted.";
        return { body: { Status: "ok", Message, ServerID: serverId, ttlSeconds, heartbeatMs } };
      }),
    // Without the key ServerID: with an empty one, the original's Go client believes that it is connected.
    { failure: ({ message }) => ({ Status: "failed", Message: message }) },
  );

  mount("POST", "/health", (request) =>
    withBody(request, MAX_SERVER_BODY_BYTES, readJsonBody, async (readBody) => {
      await beat(context, await readBody());
      return { body: { Status: "ok", Message: "Successfully updated server health." } };
    }),
  );

  mount("POST", "/disconnect", (request, caller) =>
    withBody(request, MAX_SERVER_BODY_BYTES, readJsonBody, async (readBody) => {
      await disconnect(context, await readBody(), caller);
      return { body: { Status: "ok", Message: "Server disconnected." } };
    }),
  );

  return router;
}

function assertMayRegister({ headers }: Request, { registration, registrationToken }: ControlPlaneContext["config"]): void {
  if (registration === "open") return;
  const own = headers["x-registration-token"];
  const token = bearerToken(headers) ?? (typeof own === "string" ? own : "");
  if (!registrationToken || !isSameKey(token, registrationToken)) throw unauthenticated("Bearer");
}

/** Any other parameter is refused: `ownerid[$ne]` must never come to mean something. */
function ownerIdOf({ originalUrl }: Request): string {
  const query = originalUrl.includes("?") ? originalUrl.slice(originalUrl.indexOf("?") + 1) : "";
  const parameters = [...new URLSearchParams(query)];
  const [first] = parameters;
  if (parameters.length !== 1 || first?.[0] !== "ownerid" || first[1].trim() === "") {
    throw invalidField("/ownerid", "The query must be ownerid=…, once, and nothing else.");
  }
  return first[1];
}

/** Who has one IPv6 address has 2^64 of them. */
function networkOf(peer: string): string {
  const ip = parseIpAddress(peer);
  return ip?.length === 16 ? Buffer.from(ip.subarray(0, 8)).toString("hex") : peer;
}
