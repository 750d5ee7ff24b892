import { afterEach, describe, expect, it } from 'vitest';
import type { LiveRecord } from '../../../api/live/live-record.js';
import { RecordRing } from '../../../api/live/record-ring.js';
import { lineAt, linesAfter, linesBefore, ofSameEntity } from '../../../api/search/line-context.js';
import { findLines, type LineStores } from '../../../api/search/lines.js';
import { SearchedLines, serviceLine, type WrittenLine } from './searched-lines.js';

const START_MS = Date.UTC(2026, 0, 31, 21);
const ALL = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
const { signal } = new AbortController();

let lines: SearchedLines;

afterEach(() => lines.close());

/** Writes lines, and stores them. */
async function store(
  role: 'serviceLogs' | 'accessLog',
  values: readonly WrittenLine['value'][],
): Promise<LiveRecord[]> {
  lines = await SearchedLines.open(role, 1);
  await lines.write(values.map((value) => ({ partition: 0, value })));
  await lines.store();
  return lines.read();
}

/** A memory that holds the newest so many of the records. */
function storesOf(records: readonly LiveRecord[], held: number) {
  const ring = new RecordRing(Math.max(1, held));
  ring.begin(0, records.length - held);
  for (const record of records.slice(records.length - held)) ring.add(record, 1);
  const stores = lines.storesOf(ring);
  return { ...stores, live: { ...stores.live, latestTime: records.at(-1)?.time ?? 0 } } as never as LineStores &
    Parameters<typeof linesAfter>[0] &
    Parameters<typeof lineAt>[0];
}

const nthLine = (n: number, more: object) => serviceLine(START_MS + n * 60_000, { message: `line ${n}`, ...more });

describe('a search means the same in memory and in the lake', () => {
  it('of attributes, whatever the case of their names, as texts and as numbers', async () => {
    const cases: readonly (readonly [q: string, offsets: readonly number[]])[] = [
      ['attributes.region:eu-1', [0]],
      ['attributes.region:EU-*', [0, 1]],
      ['attributes.userId:7', [1]],
      ['attributes.userid:7', [1]],
      ['attributes.http.route:"/a b"', [2]],
      ['attributes.retry-count:>2', [1]],
      ['attributes.retry-count:2..3', [0, 1]],
      ['attributes.region:null', [2, 3]],
      ['-attributes.region:eu-1', [1, 2, 3]],
      [`attributes.quote:"it's \\"so\\""`, [3]],
      ['attributes.region:>2', []],
      // Words are looked for in the values, not in the names.
      ['eu-1', [0]],
      ['region', []],
      ['trace_id:t-1', [3]],
      ['attributes:*eu-1*', [0]],
      ['attributes:null', []],
      ['timestamp:null', []],
      [`timestamp:>${START_MS + 60_000}`, [2, 3]],
      ['message:null', [3]],
      ['status:404', [2]],
      ['status:0404', []],
      ['status:*4', [2]],
    ];
    const records = await store('serviceLogs', [
      nthLine(0, { attributes: { region: 'eu-1', 'retry-count': '2' } }),
      nthLine(1, { attributes: { region: 'EU-2', userId: '7', 'retry-count': '3' } }),
      nthLine(2, { attributes: { 'http.route': '/a b' }, status: 404 }),
      nthLine(3, { attributes: { quote: `it's "so"` }, trace_id: 'T-1', message: 'is null' }),
    ]);
    for (const held of [4, 0]) {
      const stores = storesOf(records, held);
      for (const [q, expected] of cases) {
        const found = await findLines(stores, { source: 'services', q, range: ALL, signal });
        expect([held, q, found.records.map(({ offset }) => offset).sort()]).toEqual([held, q, expected]);
        for (const { offset, value } of found.records) {
          expect(value['attributes']).toEqual(records[offset]?.value['attributes']);
        }
      }
    }
  });

  it('of every optional field of a request', async () => {
    const base = { server: 's', client_ip: '203.0.113.7', method: 'GET', status: 200, request_time: 0.1, host: 'h' };
    const none = { bytes: null, path: null, query: null, user_agent: null, referrer: null, user: null };
    const rest = { upstream_time: null, protocol: null, tls: null, request_id: null, country: 'DE' };
    const all = {
      ...{ path: '/Login', query: 'a=1', user_agent: 'curl/8', referrer: 'https://x', user: 'ada' },
      ...{ upstream_time: 0.25, protocol: 'HTTP/2.0', tls: 'TLSv1.3', request_id: 'r-1', bytes: 17 },
    };
    const records = await store('accessLog', [
      { ...base, ...none, ...rest, timestamp: START_MS },
      { ...base, ...none, ...rest, ...all, timestamp: START_MS + 1 },
    ]);
    for (const held of [2, 0]) {
      const stores = storesOf(records, held);
      for (const [name, value] of Object.entries(all)) {
        const q = `${name}:"${value}"`;
        const found = await findLines(stores, { source: 'requests', q, range: ALL, signal });
        expect([held, q, found.records.map(({ offset }) => offset)]).toEqual([held, q, [1]]);
        expect(found.records[0]?.value[name]).toBe(value);
      }
    }
  });
});

describe('the lines around one', () => {
  it('are those of memory and of the lake, wherever the line is', async () => {
    const values = Array.from({ length: 12 }, (_, n) => nthLine(n, { service: n % 3 === 0 ? 'auth' : 'cart' }));
    const records = await store('serviceLogs', values);
    for (const held of [12, 5, 0]) {
      const stores = storesOf(records, held);
      for (const offset of [0, 6, 7, 11]) {
        const place = { topic: lines.topic, partition: 0, offset };
        const line = await lineAt(stores, 'services', place, signal);
        if (line === undefined) throw new Error(`line ${offset} of ${held} is not found`);
        const around = { source: 'services', q: '', signal } as const;
        const offsetsOf = (found: readonly LiveRecord[]) => found.map((record) => record.offset);
        const numbers = (from: number, to: number) =>
          Array.from({ length: 12 }, (_, n) => n).filter((n) => n >= from && n <= to);
        expect(offsetsOf(await linesBefore(stores, line, around, 3))).toEqual(numbers(offset - 3, offset - 1));
        expect(offsetsOf(await linesAfter(stores, line, around, 3))).toEqual(numbers(offset + 1, offset + 3));
        const same = { ...around, q: ofSameEntity('', line.value) };
        expect(offsetsOf(await linesBefore(stores, line, same, 12))).toEqual(
          numbers(0, offset - 1).filter((n) => (n % 3 === 0) === (offset % 3 === 0)),
        );
      }
    }
    expect(
      await lineAt(storesOf(records, 0), 'services', { topic: lines.topic, partition: 0, offset: 99 }, signal),
    ).toBeUndefined();
  });
});
