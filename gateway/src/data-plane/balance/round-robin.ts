export interface Weighted {
  /** 1 … 100. */
  readonly weight: number;
}

/**
 * Smooth weighted round robin: in as many turns as the weights add up to, each member comes as often as its weight says,
 * spread evenly. All state is one counter, so it survives any change of members; a turn costs the largest weight over the
 * mean one, whatever their number.
 */
export class RoundRobin {
  #sequence = 0;

  /** `members` has one or more; `maxWeight` is their largest weight. */
  next<Member extends Weighted>(members: readonly Member[], maxWeight: number): Member {
    const count = members.length;
    for (;;) {
      const sequence = this.#sequence;
      this.#sequence = sequence === Number.MAX_SAFE_INTEGER ? 0 : sequence + 1;
      const index = sequence % count;
      const member = members[index]!;
      const round = (sequence - index) / count;
      // Member by member in each round, but one of weight w skips all rounds but w in maxWeight; the offset keeps
      // members of one weight from skipping the same ones.
      const position = ((round % maxWeight) * member.weight + index * (maxWeight >> 1)) % maxWeight;
      if (position >= maxWeight - member.weight) return member;
    }
  }
}
