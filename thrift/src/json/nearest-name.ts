/** Names further away are no misspellings. */
const MAX_DISTANCE = 3;

/** Longer names, and further candidates, are not compared. */
const MAX_LENGTH = 128;
const MAX_CANDIDATES = 2_000;

/** The name that `given` was probably meant to be. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  let nearest: string | undefined;
  let least = Math.min(MAX_DISTANCE, Math.floor(given.length / 2)) + 1;
  for (const name of names.slice(0, MAX_CANDIDATES)) {
    if (name.length > MAX_LENGTH || Math.abs(name.length - given.length) >= least) continue;
    const distance = name.toLowerCase() === given.toLowerCase() ? 0 : editDistance(given, name);
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j++) {
      row.push(Math.min(previous[j]! + (a[i] === b[j] ? 0 : 1), previous[j + 1]! + 1, row[j]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
