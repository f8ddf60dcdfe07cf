/** Names further away are no misspellings. */
const MAX_DISTANCE = 3;

/** Longer names, and further candidates, are not compared: a fault must stay cheap among any names. */
const MAX_LENGTH = 128;
const MAX_CANDIDATES = 2_000;

/** The name that `given` was probably meant to be: a third of its letters may differ; their case counts for nothing. */
export function nearestName(given: string, candidates: Iterable<string>): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  const name = given.toLowerCase();
  let nearest: string | undefined;
  let least = Math.min(MAX_DISTANCE, Math.floor(name.length / 3)) + 1;
  let seen = 0;
  for (const candidate of candidates) {
    if (++seen > MAX_CANDIDATES) break;
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name, candidate.toLowerCase(), least - 1);
    if (distance < least) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

/** Insertions, deletions, replacements and swaps of neighbours from a to b; more than `max` as soon as that is certain. */
function editDistance(a: string, b: string, max: number): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = new Array<number>(b.length + 1).fill(max + 1);
    row[0] = i;
    let least = row[0];
    for (let j = Math.max(1, i - max); j <= Math.min(b.length, i + max); j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(row[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) distance = Math.min(distance, before[j - 2]! + 1);
      row[j] = distance;
      if (distance < least) least = distance;
    }
    if (least > max) return max + 1;
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
