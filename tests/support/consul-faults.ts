import type { ConsulFault } from "./fake-consul.ts";

const MIB = 1024 * 1024;

/** An answer of this body to whatever is asked. */
export const answering =
  (body: string, headers: Record<string, string | number> = {}, status = 200): ConsulFault =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };

const cutOff: ConsulFault = (_request, response) => {
  response.write("[");
  setImmediate(() => response.destroy());
  return true;
};

const endless: ConsulFault = (_request, response) => {
  response.write("[");
  return true;
};

export const reset: ConsulFault = (request) => {
  request.socket.resetAndDestroy();
  return true;
};

/** What may come from Consul, or from what stands before it, instead of an answer. */
export const consulFaults: readonly (readonly [name: string, fault: ConsulFault])[] = [
  ["500s", answering("No cluster leader", {}, 500)],
  ["403s", answering("Permission denied", {}, 403)],
  ["a page of HTML", answering("<html>502 Bad Gateway</html>")],
  ["truncated JSON", answering('[{"Node":{"Node":"n1"},"Serv')],
  ["nothing", answering("")],
  ["a number", answering("7")],
  ["a text", answering('"no"')],
  ["no index", answering("[]", { "x-consul-index": 0 })],
  ["an index that is no number", answering("[]", { "x-consul-index": "many" })],
  ["a negative index", answering("[]", { "x-consul-index": -4 })],
  ["an answer beyond all bounds", answering(`[${" ".repeat(17 * MIB)}]`)],
  ["a body that is cut off", cutOff],
  ["a body that never ends", endless],
  ["silence", () => true],
  ["connections that are reset", reset],
];
