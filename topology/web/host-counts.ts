import type { Counted } from '../../schemas/records.js';
import type { Request } from '../requests.js';

/** Hosts that are counted in a window; the busy ones are met first. */
const COUNTED = 200;
/** That an alert names. */
const NAMED = 50;

interface Counts {
  requests: number;
  /** Of status 400 to 599. */
  failures: number;
}

/** As it is stored. */
export type StoredHosts = readonly (readonly [host: string, requests: number, failures: number])[];

/** How many requests each host had, of all hosts together, and how many of them failed. */
export class HostCounts {
  readonly #hosts = new Map<string, Counts>();

  add({ host, status }: Request): void {
    const counts = this.#of(host);
    if (counts === undefined) return;
    counts.requests++;
    if (status >= 400 && status <= 599) counts.failures++;
  }

  addAll(other: HostCounts): void {
    for (const [host, { failures, requests }] of other.#hosts) {
      const counts = this.#of(host);
      if (counts === undefined) continue;
      counts.requests += requests;
      counts.failures += failures;
    }
  }

  /** The hosts that have most of them, the first of them first. */
  most(of: keyof Counts): Counted[] {
    return [...this.#hosts]
      .map(([value, counts]) => ({ value, count: counts[of] }))
      .filter(({ count }) => count > 0)
      .sort((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1))
      .slice(0, NAMED);
  }

  toStored(): StoredHosts {
    return [...this.#hosts].map(([host, { failures, requests }]) => [host, requests, failures]);
  }

  static stored(stored: StoredHosts): HostCounts {
    const read = new HostCounts();
    for (const [host, requests, failures] of stored) read.#hosts.set(host, { requests, failures });
    return read;
  }

  /** Undefined where there are too many. */
  #of(host: string): Counts | undefined {
    let counts = this.#hosts.get(host);
    if (counts === undefined && this.#hosts.size < COUNTED) {
      counts = { requests: 0, failures: 0 };
      this.#hosts.set(host, counts);
    }
    return counts;
  }
}
