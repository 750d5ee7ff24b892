import type { Headers } from '../../log/log.js';
import { StoredKey } from '../stored-key.js';

/** The partial aggregate of one key in one slice. */
export class Partial<A> {
  /** Changed since the last flush. */
  dirty = false;
  /** The newest record's time, as milliseconds after the slice's start. */
  timeOffsetMs = 0;
  /** The aggregate as of the last flush; undefined before the first. */
  committed: A | undefined;

  constructor(
    readonly slice: number,
    /**
     * Windows before this one do not count the partial: they were closed for the partition that its records came from.
     * 0, but for records that are late for some of their windows only.
     */
    readonly firstWindow: number,
    public aggregate: A,
  ) {}
}

/** The headers of the record that changed a partial last, and the record's place among those of the store. */
export interface LastHeaders {
  readonly headers: Headers;
  readonly order: number;
}

/** Knows which keys have partials in a slice. */
interface SliceIndexes<K, A> {
  index(slice: number, key: KeyPartials<K, A>): void;
}

/** A key's live partials, in order of (slice, first window). */
export class KeyPartials<K, A> extends StoredKey<K> {
  readonly partials: Partial<A>[] = [];
  dirty = false;
  /** True when one of the partials is left out of some windows of its slice. */
  cut = false;
  /**
   * By partial, since a record since the last flush had any. Hardly any have, and partials are most of what is in memory,
   * so it is not kept in them.
   */
  headers: Map<Partial<A>, LastHeaders> | undefined;

  get isEmpty(): boolean {
    return this.partials.length === 0;
  }

  /** The partial; undefined when there is none. */
  at(slice: number, firstWindow: number): Partial<A> | undefined {
    const partials = this.partials;
    for (let index = partials.length - 1; index >= 0; index--) {
      const partial = partials[index] as Partial<A>;
      if (partial.slice === slice && partial.firstWindow === firstWindow) return partial;
      if (partial.slice < slice) return undefined;
    }
    return undefined;
  }

  /** The partial, which is made, with this aggregate, when there is none. */
  partial(slice: number, firstWindow: number, initial: A, store: SliceIndexes<K, A>): Partial<A> {
    const partials = this.partials;
    let index = partials.length;
    while (index > 0) {
      const before = partials[index - 1] as Partial<A>;
      if (before.slice === slice && before.firstWindow === firstWindow) return before;
      if (before.slice < slice || (before.slice === slice && before.firstWindow < firstWindow)) break;
      index--;
    }
    const partial = new Partial(slice, firstWindow, initial);
    if (index === partials.length) partials.push(partial);
    else partials.splice(index, 0, partial);
    if (firstWindow > 0) this.cut = true;
    store.index(slice, this);
    return partial;
  }

  /** Drops the partials up to the slice. @returns whether any are left */
  dropThrough(slice: number): boolean {
    const partials = this.partials;
    let count = 0;
    while (count < partials.length && (partials[count] as Partial<A>).slice <= slice) count++;
    if (count === 1) partials.shift();
    else if (count > 0) partials.splice(0, count);
    if (partials.length > 0) return true;
    this.cut = false;
    return false;
  }
}
