/** How many entries are kept at most; when there are more, the lower half goes. */
const KEPT = 10_000;

/**
 * The highest entries of any number of keys, in bounded memory. A key's entry is the highest that it ever had. The highest
 * `KEPT / 2` are exact whatever was forgotten: what is forgotten was lower than all of them, and comes back when it rises.
 */
export class TopEntries<E> {
  readonly #order: (entry: E) => number;
  readonly #kept: number;
  readonly #entries = new Map<string, E>();
  #hasForgotten = false;

  constructor(order: (entry: E) => number, kept: number = KEPT) {
    this.#order = order;
    this.#kept = kept;
  }

  add(key: string, entry: E): void {
    const before = this.#entries.get(key);
    if (before !== undefined && this.#order(entry) <= this.#order(before)) return;
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#kept) return;
    this.#hasForgotten = true;
    const lower = [...this.#entries].sort(([, one], [, other]) => this.#order(other) - this.#order(one));
    for (const [forgotten] of lower.slice(this.#kept / 2)) this.#entries.delete(forgotten);
  }

  /** The highest entries, the highest first. */
  top(number: number): E[] {
    const best: E[] = [];
    for (const entry of this.#entries.values()) {
      const place = best.findIndex((better) => this.#order(better) < this.#order(entry));
      if (place >= 0) best.splice(place, 0, entry);
      else if (best.length < number) best.push(entry);
      if (best.length > number) best.pop();
    }
    return best;
  }

  /** How many keys there were; when some are forgotten, only that there were more than so many is known. */
  get keys(): { readonly count: number; readonly isMore: boolean } {
    return this.#hasForgotten ? { count: this.#kept, isMore: true } : { count: this.#entries.size, isMore: false };
  }
}
