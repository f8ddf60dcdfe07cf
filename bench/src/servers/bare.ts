/** The yardstick: node:http, one fixed answer, reads the body and calls nothing. `bare.js CALL` answers that call's answer. */
import { createServer } from "node:http";
import { type BenchCallName, benchCalls } from "../fixtures/calls.ts";
import { announceReady } from "./announce-ready.ts";

const { answer } = benchCalls[process.argv[2] as BenchCallName];
/** A short answer is quicker as a string, which leaves with its head; a long one is not encoded anew each time. */
const body = answer.length < 16 * 1024 ? answer : Buffer.from(answer);
const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(answer) };

const server = createServer((request, response) => {
  request.on("data", () => {});
  request.on("end", () => {
    response.writeHead(200, headers);
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
announceReady(server, "http");
