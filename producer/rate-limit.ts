/** Counts a key's events in a sliding span, to keep it below a limit. */
export class RateLimit {
  readonly #limit: number;
  readonly #spanMs: number;
  /** The times of each key's last events, a ring of `limit`. */
  readonly #times = new Map<string, { ring: Float64Array; next: number }>();

  constructor(limit: number, spanMs: number) {
    this.#limit = limit;
    this.#spanMs = spanMs;
  }

  /** Takes the event, unless the key has had `limit` within the span. */
  allows(key: string, time: number): boolean {
    let state = this.#times.get(key);
    if (state === undefined) {
      state = { ring: new Float64Array(this.#limit).fill(Number.NEGATIVE_INFINITY), next: 0 };
      this.#times.set(key, state);
    }
    if (time - (state.ring[state.next] as number) < this.#spanMs) return false;
    state.ring[state.next] = time;
    state.next = (state.next + 1) % this.#limit;
    return true;
  }
}
