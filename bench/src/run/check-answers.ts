import { setTimeout as sleep } from "node:timers/promises";
import { type BenchCall, isRightAnswer } from "../fixtures/calls.ts";

/** Calls one after the other, and compares the answers. */
export async function assertRightAnswers(url: string, call: BenchCall, times: number): Promise<void> {
  for (let made = 0; made < times; made += 1) await assertRightAnswer(url, call);
}

/** Compares answers while `work` is under way: some each second, so that they do not count in the figures. Resolves to how many. */
export async function checkingAnswers<T>(
  url: string,
  call: BenchCall,
  work: Promise<T>,
): Promise<{ result: T; checked: number }> {
  const gapMs = 50;
  let isOver = false;
  const ended = work.finally(() => {
    isOver = true;
  });
  let checked = 0;
  while (!isOver) {
    await assertRightAnswer(url, call);
    checked += 1;
    await Promise.race([ended, sleep(gapMs)]);
  }
  return { result: await ended, checked };
}

async function assertRightAnswer(url: string, call: BenchCall): Promise<void> {
  const init = call.body === "" ? {} : { body: call.body, headers: { "content-type": "application/json" } };
  const response = await fetch(url + call.path, { method: call.method, ...init });
  const text = await response.text();
  if (!isRightAnswer(call, response.status, text))
    throw new Error(`${call.name}: a wrong answer: ${response.status} ${text.slice(0, 500)}`);
}
