/**
 * The nodes 0 … count − 1, each one after those it depends on. A dependency that closes a cycle is reported, as the path from
 * the node where the cycle begins to the one whose dependency closes it, and then counts for nothing. Depth costs no stack.
 */
export function orderByDependency(
  count: number,
  dependencies: (node: number) => readonly number[],
  onCycle: (path: readonly number[]) => void,
): number[] {
  const order: number[] = [];
  const state = new Uint8Array(count);
  const path: { readonly node: number; readonly dependencies: readonly number[]; next: number }[] = [];
  const enter = (node: number): void => {
    state[node] = ON_PATH;
    path.push({ node, dependencies: dependencies(node), next: 0 });
  };
  for (let root = 0; root < count; root++) {
    if (state[root] === NEW) enter(root);
    while (path.length > 0) {
      const top = path[path.length - 1]!;
      if (top.next === top.dependencies.length) {
        state[top.node] = DONE;
        order.push(top.node);
        path.pop();
        continue;
      }
      const dependency = top.dependencies[top.next++]!;
      if (state[dependency] === NEW) enter(dependency);
      else if (state[dependency] === ON_PATH) {
        const nodes = path.map((entry) => entry.node);
        onCycle(nodes.slice(nodes.indexOf(dependency)));
      }
    }
  }
  return order;
}

/** Names on the way around that a message shows. */
const MAX_SHOWN = 6;

/** `A → B → A` for a message. */
export function describeCycle(names: readonly string[]): string {
  const shown = names.length > MAX_SHOWN ? [...names.slice(0, MAX_SHOWN), "…"] : names;
  return [...shown, names[0]].join(" → ");
}

const NEW = 0;
const ON_PATH = 1;
const DONE = 2;
