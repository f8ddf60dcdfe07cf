/** Longer names are hardly typed by hand, and the cost grows with the square. */
const MAX_LENGTH = 64;

/**
 * The names that `wanted` was most likely meant to be, nearest first: a third of its letters may differ; their case counts for
 * nothing.
 */
export function nearestNames(wanted: string, names: Iterable<string>, max = 3): string[] {
  const text = wanted.toLowerCase();
  const bound = Math.floor(text.length / 3);
  if (text.length > MAX_LENGTH) return [];
  const near: { name: string; distance: number }[] = [];
  for (const name of names) {
    if (Math.abs(name.length - text.length) > bound) continue;
    const distance = editDistance(text, name.toLowerCase());
    if (distance <= bound) near.push({ name, distance });
  }
  near.sort((left, right) => left.distance - right.distance);
  return near.slice(0, max).map(({ name }) => name);
}

/** Levenshtein's, one row at a time, where two letters that changed places are one slip. */
function editDistance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, column) => column);
  let twoAbove = above;
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const change = left[row - 1] === right[column - 1] ? 0 : 1;
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current.push(
        Math.min(
          above[column]! + 1,
          current[column - 1]! + 1,
          above[column - 1]! + change,
          swapped ? twoAbove[column - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    twoAbove = above;
    above = current;
  }
  return above[right.length]!;
}
