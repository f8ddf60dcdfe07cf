/** More at once would be a storm where thousands of instances join together; each takes a few round trips. */
const maxSearches = 32;

/** A search that nobody waits for. */
export interface Search {
  /** Its turn: {@link SearchQueue.leave} when it is over. `false`: there is nothing to do any more. */
  begin(): boolean;
}

/** Takes searches in their order, few at once. */
export class SearchQueue {
  readonly #waiting = new Set<Search>();
  readonly #running = new Set<Search>();

  join(search: Search): void {
    if (this.#running.has(search)) return;
    this.#waiting.add(search);
    this.#beginNext();
  }

  leave(search: Search): void {
    this.#waiting.delete(search);
    if (this.#running.delete(search)) this.#beginNext();
  }

  #beginNext(): void {
    for (const search of this.#waiting) {
      if (this.#running.size >= maxSearches) return;
      this.#waiting.delete(search);
      if (search.begin()) this.#running.add(search);
    }
  }
}
