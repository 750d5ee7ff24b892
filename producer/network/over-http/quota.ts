import type { EventBatch } from '../../log-source.js';
import { type DeliveryId, eventsIn, type Sink } from '../sink.js';
import { HttpRefusal } from './http-call.js';

/** How much may be received in a second, on average; undefined: as much as comes. */
export interface ReceiveLimits {
  /** Decompressed. */
  readonly bytes?: number | undefined;
  /** Events, and lines that were refused or left out. */
  readonly lines?: number | undefined;
}

/**
 * Token buckets that hold a second's worth. How many lines a body has is known when it was read: one that is let in may take
 * more than is left, and those after it wait until that is made up for. So a body of any size comes through, and the average
 * holds.
 */
export class ReceiveQuota {
  readonly #buckets: { readonly bytes: Bucket | undefined; readonly lines: Bucket | undefined };

  /** @param now milliseconds of a clock that does not jump */
  constructor({ bytes, lines }: ReceiveLimits, now: () => number = () => performance.now()) {
    this.#buckets = {
      bytes: bytes === undefined ? undefined : new Bucket(bytes, now),
      lines: lines === undefined ? undefined : new Bucket(lines, now),
    };
  }

  /** @throws HttpRefusal 429 while more was received than is allowed */
  require(): void {
    for (const what of ['bytes', 'lines'] as const) {
      const bucket = this.#buckets[what];
      const waitMs = bucket?.waitMs ?? 0;
      if (bucket === undefined || waitMs === 0) continue;
      const seconds = Math.ceil(waitMs / 1000);
      throw new HttpRefusal(
        429,
        'over-quota',
        `More than ${bucket.perSecond} ${what} a second have come; go on in ${seconds} s.`,
        seconds,
      );
    }
  }

  spendBytes(bytes: number): void {
    this.#buckets.bytes?.spend(bytes);
  }

  spendLines(lines: number): void {
    this.#buckets.lines?.spend(lines);
  }
}

class Bucket {
  readonly #now: () => number;
  #level: number;
  #at: number;

  constructor(
    readonly perSecond: number,
    now: () => number,
  ) {
    this.#now = now;
    this.#level = perSecond;
    this.#at = now();
  }

  /** Until there is something in it; 0 when there is. */
  get waitMs(): number {
    this.#fill();
    return this.#level > 0 ? 0 : Math.max(1, (-this.#level / this.perSecond) * 1000);
  }

  spend(amount: number): void {
    this.#fill();
    this.#level -= amount;
  }

  #fill(): void {
    const now = this.#now();
    this.#level = Math.min(this.perSecond, this.#level + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
  }
}

/** A sink whose lines are counted. */
export class CountedSink implements Sink {
  readonly #sink: Sink;
  readonly #quota: ReceiveQuota;

  constructor(sink: Sink, quota: ReceiveQuota) {
    this.#sink = sink;
    this.#quota = quota;
  }

  take(events: EventBatch, sizeBytes: number, id?: DeliveryId): Promise<void> {
    this.#quota.spendLines(eventsIn(events) + events.badLines.length + events.excluded);
    return this.#sink.take(events, sizeBytes, id);
  }

  room(): Promise<void> {
    return this.#sink.room();
  }
}
