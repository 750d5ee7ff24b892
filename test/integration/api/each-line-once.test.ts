import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveRecord } from '../../../api/live/live-record.js';
import { RecordRing, recordId } from '../../../api/live/record-ring.js';
import { findLines, type LineStores } from '../../../api/search/lines.js';
import { storedCounts } from '../../../api/search/stored-counts.js';
import { Random } from '../../../producer/random.js';
import { SearchedLines, serviceLine } from './searched-lines.js';

const PARTITIONS = 3;
const START_MS = Date.UTC(2026, 0, 31, 21);
const HOURS = 5;
const ALL = { from: 0, to: Number.POSITIVE_INFINITY };

interface Line {
  readonly partition: number;
  readonly time: number;
  readonly level: string;
}

/** In the order in which they come, which is not that of their times. */
function linesOutOfOrder(count: number, seed: number): Line[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => ({
    partition: random.below(PARTITIONS),
    time: START_MS + random.below(HOURS * 3_600_000),
    level: random.below(4) === 0 ? 'ERROR' : 'INFO',
  }));
}

describe('a search of lines that came out of order', () => {
  let searched: SearchedLines;

  beforeEach(async () => {
    searched = await SearchedLines.open('serviceLogs', PARTITIONS);
  });
  afterEach(() => searched.close());

  const write = (lines: readonly Line[]) =>
    searched.write(lines.map(({ level, partition, time }) => ({ partition, value: serviceLine(time, { level }) })));
  const asked = (q: string) => ({ source: 'services', q, range: ALL, signal: new AbortController().signal }) as const;
  const idsOf = (records: readonly LiveRecord[]) => records.map(recordId).sort();

  async function pagesOf(stores: LineStores, limit: number): Promise<LiveRecord[]> {
    const found: LiveRecord[] = [];
    for (;;) {
      const { records } = await findLines(stores, { ...asked(''), limit, after: found.at(-1) });
      found.push(...records.slice(0, limit));
      if (records.length <= limit) return found;
    }
  }

  it('finds those that have left memory, though an earlier line is still in it', async () => {
    const late = START_MS + 60_000;
    await write([
      { partition: 0, time: late, level: 'ERROR' },
      { partition: 0, time: late + 1, level: 'INFO' },
      { partition: 0, time: START_MS, level: 'INFO' },
    ]);
    await searched.store();
    const ring = new RecordRing(1);
    ring.begin(0, 0);
    for (const record of await searched.read()) ring.add(record, 1);
    const { records } = await findLines(searched.storesOf(ring), { ...asked(''), limit: 10 });
    expect(records.map(({ time }) => time - START_MS)).toEqual([60_001, 60_000, 0]);
    expect(
      (await findLines(searched.storesOf(ring), asked('level:ERROR'))).records.map(({ offset }) => offset),
    ).toEqual([0]);
    // What has left is newer than all of the page that memory has.
    const [first] = (await findLines(searched.storesOf(ring), { ...asked(''), limit: 1 })).records;
    expect(first?.time).toBe(late + 1);
  });

  it.each([1, 2])('finds each once: in memory, in the lake, or not yet there (seed %i)', async (seed) => {
    const lines = linesOutOfOrder(240, seed);
    await write(lines.slice(0, 150));
    await searched.store();
    await write(lines.slice(150));
    const all = await searched.read();
    const ring = new RecordRing(30);
    for (let partition = 0; partition < PARTITIONS; partition++) ring.begin(partition, 0);
    const random = new Random(seed);
    const passedOver = new Set<number>();
    for (const record of all) {
      // Some come faster than they can be read.
      if (random.below(10) === 0) passedOver.add(record.partition);
      else {
        if (passedOver.delete(record.partition)) ring.begin(record.partition, record.offset);
        ring.add(record, 1);
      }
    }
    const stores = searched.storesOf(ring);
    expect(all).toHaveLength(lines.length);
    const found = await findLines(stores, asked(''));
    expect(idsOf(found.records)).toEqual(idsOf(all));
    const pages = await pagesOf(stores, 17);
    expect(idsOf(pages)).toEqual(idsOf(all));
    expect(pages.every(({ time }, index) => time <= (pages[index - 1]?.time ?? time))).toBe(true);
    for (const q of ['', 'level:ERROR']) {
      const live = await findLines(stores, { ...asked(q), stored: false });
      const { counts, records } = await storedCounts(stores, asked(q), live, 3_600_000);
      const stored = counts.reduce((sum, { count }) => sum + count, 0);
      const wanted = lines.filter(({ level }) => q === '' || level === 'ERROR').length;
      expect(live.records.length + stored + records.length).toBe(wanted);
    }
  });

  it('asks memory alone where all that it does not have is earlier', async () => {
    await write(linesOutOfOrder(20, 9));
    await searched.store();
    const all = (await searched.read()).sort((one, other) => one.time - other.time);
    const ring = new RecordRing(10);
    for (let partition = 0; partition < PARTITIONS; partition++) ring.begin(partition, 0);
    for (const record of all) ring.add(record, 1);
    const gone = all[9]?.time ?? 0;
    const range = { from: gone + 1, to: Number.POSITIVE_INFINITY };
    const { searched: before } = await findLines(searched.storesOf(ring), { ...asked(''), range });
    expect(ring.latestGone).toBe(gone);
    // The oldest in memory begins the range.
    const after = await findLines(searched.storesOf(ring), {
      ...asked(''),
      range: { ...range, from: all[10]?.time ?? 0 },
    });
    expect([before.store, after.searched.store]).toEqual(['lake', 'live']);
  });
});
