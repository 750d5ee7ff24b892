import { UNKNOWN_CLIENT } from '../../schemas/canonical/address.js';
import { isAssetPath } from '../../schemas/canonical/asset.js';
import type { Request } from '../requests.js';

/** So many clients are kept: whoever makes more than a ninth of the pages is among them. */
const KEPT = 8;
/** So many requests are all looked at, and of those that follow one in so many. */
const ALL = 64;
const ONE_IN = 8;
/** Who makes less of the pages is not written down. */
const LEAST_SHARE = 0.05;
const LONGEST_AGENT = 200;

/** A client that makes many of a window's requests. */
export interface FrequentClient {
  readonly client: string;
  readonly pages: number;
  readonly assets: number;
  /** Of one of its pages. */
  readonly agent: string;
}

interface Counted {
  pages: number;
  assets: number;
  readonly agent: string;
}

/** As it is stored: pages that were looked at, pages that each count lacks, and the clients. */
export type StoredClients = readonly [
  pages: number,
  lacking: number,
  clients: readonly (readonly [client: string, pages: number, assets: number, agent: string])[],
];

/**
 * The few clients that make most of many requests, in little memory (Misra and Gries, "Finding repeated elements", Science of
 * Computer Programming 2, 1982). What is not rare is counted to within what all rare clients together do.
 */
export class FrequentClients {
  readonly #clients = new Map<string, Counted>();
  #requests = 0;
  #pages = 0;
  #lacking = 0;

  add(request: Request): void {
    const { client_ip: client, path, user_agent: agent } = request;
    const seen = this.#requests++;
    if (seen >= ALL && seen % ONE_IN !== 0) return;
    const weight = seen < ALL ? 1 : ONE_IN;
    if (client === UNKNOWN_CLIENT) return;
    const known = this.#clients.get(client);
    if (isAssetPath(path)) {
      if (known !== undefined) known.assets += weight;
      return;
    }
    this.#pages += weight;
    if (known !== undefined) known.pages += weight;
    else this.#enter(client, { pages: weight, assets: 0, agent: (agent ?? '').slice(0, LONGEST_AGENT) });
  }

  addAll(other: FrequentClients): void {
    this.#requests += other.#requests;
    this.#pages += other.#pages;
    this.#lacking += other.#lacking;
    for (const [client, counted] of other.#clients) {
      const known = this.#clients.get(client);
      if (known === undefined) this.#enter(client, { ...counted });
      else {
        known.pages += counted.pages;
        known.assets += counted.assets;
      }
    }
  }

  /** Those that are surely frequent, the most frequent first. */
  top(): FrequentClient[] {
    return [...this.#clients]
      .filter(([, { pages }]) => pages > Math.max(this.#lacking, LEAST_SHARE * this.#pages))
      .map(([client, { agent, assets, pages }]) => ({ client, pages: pages + this.#lacking, assets, agent }))
      .sort((one, other) => other.pages - one.pages || (one.client < other.client ? -1 : 1));
  }

  /** Undefined where none is frequent. */
  toStored(): StoredClients | undefined {
    const frequent = [...this.#clients].filter(([, { pages }]) => pages > LEAST_SHARE * this.#pages);
    if (frequent.length === 0) return undefined;
    const clients = frequent.map(([client, { agent, assets, pages }]) => [client, pages, assets, agent] as const);
    return [this.#pages, this.#lacking, clients];
  }

  /** @param requests of the window */
  static stored([pages, lacking, clients]: StoredClients, requests: number): FrequentClients {
    const read = new FrequentClients();
    read.#requests = requests;
    read.#pages = pages;
    read.#lacking = lacking;
    for (const [client, ofClient, assets, agent] of clients)
      read.#clients.set(client, { pages: ofClient, assets, agent });
    return read;
  }

  /** A client that is new takes as much from all that are there as it has, where there is no room. */
  #enter(client: string, counted: Counted): void {
    if (this.#clients.size < KEPT) {
      this.#clients.set(client, counted);
      return;
    }
    let least = counted.pages;
    for (const { pages } of this.#clients.values()) if (pages < least) least = pages;
    this.#lacking += least;
    for (const [name, known] of this.#clients) {
      known.pages -= least;
      if (known.pages <= 0) this.#clients.delete(name);
    }
    counted.pages -= least;
    if (counted.pages > 0) this.#clients.set(client, counted);
  }
}
