import { createRequire } from 'node:module';
import { Networks } from '../../schemas/canonical/networks.js';

/** A crawler that is welcome. */
export interface KnownCrawler {
  /** Its user agent has this in it, without regard to case. */
  readonly agent: string;
  /** Its addresses and networks; none: whoever calls itself so is believed. */
  readonly networks: readonly string[];
}

interface ListedCrawler {
  readonly pattern: string;
  readonly tags?: readonly string[];
}

/** Kinds of the list that are no one's crawlers: tools and scanners that anybody runs. */
const TOOLS = new Set(['http-library', 'scanner', 'browser-automation']);
/** User agents whose answer is remembered. */
const REMEMBERED = 4096;
const LONGEST_AGENT = 500;

/** Clients that make no incident: those of excluded networks, and crawlers that say who they are. */
export class KnownClients {
  readonly #excluded: Networks;
  readonly #crawlers: readonly { readonly agent: string; readonly networks: Networks }[];
  readonly #listed = new Map<string, boolean>();

  /** @throws Error for what is no address or network */
  constructor(excluded: readonly string[] = [], crawlers: readonly KnownCrawler[] = []) {
    this.#excluded = new Networks(excluded);
    this.#crawlers = crawlers.map(({ agent, networks }) => ({
      agent: agent.toLowerCase(),
      networks: new Networks(networks),
    }));
  }

  isExcluded(address: string): boolean {
    return this.#excluded.has(address);
  }

  /** Whether it is a crawler by its user agent and, where both are known, by its address and networks. */
  isCrawler(agent: string, address?: string): boolean {
    if (agent === '') return false;
    const lower = agent.slice(0, LONGEST_AGENT).toLowerCase();
    const own = this.#crawlers.filter((crawler) => lower.includes(crawler.agent));
    if (own.length > 0)
      return own.some(({ networks }) => networks.size === 0 || address === undefined || networks.has(address));
    return this.#isListed(agent.slice(0, LONGEST_AGENT));
  }

  #isListed(agent: string): boolean {
    let known = this.#listed.get(agent);
    if (known === undefined) {
      list ??= listedCrawlers();
      known = list.test(agent);
      if (this.#listed.size >= REMEMBERED) this.#listed.clear();
      this.#listed.set(agent, known);
    }
    return known;
  }
}

/** Read when the first client is over a limit, and once: its expression is large. */
let list: RegExp | undefined;

/** The list of crawler-user-agents, without tools. */
function listedCrawlers(): RegExp {
  const require = createRequire(import.meta.url);
  const crawlers = require('crawler-user-agents') as readonly ListedCrawler[];
  const patterns = crawlers
    .filter(({ tags = [] }) => !tags.some((tag) => TOOLS.has(tag)))
    .map(({ pattern }) => pattern);
  return new RegExp(patterns.join('|'));
}
