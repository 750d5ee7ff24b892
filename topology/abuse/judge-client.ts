import type { Asked } from './asked.js';
import type { KnownClients } from './known-clients.js';

/** Pages with their assets are people's; so many times the limit of them are still nobody's abuse. */
export const BROWSING = 10;
/** An address whose user agents change with nearly every page hides behind them, from so many times the limit on. */
const CHANGING = 3;
const CHANGING_SHARE = 0.8;

/**
 * Whether what an address asked for in a window is one client's doing, and more than the limit.
 *
 * Many people can be behind one address. Each of their browsers is counted by itself; and since many have the same, ten
 * times as many pages are allowed where assets are loaded with them and few are refused. Who changes the user agent from
 * page to page is still one: he is refused different paths, or loads no assets.
 */
export function isAbuse(asked: Asked, limit: number, address: string, known: KnownClients): boolean {
  if (asked.count <= limit || known.isExcluded(address)) return false;
  const { agents, paths } = asked.of;
  const isRefused = 2 * asked.clientErrors > asked.count;
  // A crawler whose pages are mostly refused is none, whatever it calls itself.
  const ofCrawlers = isRefused ? 0 : crawlerPages(asked, address, known);
  const count = asked.count - ofCrawlers;
  const isBrowsing = asked.assets >= count && 4 * asked.clientErrors < asked.count;
  const [most] = agents.top().filter(({ value }) => isRefused || !known.isCrawler(value, address));
  if (most !== undefined && most.count > (isBrowsing ? BROWSING * limit : limit)) return true;
  if (isRefused && asked.clientErrors > limit && 2 * paths.distinct > limit) return true;
  return asked.assets === 0 && count > CHANGING * limit && agents.distinct >= CHANGING_SHARE * count;
}

function crawlerPages(asked: Asked, address: string, known: KnownClients): number {
  return asked.of.agents
    .top()
    .filter(({ value }) => known.isCrawler(value, address))
    .reduce((sum, { count }) => sum + count, 0);
}
