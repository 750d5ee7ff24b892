import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import type { Request } from '../../../../topology/requests.js';
import { FrequentClients } from '../../../../topology/web/frequent-clients.js';

function page(client_ip: string, path = '/'): Request {
  return {
    ...{ client_ip, path, status: 200, request_time: 0.1, host: 'shop.example', country: 'DE', timestamp: 0 },
    user_agent: `agent of ${client_ip}`,
  };
}

/** The clients of many requests: one makes a half of them, one a fifth, and the others are different ones. */
function requests(count: number, seed: number): string[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, index) => {
    const share = random.uniform();
    return share < 0.5 ? 'half' : share < 0.7 ? 'fifth' : `other ${index}`;
  });
}

it.each([60, 100, 256, 5000, 50_000])('finds those who make most of %i requests, and how many', (count) => {
  const clients = requests(count, count);
  const found = new FrequentClients();
  for (const client of clients) found.add(page(client));
  const exact = (name: string) => clients.filter((client) => client === name).length;
  const [first, second, ...others] = found.top();
  expect([first?.client, second?.client]).toEqual(['half', 'fifth']);
  expect(others).toEqual([]);
  expect(Math.abs((first?.pages ?? 0) / exact('half') - 1)).toBeLessThan(0.35);
  expect(Math.abs((second?.pages ?? 0) / exact('fifth') - 1)).toBeLessThan(0.4);
  expect(first?.agent).toBe('agent of half');
});

it('parts that are put together, and were stored, find the same', () => {
  const whole = new FrequentClients();
  const sum = new FrequentClients();
  for (let part = 0; part < 20; part++) {
    const one = new FrequentClients();
    for (const client of requests(100, part)) {
      one.add(page(client));
      whole.add(page(client));
    }
    const stored = one.toStored();
    if (stored === undefined) throw new Error('Nobody was frequent.');
    sum.addAll(FrequentClients.stored(JSON.parse(JSON.stringify(stored)), 100));
  }
  expect(sum.top().map(({ client }) => client)).toEqual(whole.top().map(({ client }) => client));
});

it('nobody is frequent among different ones, and nothing of them is stored', () => {
  const found = new FrequentClients();
  for (let index = 0; index < 2000; index++) found.add(page(`client ${index % 700}`));
  expect(found.top()).toEqual([]);
  expect(found.toStored()).toBeUndefined();
});

it('pictures are counted apart from pages', () => {
  const found = new FrequentClients();
  for (let index = 0; index < 60; index++) found.add(page('a', index % 3 === 0 ? '/' : '/a.png'));
  expect(found.top()).toMatchObject([{ client: 'a', pages: 20, assets: 40 }]);
});
