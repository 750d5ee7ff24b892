import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LiveRecord } from '../../../api/live/live-record.js';
import { RecordRing, recordId } from '../../../api/live/record-ring.js';
import type { LogSource } from '../../../api/records.js';
import {
  StoredInElasticsearch,
  type StoredInElasticsearchOptions,
} from '../../../api/search/elasticsearch/stored-in-elasticsearch.js';
import { classOf } from '../../../api/search/line-class.js';
import { lineAt } from '../../../api/search/line-context.js';
import { findLines, type LineStores } from '../../../api/search/lines.js';
import { storedCounts } from '../../../api/search/stored-counts.js';
import { HttpService } from '../../../connectors/http-service.js';
import { applyIndexTemplates } from '../../../connectors/index-templates.js';
import { Random } from '../../../producer/random.js';
import { SearchedLines } from '../../integration/api/searched-lines.js';
import { temporaryDirectory } from '../../integration/millrace.js';
import { OpenSearch } from '../open-search.js';
import { startServices, whyNoServices } from '../services.js';
import { PARTITIONS, randomSearch, requestLines, START_MS, serviceLines } from './random-lines.js';

const LINES = 1_200;
const SEARCHES = 60;
const PREFIX = 'acme.';
const ALL = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
const { signal } = new AbortController();

interface Target {
  readonly url: string;
  close(): Promise<void>;
}

const targets: readonly { name: string; reason: string | undefined; start(directory: string): Promise<Target> }[] = [
  {
    name: 'Elasticsearch',
    reason: await whyNoServices(['elasticsearch']),
    async start() {
      const services = await startServices(['elasticsearch']);
      return { url: services.addresses.elasticsearchUrl, close: () => services.close() };
    },
  },
  { name: 'OpenSearch', reason: await OpenSearch.whyNot(), start: (directory) => OpenSearch.start(directory) },
];

/** What was written of a topic, and who can be asked for it. */
interface Written {
  readonly source: LogSource;
  readonly lines: SearchedLines;
  readonly records: readonly LiveRecord[];
}

