import type { CallMetadata, DecodedReply, EncodedCall, HttpReply } from "@thriftgate/thrift";
import { ByteBudget } from "../core/byte-budget.ts";
import { errorStatus, GatewayError, toGatewayError } from "../core/errors.ts";
import { requestIdFrom } from "../core/request-id.ts";
import type { Instance, Route, ServiceEntry, Snapshot } from "../snapshot/snapshot.ts";
import type { Balancer, InstanceAwaiter, Pick as PendingPick } from "./balance/balancer.ts";
import { isIdempotent, isLoss, outcomeOf } from "./call-failure.ts";
import { CallRecord, type CallRecordContext } from "./call-record.ts";
import { assertNoBizStatus } from "./codec/biz-status.ts";
import { decodeReply, endsConnection } from "./codec/decode-reply.ts";
import { encodeBody, encodeQuery } from "./codec/encode-call.ts";
import { encodeHttp, type RequestParts } from "./codec/encode-http.ts";
import { exceptionProblem } from "./codec/exception-status.ts";
import { splitReply } from "./codec/split-reply.ts";
import type { InstanceConnections, PendingCall, ReplyObserver } from "./connection/instance-connections.ts";
import { answerJson, answerOptions, answerParts, answerProblem, oneWriteBytes } from "./http/answer.ts";
import type { BodySink } from "./http/body.ts";
import type { Caller, CallerWatcher } from "./http/caller.ts";
import { isForm, readCallHead, readRestHead } from "./http/head.ts";
import { passedOn } from "./http/passed-on.ts";
import { matchRoute, matchService } from "./route/match-route.ts";
import { parseTarget, type Target, wholePath } from "./route/parse-target.ts";
import { RestRoutes } from "./route/rest-routes.ts";

export interface CallDependencies extends Omit<CallRecordContext, "meters"> {
  readonly snapshot: Pick<Snapshot, "entry" | "names" | "onPublish">;
  readonly balancer: Balancer;
  readonly connections: Pick<InstanceConnections, "call">;
  readonly limits: { readonly maxCallBodyBytes: number; readonly maxQueryArguments: number };
  /** What all calls hold for slow callers: bodies that arrive in pieces, big answers that are not read. Default: {@link maxHeldBytes}. */
  readonly budget?: ByteBudget;
}

/** Enough for 30 bodies of the greatest size at once, counted while they grow; a process of the default heap lives with it. */
const maxHeldBytes = 256 * 1024 * 1024;

/** A call that its first instance does not know is tried on two more: enough to get past a rollout that is half done. */
const maxUnknownMethodAttempts = 3;

/** Takes `GET` and `POST` of `/{service}/{path}` and the routes that IDL asks for, and answers everything else with an error. */
export function createCallHandler(dependencies: CallDependencies): (caller: Caller) => void {
  const context: CallContext = {
    budget: new ByteBudget(maxHeldBytes),
    ...dependencies,
    meters: new WeakMap(),
    restRoutes: new RestRoutes(dependencies.snapshot),
  };
  return (caller) => {
    if (!caller.gone) new Exchange(context, caller).begin();
  };
}

interface CallContext extends CallDependencies, CallRecordContext {
  readonly restRoutes: RestRoutes;
  readonly budget: ByteBudget;
}

/** As which the gateway calls instances. */
const ownName = "thriftgate";

const noInstances: readonly string[] = [];
const noParameters: RequestParts["parameters"] = new Map();
/** Their arguments are in the query where they have no body. */
const queryMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "DELETE"]);
const noBody = new Uint8Array(0);
const nullJson = Buffer.from("null");

/** One request, from its head to its answer. The steps stand in the order in which they happen; docs/request-path.md has the reasons. */
class Exchange implements BodySink, InstanceAwaiter, ReplyObserver, CallerWatcher {
  readonly #context: CallContext;
  readonly #caller: Caller;
  readonly #record: CallRecord;
  #state: "reading" | "picking" | "calling" | "answering" | "done" = "reading";
  #deadlineAtMs = 0;
  #leftAtMs = 0;
  #reservedBytes = 0;
  #entry: ServiceEntry | undefined;
  #route: Route | undefined;
  #call: EncodedCall | undefined;
  #pick: PendingPick | undefined;
  #instance: Instance | undefined;
  #pending: PendingCall | undefined;
  #query = "";
  #parameters = noParameters;
  #tried = noInstances;
  /** The answer when no other instance is left, once one of them may have run the call, did not know it, or could not be trusted. */
  #failure: GatewayError | undefined;
  /** Why the last instance was left, for the log. */
  #cause: unknown;

  constructor(context: CallContext, caller: Caller) {
    this.#context = context;
    this.#caller = caller;
    this.#record = new CallRecord(context, requestIdFrom(caller.headers["x-request-id"]));
  }

  // 1 HTTP in, 2 match the route

