/** Of each of two generations. */
const CACHED = 32_768;

/**
 * What was found for texts lately, in two generations: one that is used moves to the younger, and when that is full the
 * older is dropped. It keeps what is in use as a least-recently-used cache does, for less work a hit.
 */
export class RecentMap<V extends object | string> {
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  get(text: string): V | undefined {
    const known = this.#young.get(text);
    if (known !== undefined) return known;
    const old = this.#old.get(text);
    if (old !== undefined) this.set(ownText(text), old);
    return old;
  }

  /** @param text what is cut out of a line holds all of the line in memory: give `ownText` of it */
  set(text: string, value: V): void {
    if (this.#young.size >= CACHED) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
  }
}

/** The same text, in memory of its own. */
export function ownText(text: string): string {
  return Buffer.from(text).toString();
}
