import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import { KnownPages } from '../../../../topology/abuse/known-pages.js';
import type { Request } from '../../../../topology/requests.js';
import { heapUsed } from '../../../heap-used.js';

const SIZE_MS = 20_000;
const MOST = 10;

function page(client: string, timestamp: number, path = '/'): Request {
  return {
    ...{ client_ip: client, timestamp, path, method: 'GET', user_agent: '', status: 200, request_time: null },
    ...{ host: 'shop.example', country: 'DE', bytes: null },
  };
}

/** Pages that are in a window of more than `MOST` of their client. */
function tooMany(requests: readonly Request[]): Set<Request> {
  const found = new Set<Request>();
  const byClient = new Map<string, Request[]>();
  for (const one of requests) byClient.set(one.client_ip, [...(byClient.get(one.client_ip) ?? []), one]);
  for (const ofClient of byClient.values()) {
    for (const { timestamp } of ofClient) {
      const within = ofClient.filter((one) => one.timestamp >= timestamp && one.timestamp < timestamp + SIZE_MS);
      if (within.length > MOST) for (const one of within) found.add(one);
    }
  }
  return found;
}

it.each([1, 2, 3, 4, 5, 6])(
  'whatever the pace of partitions, all pages over the limit are passed on once, and no quiet client (seed %d)',
  (seed) => {
    const random = new Random(seed);
    const requests = Array.from({ length: 6000 }, (_, index) =>
      page(`192.0.2.${Math.floor(random.uniform() ** 2 * 120)}`, 100 * index + Math.floor(2000 * random.uniform())),
    );
    const partitions: Request[][] = [[], [], [], []];
    for (const request of requests) partitions[Math.floor(4 * random.uniform())]?.push(request);
    const known = new KnownPages({ most: () => MOST, sizeMs: SIZE_MS, graceMs: 5000 });
    const readers = partitions.map(() => known.enter());
    const times = partitions.map(() => 0);
    const passedOn: Request[] = [];
    while (partitions.some(({ length }) => length > 0)) {
      const turn = Math.floor(4 * random.uniform());
      const reader = readers[turn];
      // A batch of one partition is read before those of the others.
      for (const request of partitions[turn]?.splice(0, 400) ?? []) {
        passedOn.push(...known.add(request).map((page) => page.request));
        times[turn] = Math.max(times[turn] ?? 0, request.timestamp);
        if (reader !== undefined) known.moveTo(times[turn], reader);
      }
    }
    const over = tooMany(requests);
    expect(over.size).toBeGreaterThan(500);
    const different = new Set(passedOn);
    expect(different.size).toBe(passedOn.length);
    expect([...over].filter((request) => !different.has(request))).toEqual([]);
    const suspects = new Set([...over].map((request) => request.client_ip));
    expect(suspects.size).toBeLessThan(120);
    expect(passedOn.filter((request) => !suspects.has(request.client_ip))).toEqual([]);
  },
);

it('assets are no pages; those since the page before come with a page', () => {
  const known = new KnownPages({ most: () => 2, sizeMs: SIZE_MS, graceMs: 5000 });
  const asked = ['/', '/style.css', '/logo.svg', '/basket', '/icon.png', '/pay'];
  const passedOn = asked.map((path, index) => known.add(page('192.0.2.1', 100 * index, path)));
  expect(passedOn.slice(0, 5)).toEqual([[], [], [], [], []]);
  expect(passedOn[5]?.map(({ assets, request }) => [request.path, assets])).toEqual([
    ['/', 0],
    ['/basket', 2],
    ['/pay', 1],
  ]);
});

it('a suspect rests once, when it was not over the limit for long', () => {
  const known = new KnownPages({ most: () => 2, sizeMs: SIZE_MS, graceMs: 5000 });
  const reader = known.enter();
  const rested: [number, readonly string[]][] = [];
  for (const second of [0, 1, 2]) known.add(page('192.0.2.1', 1000 * second));
  for (let second = 3; second < 400; second++) {
    known.add(page(`198.51.100.${second % 250}`, 1000 * second));
    const now = known.moveTo(1000 * second, reader);
    if (now.length > 0) rested.push([second, now]);
  }
  // The last page over the limit was at 2 s; a window is 20 s, and the rest 120 s.
  expect(rested).toEqual([[142, ['192.0.2.1']]]);
});

it('300,000 clients in five minutes are not remembered, and one over the limit is found among them', () => {
  const known = new KnownPages({ most: () => MOST, sizeMs: SIZE_MS, graceMs: 5000 });
  const reader = known.enter();
  const suspects = new Set<string>();
  const before = heapUsed();
  for (let index = 0; index < 300_000; index++) {
    const client = index % 500 === 0 ? '203.0.113.9' : `2001:db8::${index.toString(16)}`;
    if (known.add(page(client, index)).length > 0) suspects.add(client);
    known.moveTo(index, reader);
  }
  expect([...suspects]).toEqual(['203.0.113.9']);
  expect((heapUsed() - before) / 1e6).toBeLessThan(40);
  expect(known.moveTo(600_000, reader)).toEqual(['203.0.113.9']);
});
