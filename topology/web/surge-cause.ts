import { toMilliseconds } from '@millrace/streams';
import { BROWSING } from '../abuse/judge-client.js';
import { KnownClients } from '../abuse/known-clients.js';
import type { ApplicationConfig } from '../application-config.js';
import { percent } from '../monitoring/numbers-in-words.js';
import type { Cause } from '../monitoring/signals.js';
import type { FrequentClient, FrequentClients } from './frequent-clients.js';

/** More clients than so many are a crowd, not the cause. */
const FEW = 3;
const LISTED = new Intl.ListFormat('en-GB');

interface Surge {
  readonly count: number;
  readonly clients: FrequentClients;
}

/**
 * Says which clients a surge of a host is made by: the fewest without whom there were as many requests as usual. Where the
 * first of them has an incident of its own, the surge belongs to that.
 */
export function surgeCause(
  config: ApplicationConfig,
): (surge: Surge, expected: { readonly high: number }) => Cause | undefined {
  const { abuse, goal1, goals, webStatistics } = config;
  const known = new KnownClients(abuse.excludedClients, abuse.crawlers);
  const windows =
    toMilliseconds(webStatistics.size, 'the size of a window of web statistics') /
    toMilliseconds(goal1.size, 'the size of a window of goal 1');
  // More in a window of web statistics is more in one of goal 1, too.
  const limit = goal1.threshold * Math.max(1, windows);
  const hasIncident = ({ agent, assets, client, pages }: FrequentClient) =>
    goals.includes(1) &&
    pages > (assets >= pages ? BROWSING : 1) * limit &&
    !known.isExcluded(client) &&
    !known.isCrawler(agent, client);
  return ({ clients, count }, { high }) => {
    let left = count;
    const causes: FrequentClient[] = [];
    for (const one of clients.top().slice(0, FEW)) {
      left -= one.pages + one.assets;
      causes.push(one);
      if (left > high) continue;
      const words = `${percent((count - Math.max(0, left)) / count)} of them by ${LISTED.format(causes.map(({ client }) => client))}`;
      const culprit = causes.find(hasIncident);
      return { words, ...(culprit !== undefined && { scope: `client/${culprit.client}` }) };
    }
    return undefined;
  };
}
