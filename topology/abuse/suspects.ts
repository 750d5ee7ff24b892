import {
  type KStream,
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  toMilliseconds,
} from '@millrace/streams';
import { UNKNOWN_CLIENT } from '../../schemas/canonical/address.js';
import type { ApplicationConfig } from '../application-config.js';
import type { LimitsSource } from '../live-limits.js';
import type { Request, Requests } from '../requests.js';
import { KnownPages, type Page, type Reader } from './known-pages.js';

/** Where other processes get a part of a client's pages, so many of them are held back at most. */
const HELD_OF_A_PART = 3;

/** A page of a client that asks for many; null: it rests. */
export type Suspect = Page | null;

/**
 * The pages of clients that ask for many in a short time, by client: those of most clients go no further, and cost no
 * window. All tasks of a process know the same, for a client's requests are spread over partitions.
 */
export function suspects(
  requests: Requests,
  { goal1, grace, readsAllPartitions }: ApplicationConfig,
  limits: LimitsSource,
): KStream<string, Suspect, 'key' | 'value'> {
  const graceMs = toMilliseconds(grace, 'the grace');
  const known = new KnownPages({
    most: () =>
      Math.min(readsAllPartitions ? Number.POSITIVE_INFINITY : HELD_OF_A_PART, limits.current().goal1.threshold),
    sizeMs: toMilliseconds(goal1.size, 'the size of a window of goal 1'),
    graceMs,
  });
  return requests.process<string, Suspect>(() => new PassOnSuspects(known, graceMs), {
    name: 'pages-of-suspects',
    stores: [],
  });
}

class PassOnSuspects implements Processor<null, Request, string, Suspect> {
  readonly #known: KnownPages;
  readonly #graceMs: number;
  #reader: Reader | undefined;
  #context: ProcessorContext<string, Suspect> | undefined;

  constructor(known: KnownPages, graceMs: number) {
    this.#known = known;
    this.#graceMs = graceMs;
  }

  init(context: ProcessorContext<string, Suspect>): void {
    this.#context = context;
    this.#reader = this.#known.enter();
  }

  process({ timestamp, value: request }: StreamRecord<null, Request>): void {
    const context = this.#context;
    const reader = this.#reader;
    const { client_ip: client } = request;
    if (context === undefined || reader === undefined || client === UNKNOWN_CLIENT) return;
    const pages = this.#known.add(request);
    const time = context.currentStreamTimeMs;
    for (const rested of this.#known.moveTo(time, reader)) {
      context.forward({ key: rested, value: null, timestamp });
    }
    // What was held back for longer than the grace is of the earliest window that is surely open.
    for (const page of pages) {
      const at = Math.max(page.request.timestamp, time - this.#graceMs);
      context.forward({ key: client, value: page, timestamp: at });
    }
  }

  close(): void {
    if (this.#reader !== undefined) this.#known.leave(this.#reader);
  }
}
