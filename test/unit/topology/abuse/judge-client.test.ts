import { expect, it } from 'vitest';
import { Asked } from '../../../../topology/abuse/asked.js';
import { isAbuse } from '../../../../topology/abuse/judge-client.js';
import { KnownClients } from '../../../../topology/abuse/known-clients.js';

const LIMIT = 10;
const CLIENT = '203.0.113.9';
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

interface Pages {
  readonly count: number;
  readonly agent: (index: number) => string;
  readonly status?: number;
  readonly assets?: number;
}

function isAbusive({ agent, assets = 0, count, status = 200 }: Pages, known = new KnownClients()): boolean {
  const asked = new Asked();
  for (let index = 0; index < count; index++) {
    const request = { client_ip: CLIENT, request_time: 0.1, host: 'shop.example', country: 'DE', timestamp: 0 };
    asked.add({ ...request, status, path: `/${index}`, user_agent: agent(index) }, 'shop.example');
  }
  asked.assets = assets;
  return isAbuse(asked, LIMIT, CLIENT, known);
}

it('one user agent over the limit is abuse, and at the limit is none', () => {
  expect(isAbusive({ count: 11, agent: () => 'curl/8.5.0' })).toBe(true);
  expect(isAbusive({ count: 10, agent: () => 'curl/8.5.0' })).toBe(false);
});

it('many browsers behind one address are no abuse, alike or not', () => {
  expect(isAbusive({ count: 60, agent: (index) => `Browser ${index % 12}` })).toBe(false);
  expect(isAbusive({ count: 60, agent: () => 'Browser 1', assets: 600 })).toBe(false);
});

it('who changes the user agent with each page is one client', () => {
  expect(isAbusive({ count: 40, agent: (index) => `Browser ${index}` })).toBe(true);
  expect(isAbusive({ count: 20, agent: (index) => `Browser ${index}`, status: 404 })).toBe(true);
});

it('a known crawler is no abuse, unless most is refused to it', () => {
  expect(isAbusive({ count: 60, agent: () => GOOGLEBOT })).toBe(false);
  expect(isAbusive({ count: 60, agent: () => GOOGLEBOT, status: 404 })).toBe(true);
  expect(isAbusive({ count: 60, agent: () => 'sqlmap/1.8.2' })).toBe(true);
});

it('a crawler whose networks are known is believed from there only', () => {
  const from = (network: string) => new KnownClients([], [{ agent: 'Googlebot', networks: [network] }]);
  expect(isAbusive({ count: 60, agent: () => GOOGLEBOT }, from('66.249.64.0/19'))).toBe(true);
  expect(isAbusive({ count: 60, agent: () => GOOGLEBOT }, from('203.0.113.0/24'))).toBe(false);
});

it('an excluded network makes no incident', () => {
  expect(isAbusive({ count: 60, agent: () => 'curl/8.5.0' }, new KnownClients(['203.0.113.0/24']))).toBe(false);
});