describe.each(targets)('lines in $name', ({ reason, start }) => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let target: Target;
  let service: HttpService;
  const written = new Map<LogSource, Written>();

  beforeAll(async () => {
    if (reason !== undefined) return;
    directory = await temporaryDirectory();
    target = await start(directory.path);
    service = new HttpService({ name: 'Elasticsearch', url: target.url, waitMs: 30_000 });
    await applyIndexTemplates(service, 'connectors', PREFIX);
    for (const [source, role, make] of [
      ['services', 'serviceLogs', serviceLines],
      ['requests', 'accessLog', requestLines],
    ] as const) {
      const lines = await SearchedLines.open(role, PARTITIONS);
      await lines.write(make(new Random(11), LINES));
      await lines.store();
      const records = await lines.read();
      await index(records);
      written.set(source, { source, lines, records });
    }
  }, 300_000);

  afterAll(async () => {
    for (const { lines } of written.values()) await lines.close();
    await target?.close();
    await directory?.remove();
  });

  /** As the sink of `connectors/` does. */
  async function index(records: readonly LiveRecord[]): Promise<void> {
    const rows = records.flatMap(({ offset, partition, topic, value }) => [
      { index: { _index: PREFIX + topic, _id: `${PREFIX}${topic}+${partition}+${offset}` } },
      value,
    ]);
    const body = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await fetch(`${target.url}/_bulk?refresh=true`, { method: 'POST', headers, body });
    expect(await answer.json()).toMatchObject({ errors: false });
  }

  function writtenOf(source: LogSource): Written {
    const found = written.get(source);
    if (found === undefined) throw new Error(`nothing is written of ${source}`);
    return found;
  }

  function stored({ lines }: Written, options: StoredInElasticsearchOptions = {}): StoredInElasticsearch {
    return new StoredInElasticsearch(service, lines.log, { prefix: PREFIX, ...options });
  }

  /** A memory that holds the newest so many of each partition. */
  function ringOf(records: readonly LiveRecord[], held: number): RecordRing {
    const ring = new RecordRing(Math.max(1, held * PARTITIONS));
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const own = records.filter((record) => record.partition === partition);
      const first = Math.max(0, own.length - held);
      ring.begin(partition, first);
      for (const record of own.slice(first)) ring.add(record, 1);
    }
    return ring;
  }

  const idsOf = (records: readonly LiveRecord[]) => records.map(recordId);

  async function memoryOf({ lines, records, source }: Written, q: string) {
    const ring = ringOf(records, Math.max(LINES, records.length));
    return findLines(lines.storesOf(ring, []), { source, q, range: ALL, signal });
  }

  async function countsOf(stores: LineStores, source: LogSource, q: string, step: number) {
    const search = { source, q, range: { from: START_MS - 500, to: START_MS + 60_000 }, signal };
    const found = await findLines(stores, { ...search, stored: false });
    const { counts, records, searched } = await storedCounts(stores, search, found, step);
    const byClass = new Map<string, number>();
    const all = [...found.records, ...records].map(({ time, value }) => ({ time, name: classOf(value), count: 1 }));
    for (const { count, name, time } of [...all, ...counts]) {
      const key = `${Math.floor(time / step) * step} ${name}`;
      byClass.set(key, (byClass.get(key) ?? 0) + count);
    }
    return { counts: Object.fromEntries([...byClass].sort()), limited: searched.limited };
  }

  describe.skipIf(reason)('as in memory', () => {
    it.each(['services', 'requests'] as const)(
      'are found by any search of %s: each, its fields and its place',
      async (source) => {
        const all = writtenOf(source);
        const { lines, records } = all;
        const random = new Random(source.length);
        for (let n = 0; n < SEARCHES; n++) {
          const q = randomSearch(random);
          const expected = (await memoryOf(all, q)).records;
          const elasticsearch = [stored(all)];
          for (const held of [0, 150]) {
            const stores = lines.storesOf(ringOf(records, held), elasticsearch);
            const found = await findLines(stores, { source, q, range: ALL, signal });
            expect([q, held, idsOf(found.records)]).toEqual([q, held, idsOf(expected)]);
            expect(found.searched).toMatchObject({ store: 'elasticsearch', limited: false, not_searched: [] });
            expect(found.records.map(({ value }) => value)).toEqual(expected.map(({ value }) => value));
            if (n % 4 > 0) continue;
            const counted = await countsOf(stores, source, q, 5_000);
            expect([q, counted]).toEqual([
              q,
              await countsOf(lines.storesOf(ringOf(records, LINES), []), source, q, 5_000),
            ]);
          }
        }
      },
      300_000,
    );

    it('are found in the lake, too', async () => {
      const random = new Random(5);
      for (const all of written.values()) {
        for (let n = 0; n < 25; n++) {
          const q = randomSearch(random);
          const search = { source: all.source, q, range: ALL, signal };
          const inLake = await findLines(all.lines.storesOf(ringOf(all.records, 50)), search);
          const found = await findLines(all.lines.storesOf(ringOf(all.records, 50), [stored(all)]), search);
          expect([q, idsOf(found.records)]).toEqual([q, idsOf(inLake.records)]);
        }
      }
    }, 300_000);

    it('come in pages, each once, wherever a page ends', async () => {
      const all = writtenOf('services');
      for (const [q, held] of [
        ['', 0],
        ['', 100],
        ['level:ERROR', 20],
        ['-message:timeout', 0],
      ] as const) {
        const stores = all.lines.storesOf(ringOf(all.records, held), [stored(all)]);
        const found: LiveRecord[] = [];
        for (let hasMore = true; hasMore; ) {
          const { records } = await findLines(stores, {
            ...{ source: 'services', q, range: ALL, limit: 70, after: found.at(-1), signal },
          });
          found.push(...records.slice(0, 70));
          hasMore = records.length > 70;
        }
        expect(idsOf(found)).toEqual(idsOf((await memoryOf(all, q)).records));
      }
    }, 120_000);

    it('are found by where they are', async () => {
      const all = writtenOf('requests');
      const { lines, records } = all;
      const stores = { ...lines.storesOf(ringOf(records, 0), [stored(all)]) } as never as Parameters<typeof lineAt>[0];
      const [one] = records;
      if (one === undefined) throw new Error('there is no line');
      expect((await lineAt(stores, 'requests', one, signal))?.value).toEqual(one.value);
      expect(await lineAt(stores, 'requests', { ...one, offset: 1e9 }, signal)).toBeUndefined();
    });
  });

  it.skipIf(reason)(
    'says in which fields words were not looked for, where there are too many lines to look at each',
    async () => {
      const all = writtenOf('services');
      const stores = all.lines.storesOf(ringOf(all.records, 0), [stored(all, { scanned: 0 })]);
      const found = await findLines(stores, { source: 'services', q: 'timeout', range: ALL, signal });
      const expected = (await memoryOf(all, 'timeout')).records;
      const inMessage = expected.filter(({ value }) => String(value['message']).toLowerCase().includes('timeout'));
      const ids = idsOf(found.records);
      expect(inMessage.length).toBeGreaterThan(0);
      expect(ids).toEqual(expect.arrayContaining(idsOf(inMessage)));
      expect(idsOf(expected)).toEqual(expect.arrayContaining(ids));
      expect(ids.length).toBeLessThan(expected.length);
      expect(found.searched.not_searched).toEqual(['attributes']);
    },
  );

  describe.skipIf(reason)('lines of a topic of their own', () => {
    let lines: SearchedLines;
    let all: Written;

    afterEach(async () => {
      await fetch(`${target.url}/${PREFIX}${lines.topic}`, { method: 'DELETE' });
      await lines.close();
      // What the other tests search.
      await index(writtenOf('requests').records);
    });

    async function write(values: readonly { partition: number; value: { timestamp: number } }[]): Promise<void> {
      await fetch(`${target.url}/${PREFIX}${writtenOf('requests').lines.topic}`, { method: 'DELETE' });
      lines = await SearchedLines.open('accessLog', PARTITIONS);
      await lines.write(values);
      all = { source: 'requests', lines, records: await lines.read() };
    }

    it('are found and counted once while the sink is behind, and some are between memory and the index', async () => {
      await write(requestLines(new Random(3), 600));
      for (const behind of [0, 1, 40, 170]) {
        const position = (partition: number) =>
          all.records.filter((record) => record.partition === partition).length - 20 - behind * (partition + 1) * 0.5;
        await index(all.records.filter(({ offset, partition }) => offset < position(partition)));
        // What a sink has in flight while it is asked.
        await index(all.records.filter(({ offset, partition }) => offset === Math.ceil(position(partition)) + 2));
        for (const q of ['', 'method:GET', '-status:200']) {
          const stores = lines.storesOf(ringOf(all.records, 20), [stored(all)]);
          const found = await findLines(stores, { source: 'requests', q, range: ALL, signal });
          expect([behind, q, idsOf(found.records)]).toEqual([behind, q, idsOf((await memoryOf(all, q)).records)]);
          const memory = lines.storesOf(ringOf(all.records, LINES), []);
          expect(await countsOf(stores, 'requests', q, 7_000)).toEqual(await countsOf(memory, 'requests', q, 7_000));
        }
        await fetch(`${target.url}/${PREFIX}${lines.topic}`, { method: 'DELETE' });
      }
    }, 120_000);

    it('are found however many are of one millisecond, and beyond 10,000', async () => {
      const [line] = requestLines(new Random(1), 1);
      if (line === undefined) throw new Error('there is no line');
      const times = Array.from({ length: 13_000 }, (_, n) => START_MS + (n < 500 ? n : n < 12_500 ? 1_000 : n));
      await write(times.map((timestamp, n) => ({ partition: n % PARTITIONS, value: { ...line.value, timestamp } })));
      await index(all.records);
      const stores = lines.storesOf(ringOf(all.records, 0), [stored(all)]);
      const found: LiveRecord[] = [];
      for (let hasMore = true; hasMore; ) {
        const { records } = await findLines(stores, {
          ...{ source: 'requests', q: '', range: ALL, limit: 4_000, after: found.at(-1), signal },
        });
        found.push(...records.slice(0, 4_000));
        hasMore = records.length > 4_000;
      }
      expect(idsOf(found)).toEqual(idsOf((await memoryOf(all, '')).records));
    }, 120_000);
  });
});
