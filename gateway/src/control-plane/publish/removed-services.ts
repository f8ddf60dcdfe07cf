import type { OwnerHead } from "../store/store.ts";

/** The names that an owner's services had and have no more. */
export function removedServices(before: OwnerHead | undefined, after: OwnerHead): string[] {
  const kept = new Set(after.services.map(({ name }) => name));
  return (before?.services ?? []).map(({ name }) => name).filter((name) => !kept.has(name));
}
