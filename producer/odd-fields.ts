/** How often which field was odd, by `<field>: <what was wrong>`. What is counted is a word or two, never a log's text. */
export type OddFields = ReadonlyMap<string, number>;

/** Counts fields that were not what they should be in lines that were used all the same. */
export class OddFieldCounts {
  #counts = new Map<string, number>();

  add(field: string, what: string): void {
    const reason = `${field}: ${what}`;
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  /** What was counted since the last time. */
  take(): OddFields {
    const counts = this.#counts;
    if (counts.size > 0) this.#counts = new Map();
    return counts;
  }
}

/** Adds counts to others. */
export function addOddFields(to: Map<string, number>, counts: OddFields): void {
  for (const [reason, count] of counts) to.set(reason, (to.get(reason) ?? 0) + count);
}
