/** What one writes in an afternoon: Express, express.json(), a pool of the npm package thrift's clients. `naive.js PORT` calls 127.0.0.1:PORT. */
import { createServer } from "node:http";
import express from "express";
import { createBenchClient } from "../npm-thrift/bench-client.ts";
import { announceReady } from "./announce-ready.ts";

const pooledClients = 50;
const clients = Array.from({ length: pooledClients }, () => createBenchClient(Number(process.argv[2])));
let next = 0;

function client() {
  next = (next + 1) % pooledClients;
  return clients[next]!;
}

const app = express();
app.use(express.json({ limit: "4mb" }));
app.post("/Bench/newAsset", async (request, response) => response.json(await client().insertAsset(request.body)));
app.post("/Bench/order", async (request, response) => response.json(await client().placeOrder(request.body)));
announceReady(createServer(app), "http");
