import type { KStream, Processor, ProcessorContext, StreamRecord } from '@millrace/streams';
import { UNKNOWN_CLIENT } from '../../schemas/canonical/address.js';
import { isAssetPath } from '../../schemas/canonical/asset.js';
import type { Request, Requests } from '../requests.js';
import { REST_MS } from './episode.js';

/** Pages that a client asked for, the newest last, and how many assets it has loaded since those before; no page: it rests. */
export interface Suspect {
  readonly pages: readonly Request[];
  readonly assets: number;
}

/** What a client asked for in one stretch of time, and in the one before. */
interface Known {
  pages: number;
  pagesBefore: number;
  assets: number;
  held: Request[];
}

/** Pages of a client that are held back; with the next one they are told. */
const HELD = 3;
const MAX_KNOWN = 50_000;

/**
 * The pages of clients that ask for several in a short time, by client: those of most clients go no further, and cost no
 * window. All tasks of a process know the same, for a client's requests are spread over partitions.
 *
 * @param limit of pages in a window
 */
export function suspects(requests: Requests, limit: number, sizeMs: number): KStream<string, Suspect, 'key' | 'value'> {
  const known = new KnownPages(Math.min(HELD, limit), sizeMs);
  return requests.process<string, Suspect>(() => new PassOnSuspects(known), { name: 'pages-of-suspects', stores: [] });
}

const RESTED: Suspect = { pages: [], assets: 0 };
const NOBODY: readonly string[] = [];

class PassOnSuspects implements Processor<null, Request, string, Suspect> {
  readonly #known: KnownPages;
  #context: ProcessorContext<string, Suspect> | undefined;

  constructor(known: KnownPages) {
    this.#known = known;
  }

  init(context: ProcessorContext<string, Suspect>): void {
    this.#context = context;
  }

  process({ timestamp, value: request }: StreamRecord<null, Request>): void {
    const { client_ip: client } = request;
    if (client === UNKNOWN_CLIENT) return;
    for (const rested of this.#known.rested(timestamp)) {
      this.#context?.forward({ key: rested, value: RESTED, timestamp });
    }
    const suspect = this.#known.add(request);
    if (suspect !== undefined) this.#context?.forward({ key: client, value: suspect, timestamp });
  }
}

/** Which clients ask for several pages, within one to two windows' length. */
export class KnownPages {
  readonly #held: number;
  readonly #sizeMs: number;
  #now = new Map<string, Known>();
  #before = new Map<string, Known>();
  #until = Number.NEGATIVE_INFINITY;
  /** When clients were last passed on, the one who was so longest ago first. */
  readonly #passedOn = new Map<string, number>();

  constructor(held: number, sizeMs: number) {
    this.#held = held;
    this.#sizeMs = sizeMs;
  }

  /** @returns what is to be passed on now: what was held back comes with the page that makes it too much */
  add(request: Request): Suspect | undefined {
    const known = this.#of(request);
    if (isAssetPath(request.path)) {
      known.assets++;
      return undefined;
    }
    known.pages++;
    if (known.pages + known.pagesBefore <= this.#held) {
      known.held.push(request);
      return undefined;
    }
    this.#passedOn.delete(request.client_ip);
    this.#passedOn.set(request.client_ip, request.timestamp);
    const { assets, held } = known;
    known.assets = 0;
    if (held.length === 0) return { pages: [request], assets };
    known.held = [];
    return { pages: [...held, request], assets };
  }

  /** Clients that were passed on, and not for so long that what they did is over. */
  rested(now: number): readonly string[] {
    const from = now - REST_MS - this.#sizeMs;
    const rested: string[] = [];
    for (const [client, last] of this.#passedOn) {
      if (last > from && this.#passedOn.size <= MAX_KNOWN) break;
      this.#passedOn.delete(client);
      rested.push(client);
    }
    return rested.length === 0 ? NOBODY : rested;
  }

  #of({ client_ip: client, timestamp }: Request): Known {
    if (timestamp >= this.#until || this.#now.size >= MAX_KNOWN) {
      this.#before = timestamp >= this.#until + this.#sizeMs ? new Map() : this.#now;
      this.#now = new Map();
      this.#until = timestamp + this.#sizeMs;
    }
    let known = this.#now.get(client);
    if (known === undefined) {
      const before = this.#before.get(client);
      known = { pages: 0, pagesBefore: before?.pages ?? 0, assets: before?.assets ?? 0, held: before?.held ?? [] };
      this.#now.set(client, known);
    }
    return known;
  }
}
