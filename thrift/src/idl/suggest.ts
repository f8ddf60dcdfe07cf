import { nearestName } from "../json/nearest-name.ts";

/** `; did you mean 'x'?` for a message, or nothing where no candidate is near enough to be what was meant. */
export function suggest(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? "" : `; did you mean '${nearest}'?`;
}
