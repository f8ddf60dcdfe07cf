/** The marks of registrations in Consul, each made anew: which instance has which now, and which have ended. */
export interface RegistrationMarks {
  of(serverId: string): string | undefined;
  /** Whose registration bears it. */
  ownerOf(mark: string): string | undefined;
  set(serverId: string, mark: string): void;
  forget(serverId: string): void;
  /** Its registration ended: kept in mind for a while, whatever Consul goes on listing. */
  end(mark: string, nowMs: number): void;
  hasEnded(mark: string): boolean;
}

export function createRegistrationMarks(rememberMs: number): RegistrationMarks {
  const marks = new Map<string, string>();
  const owners = new Map<string, string>();
  /** Until when each is kept; time is the same for all, so the first fall due first. */
  const ended = new Map<string, number>();

  function forget(serverId: string): void {
    const mark = marks.get(serverId);
    if (mark !== undefined) owners.delete(mark);
    marks.delete(serverId);
  }

  return {
    of: (serverId) => marks.get(serverId),
    ownerOf: (mark) => owners.get(mark),
    set(serverId, mark) {
      forget(serverId);
      marks.set(serverId, mark);
      owners.set(mark, serverId);
    },
    forget,
    end(mark, nowMs) {
      for (const [one, untilMs] of ended) {
        if (untilMs >= nowMs) break;
        ended.delete(one);
      }
      ended.delete(mark);
      ended.set(mark, nowMs + rememberMs);
    },
    hasEnded: (mark) => ended.has(mark),
  };
}
