/** What a `TimeOrderedQueue` sorts. */
export interface Queued {
  readonly time: number;
  /** Breaks ties between equal times; unique among what is queued. */
  readonly identity: string;
  /** Where the queue has it: the queue's own. */
  position: number;
}

/** A binary heap whose first entry has the lowest time; an entry can be taken out from anywhere. */
export class TimeOrderedQueue<E extends Queued> {
  readonly #heap: E[] = [];

  get first(): E | undefined {
    return this.#heap[0];
  }

  add(entry: E): void {
    this.#rise(entry, this.#heap.length);
  }

  remove(entry: E): void {
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    const { position } = entry;
    const parent = this.#heap[(position - 1) >> 1];
    if (position > 0 && parent !== undefined && isBefore(last, parent)) this.#rise(last, position);
    else this.#sink(last, position);
  }

  #rise(entry: E, from: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above] as E;
      if (!isBefore(entry, parent)) break;
      this.#place(parent, at);
      at = above;
    }
    this.#place(entry, at);
  }

  #sink(entry: E, from: number): void {
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      const [left, right] = [this.#heap[below], this.#heap[below + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) below++;
      const child = this.#heap[below] as E;
      if (!isBefore(child, entry)) break;
      this.#place(child, at);
      at = below;
    }
    this.#place(entry, at);
  }

  #place(entry: E, at: number): void {
    this.#heap[at] = entry;
    entry.position = at;
  }
}

function isBefore(one: Queued, other: Queued): boolean {
  return one.time < other.time || (one.time === other.time && one.identity < other.identity);
}
