import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answerJson, oneWriteBytes } from "../../../../../gateway/src/data-plane/http/answer.ts";
import { NodeCaller } from "../../../../../gateway/src/data-plane/http/node-caller.ts";

class Response extends EventEmitter {
  readonly ends: unknown[][] = [];
  destroyed = false;
  head: unknown[] = [];

  hasHeader(): boolean {
    return false;
  }

  writeHead(...head: unknown[]): void {
    this.head = head;
  }

  end(...body: unknown[]): void {
    this.ends.push(body);
  }

  destroy(): void {
    this.destroyed = true;
  }
}

function answer(json: Uint8Array): Response {
  const response = new Response();
  answerJson(new NodeCaller({} as IncomingMessage, response as unknown as ServerResponse), 200, json, "id-1");
  return response;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a small answer is one string, its bytes carried as latin1", () => {
  const json = Buffer.from('"é😀"');
  const { head, ends } = answer(json);
  expect(head).toEqual([200, ["content-type", "application/json", "content-length", "8", "x-request-id", "id-1"]]);
  expect(ends).toEqual([[json.toString("latin1"), "latin1"]]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a large answer is a copy: the decoder's buffer is used again", () => {
  const json = Buffer.alloc(oneWriteBytes + 1, "x");
  const { ends } = answer(json);
  json.fill("y");
  expect(ends[0]![0]).toEqual(Buffer.alloc(oneWriteBytes + 1, "x"));
});

test("who reads a large answer too slowly is cut off, who read it is left alone", () => {
  const slow = answer(Buffer.alloc(1_280_000));
  const quick = answer(Buffer.alloc(1_280_000));
  quick.emit("close");
  vi.advanceTimersByTime(19_999);
  expect(slow.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  expect(slow.destroyed).toBe(true);
  vi.advanceTimersByTime(1_000_000);
  expect(quick.destroyed).toBe(false);
});
