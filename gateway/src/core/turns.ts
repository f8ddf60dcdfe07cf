/** Runs the work of each key one after the other, in its order; a failure holds up nobody. */
export function createTurns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  /** The last one of each key that is under way. */
  const turns = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const turn = (turns.get(key) ?? Promise.resolve()).then(work, work);
    turns.set(key, turn);
    const forget = () => {
      if (turns.get(key) === turn) turns.delete(key);
    };
    turn.then(forget, forget);
    return turn;
  };
}