  begin(): void {
    this.#caller.watch(this);
    try {
      const target = parseTarget(this.#caller.target);
      const entry = this.#context.snapshot.entry(target.service);
      const route = entry?.routes.get(target.path);
      const { method } = this.#caller;
      if (entry !== undefined && route !== undefined && (method === "POST" || method === "GET")) this.#read(entry, route, target);
      else this.#beginElsewhere(target);
    } catch (error) {
      this.#fail(toGatewayError(error));
    }
  }

  /** A route that the IDL asked for, or none. */
  #beginElsewhere(target: Target): void {
    const { restRoutes, snapshot } = this.#context;
    const path = wholePath(target, this.#caller.target);
    const found = restRoutes.match(this.#caller.method, path);
    if (found !== undefined) {
      this.#read(found.entry, found.route, target, found.parameters);
      return;
    }
    const allow = restRoutes.allow(path);
    if (allow === undefined) {
      const entry = matchService(snapshot, target);
      this.#read(entry, matchRoute(entry, target), target);
    } else if (this.#caller.method === "OPTIONS") {
      this.#state = "done";
      answerOptions(this.#caller, allow, this.#record.requestId);
      this.#record.ended(204, undefined, undefined);
    } else throw new GatewayError("METHOD_NOT_ALLOWED", "This path has other methods.", { headers: { allow } });
  }

  #read(entry: ServiceEntry, route: Route, target: Target, parameters?: RequestParts["parameters"]): void {
    this.#entry = entry;
    this.#route = route;
    this.#record.matched(entry, route);
    this.#deadlineAtMs = this.#record.startedAtMs + route.options.deadlineMs;
    const { maxCallBodyBytes } = this.#context.limits;
    let hasBody: boolean;
    if (parameters === undefined) hasBody = readCallHead(this.#caller, maxCallBodyBytes, route.codec.http);
    else hasBody = readRestHead(this.#caller, maxCallBodyBytes, route.codec.http);
    this.#query = target.query;
    this.#parameters = parameters ?? noParameters;
    if (hasBody) this.#caller.readBody(maxCallBodyBytes, this);
    else this.#send(this.#encode(noBody));
  }

  reserve(bytes: number): boolean {
    if (!this.#context.budget.take(bytes)) return false;
    this.#reservedBytes += bytes;
    return true;
  }

  onBodyFault(error: GatewayError): void {
    if (this.#state === "reading") this.#fail(error);
  }

  // 3 encode

  onBody(body: Uint8Array): void {
    if (this.#state !== "reading" || this.#caller.answered) return;
    const nowMs = this.#record.received();
    try {
      if (nowMs >= this.#deadlineAtMs) throw new GatewayError("REQUEST_TIMEOUT", "The body took longer than the call may.");
      this.#send(this.#encode(body));
    } catch (error) {
      this.#fail(toGatewayError(error));
    }
  }

  #encode(body: Uint8Array): EncodedCall {
    const { codec } = this.#route!;
    const { maxQueryArguments } = this.#context.limits;
    const inQuery = body.length === 0 && queryMethods.has(this.#caller.method);
    if (codec.http === undefined) {
      return inQuery ? encodeQuery(codec, this.#query, maxQueryArguments) : encodeBody(codec, body);
    }
    const { rawHeaders, target, headers } = this.#caller;
    const contentType = headers["content-type"];
    return encodeHttp(codec.http, {
      uri: target,
      query: this.#query,
      parameters: this.#parameters,
      rawHeaders,
      formType: codec.http.sources.has("form") && isForm(contentType) ? contentType : undefined,
      body,
      inQuery,
      maxArguments: maxQueryArguments,
    });
  }

  // 4 pick an instance

  #send(call: EncodedCall): void {
    this.#call = call;
    this.#pickInstance();
  }

  #pickInstance(): void {
    this.#state = "picking";
    this.#pick = this.#context.balancer.pick(this.#entry!, this.#tried, this.#deadlineAtMs, this);
  }

  onNoInstance(error: GatewayError): void {
    if (this.#state === "picking") this.#fail(this.#failure ?? error);
  }

  // 5 call

  onInstance(instance: Instance): void {
    this.#state = "calling";
    this.#instance = instance;
    this.#record.called(instance);
    const { name, oneway } = this.#route!.codec.method;
    try {
      this.#pending = this.#context.connections.call(instance, this.#call!, name, oneway, this.#deadlineAtMs, this);
    } catch (error) {
      this.#leaveInstance("cancelled");
      this.#fail(toGatewayError(error));
    }
  }

  metadata(): CallMetadata {
    const timeoutMs = Math.max(1, Math.floor(this.#deadlineAtMs - this.#context.clock.monotonicMs()));
    const { requestId } = this.#record;
    return { requestId, caller: ownName, service: this.#entry!.name, timeoutMs, ...passedOn(this.#caller.rawHeaders) };
  }

  onSent(): void {
    if (this.#state !== "calling") return;
    this.#leaveInstance("answered");
    this.#answer(202, nullJson);
  }

  onFailure(error: GatewayError, sent: boolean): void {
    if (this.#state !== "calling") return;
    this.#leaveInstance(outcomeOf(error, sent));
    this.#cause = error.cause ?? error.message;
    const inTime = this.#leftAtMs < this.#deadlineAtMs;
    if (!sent && error.status > 500) {
      // Always safe, and nobody paid for it. What no instance takes ends as NO_HEALTHY_INSTANCE.
      if (error.code === "UPSTREAM_TLS_FAILED") this.#failure ??= error;
      if (inTime) this.#tryAnother();
      else this.#fail(this.#failure ?? new GatewayError("UPSTREAM_TIMEOUT", "No instance took the call before its deadline."));
    } else if (inTime && sent && this.#mayRunTwice && isLoss(error) && this.#context.balancer.mayRetry(this.#entry!)) {
      this.#failure = error;
      this.#tryAnother();
    } else this.#fail(error);
  }

  // 6 decode the reply

  onReply(
    messageType: number,
    bytes: Uint8Array,
    bodyOffset: number,
    end: number,
    headers?: ReadonlyMap<string, string>,
  ): boolean {
    if (this.#state !== "calling") return true;
    this.#leaveInstance("answered");
    try {
      if (headers !== undefined) assertNoBizStatus(headers);
      const { codec } = this.#route!;
      const reply = decodeReply(codec, messageType, bytes, bodyOffset, end);
      if (reply.kind === "exception") this.#answerException(reply);
      else if (codec.http?.split === undefined) this.#answer(200, reply.json);
      else this.#answerParts(splitReply(codec.http.split, reply.json));
      return true;
    } catch (thrown) {
      const error = toGatewayError(thrown);
      if (error.code === "UPSTREAM_UNKNOWN_METHOD" && this.#record.attempts < maxUnknownMethodAttempts) {
        this.#failure = error;
        this.#cause = error.cause;
        this.#tryAnother();
      } else this.#fail(error);
      return !endsConnection(error);
    }
  }

  #leaveInstance(outcome: Parameters<Balancer["release"]>[2]): void {
    this.#state = "answering";
    this.#leftAtMs = this.#record.left();
    this.#context.balancer.release(this.#entry!, this.#instance!, outcome);
  }

  #tryAnother(): void {
    this.#tried = [...this.#tried, this.#instance!.id];
    this.#record.retried();
    this.#pickInstance();
  }

  /** RFC 9110, section 9.2.2; the owner's word counts more than the HTTP method. */
  get #mayRunTwice(): boolean {
    return this.#route!.options.idempotent ?? isIdempotent(this.#caller.method);
  }

  // 7 HTTP out

  #answer(status: number, json: Uint8Array): void {
    if (!this.#mayHold(json)) return;
    this.#state = "done";
    answerJson(this.#caller, status, json, this.#record.requestId);
    this.#record.ended(status, undefined, undefined);
  }

  #answerParts(reply: HttpReply): void {
    if (!this.#mayHold(reply.body)) return;
    this.#state = "done";
    answerParts(this.#caller, reply, this.#record.requestId);
    this.#record.ended(reply.status ?? 200, undefined, undefined);
  }

  #answerException(exception: Extract<DecodedReply, { kind: "exception" }>): void {
    if (!this.#mayHold(exception.json)) return;
    this.#state = "done";
    const problem = exceptionProblem(this.#entry!, this.#route!.codec.method, exception);
    answerProblem(this.#caller, problem, this.#record.requestId, { exception: exception.json });
    this.#record.ended(problem.status, problem.code, undefined);
  }

  #fail(error: GatewayError): void {
    const { code, status, detail, headers } = error;
    this.#state = "done";
    // Part of another answer is out already.
    if (this.#caller.answered) this.#caller.cutOff();
    else {
      const members = { ...error.members, ...this.#record.place };
      answerProblem(this.#caller, { code, status, detail, headers, members }, this.#record.requestId);
    }
    this.#record.ended(status, code, error.cause ?? this.#cause);
  }

  #mayHold({ length }: Uint8Array): boolean {
    if (length <= oneWriteBytes || this.reserve(length)) return true;
    this.#fail(new GatewayError("OVERLOADED", "Too many large answers at once."));
    return false;
  }

  /** Also when the caller went away: whatever is under way for it is given up. */
  onAnswerClosed(): void {
    this.#context.budget.giveBack(this.#reservedBytes);
    this.#reservedBytes = 0;
    if (this.#state === "done") return;
    if (this.#state === "picking") this.#pick?.cancel();
    if (this.#state === "calling") {
      this.#pending?.cancel();
      this.#leaveInstance("cancelled");
    }
    this.#state = "done";
    this.#record.ended(errorStatus.CLIENT_CLOSED, "CLIENT_CLOSED", undefined);
  }
}
