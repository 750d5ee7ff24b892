import {
  type KStream,
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  toMilliseconds,
} from '@millrace/streams';
import { UNKNOWN_CLIENT } from '../../schemas/canonical/address.js';
import type { ApplicationConfig } from '../application-config.js';
import type { Request, Requests } from '../requests.js';
import { KnownPages, type Reader, type Suspect } from './known-pages.js';

/** Where other processes get a part of a client's pages, so many of them are held back at most. */
const HELD_OF_A_PART = 3;

const RESTED: Suspect = { pages: [], assets: 0 };

/**
 * The pages of clients that ask for many in a short time, by client: those of most clients go no further, and cost no
 * window. All tasks of a process know the same, for a client's requests are spread over partitions.
 */
export function suspects(
  requests: Requests,
  { goal1, grace, readsAllPartitions }: ApplicationConfig,
): KStream<string, Suspect, 'key' | 'value'> {
  const known = new KnownPages({
    most: readsAllPartitions ? goal1.threshold : Math.min(HELD_OF_A_PART, goal1.threshold),
    sizeMs: toMilliseconds(goal1.size, 'the size of a window of goal 1'),
    graceMs: toMilliseconds(grace, 'the grace'),
  });
  return requests.process<string, Suspect>(() => new PassOnSuspects(known), { name: 'pages-of-suspects', stores: [] });
}

class PassOnSuspects implements Processor<null, Request, string, Suspect> {
  readonly #known: KnownPages;
  #reader: Reader | undefined;
  #context: ProcessorContext<string, Suspect> | undefined;

  constructor(known: KnownPages) {
    this.#known = known;
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
    const suspect = this.#known.add(request);
    for (const rested of this.#known.moveTo(context.currentStreamTimeMs, reader)) {
      context.forward({ key: rested, value: RESTED, timestamp });
    }
    if (suspect !== undefined) context.forward({ key: client, value: suspect, timestamp });
  }

  close(): void {
    if (this.#reader !== undefined) this.#known.leave(this.#reader);
  }
}
