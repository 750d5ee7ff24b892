import { isAssetPath } from '../../schemas/canonical/asset.js';
import type { Request } from '../requests.js';
import { REST_MS } from './episode.js';

/** A page that a client asked for, and how many assets it has loaded since the page before. */
export interface Page {
  readonly request: Request;
  readonly assets: number;
}

interface KnownPage extends Page {
  isPassedOn: boolean;
}

interface Client {
  /** In the order of their times; of those that were passed on, only the last ones. */
  pages: KnownPage[];
  /** Since the newest page came. */
  assets: number;
  /** The time of its newest request. */
  last: number;
  /** It was over the limit: all that it asks for is passed on. */
  isSuspect: boolean;
}

/** How far a task has read, in milliseconds since the epoch. */
export interface Reader {
  time: number;
}

const MOST_CLIENTS = 50_000;
const MOST_PAGES = 100_000;
const NOBODY: readonly string[] = [];
const NONE: readonly Page[] = [];

/**
 * Which clients ask for more than so many pages within a window's length, whatever the order in which the pages come: the
 * partitions of a topic are read at their own paces. Bounded: when it is too much, only what is newest is remembered.
 */
export class KnownPages {
  readonly #mostOf: () => number;
  readonly #sizeMs: number;
  readonly #graceMs: number;
  #clients = new Map<string, Client>();
  #pages = 0;
  /** When suspects were last over the limit, the one who was so longest ago first, until they rest. */
  readonly #active = new Map<string, number>();
  readonly #readers = new Set<Reader>();
  #newest = Number.NEGATIVE_INFINITY;
  /** The time of all readers at which those who are gone are looked for next. */
  #sweepsAt = Number.NEGATIVE_INFINITY;

  /** @param options.most pages that are held back; it may change */
  constructor({
    graceMs,
    most,
    sizeMs,
  }: { readonly most: () => number; readonly sizeMs: number; readonly graceMs: number }) {
    this.#mostOf = most;
    this.#sizeMs = sizeMs;
    this.#graceMs = graceMs;
  }

  enter(): Reader {
    const reader = { time: Number.NEGATIVE_INFINITY };
    this.#readers.add(reader);
    return reader;
  }

  leave(reader: Reader): void {
    this.#readers.delete(reader);
  }

  /** @returns what is to be passed on now: what was held back comes with the page that makes it too much */
  add(request: Request): readonly Page[] {
    const { client_ip: address, path, timestamp } = request;
    let client = this.#clients.get(address);
    if (client === undefined) {
      client = { pages: [], assets: 0, last: timestamp, isSuspect: false };
      this.#clients.set(address, client);
    }
    if (timestamp > client.last) client.last = timestamp;
    if (isAssetPath(path)) {
      client.assets++;
      return NONE;
    }
    const at = this.#insert(client, { request, assets: client.assets, isPassedOn: false });
    client.assets = 0;
    if (this.#isOver(client.pages, at)) {
      client.isSuspect = true;
      this.#active.delete(address);
      this.#active.set(address, timestamp);
    }
    return client.isSuspect ? this.#passOn(client, at) : NONE;
  }

  /** @returns suspects who have not been over the limit for so long that what they did is over */
  moveTo(time: number, reader: Reader): readonly string[] {
    reader.time = time;
    if (time > this.#newest) this.#newest = time;
    if (this.#pages > MOST_PAGES || this.#clients.size > MOST_CLIENTS) {
      this.#forgetBefore(this.#newest);
      if (this.#pages > MOST_PAGES / 2 || this.#clients.size > MOST_CLIENTS / 2) this.#forgetAll();
    } else if (time > this.#sweepsAt) {
      const ofAll = this.#timeOfAll();
      if (ofAll > this.#sweepsAt) this.#forgetBefore(ofAll);
    }
    return this.#rested();
  }

  /** One that has not begun may be anywhere. */
  #timeOfAll(): number {
    let time = Number.POSITIVE_INFINITY;
    for (const reader of this.#readers) if (reader.time < time) time = reader.time;
    return time;
  }

  #insert({ pages }: Client, page: KnownPage): number {
    this.#pages++;
    const { timestamp } = page.request;
    let at = pages.length;
    while (at > 0 && (pages[at - 1] as KnownPage).request.timestamp > timestamp) at--;
    if (at === pages.length) pages.push(page);
    else pages.splice(at, 0, page);
    return at;
  }

  /** Whether one of the windows that the page is in has too many. */
  #isOver(pages: readonly KnownPage[], at: number): boolean {
    const most = this.#mostOf();
    for (let first = Math.max(0, at - most); first <= at && first + most < pages.length; first++) {
      const oldest = pages[first] as KnownPage;
      const newest = pages[first + most] as KnownPage;
      if (newest.request.timestamp - oldest.request.timestamp < this.#sizeMs) return true;
    }
    return false;
  }

  /** What is not passed on yet of the windows that a page is in. */
  #passOn(client: Client, at: number): readonly Page[] {
    const { pages } = client;
    const { timestamp } = (pages[at] as KnownPage).request;
    const isNear = (page: KnownPage | undefined) =>
      page !== undefined && Math.abs(page.request.timestamp - timestamp) < this.#sizeMs;
    const passedOn: Page[] = [];
    let first = at;
    while (isNear(pages[first - 1])) first--;
    for (let index = first; isNear(pages[index]); index++) {
      const page = pages[index] as KnownPage;
      if (page.isPassedOn) continue;
      page.isPassedOn = true;
      passedOn.push(page);
    }
    const most = this.#mostOf();
    if (pages.length > 2 * (most + 1)) {
      client.pages = pages.filter((page, index) => !page.isPassedOn || index >= pages.length - most - 1);
      this.#pages -= pages.length - client.pages.length;
    }
    return passedOn;
  }

  /** Forgets what is in no window of what may still come after a time. */
  #forgetBefore(time: number): void {
    this.#sweepsAt = time + this.#sizeMs;
    const from = time - this.#sizeMs - this.#graceMs;
    for (const [address, client] of this.#clients) {
      if (client.last < (client.isSuspect ? from - REST_MS : from)) {
        this.#pages -= client.pages.length;
        this.#clients.delete(address);
        continue;
      }
      const { pages } = client;
      let gone = 0;
      while ((pages[gone]?.request.timestamp ?? from) < from) gone++;
      if (gone === 0) continue;
      pages.splice(0, gone);
      this.#pages -= gone;
    }
  }

  #forgetAll(): void {
    this.#clients = new Map();
    this.#pages = 0;
  }

  #rested(): readonly string[] {
    const from = this.#newest - REST_MS - this.#sizeMs;
    let rested: string[] | undefined;
    for (const [address, last] of this.#active) {
      if (last > from && this.#active.size <= MOST_CLIENTS) break;
      this.#active.delete(address);
      rested = [...(rested ?? NOBODY), address];
    }
    return rested ?? NOBODY;
  }
}
