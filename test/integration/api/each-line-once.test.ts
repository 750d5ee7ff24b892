import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LiveRecord, liveRecordOf } from '../../../api/live/live-record.js';
import { RecordRing, recordId } from '../../../api/live/record-ring.js';
import { findLines, type LineStores } from '../../../api/search/lines.js';
import { storedCounts } from '../../../api/search/stored-counts.js';
import { LAKE_SOURCES } from '../../../app/lake/lake-sources.js';
import { RecordDecoder } from '../../../app/results/record-decoder.js';
import { LakeWriter } from '../../../lake/lake-writer.js';
import { LakeLines } from '../../../lake/lines/lake-lines.js';
import { Random } from '../../../producer/random.js';
import { SchemaDirectory } from '../../../schemas/schema-directory.js';
import { DEFAULT_TOPICS } from '../../../schemas/topics.js';
import { registerSerdes } from '../../../topology/serdes.js';
import { temporaryDirectory } from '../millrace.js';

/** As it was built. */
const PROGRAM = fileURLToPath(new URL('../../../dist/lake/lines/lines-process.js', import.meta.url));
const TOPIC = DEFAULT_TOPICS.serviceLogs;
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
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let log: EmbeddedLog;
  let schemas: SchemaDirectory;
  let lake: LakeLines;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    log = await EmbeddedLog.open({ directory: join(directory.path, 'log'), fsync: false });
    schemas = new SchemaDirectory(join(directory.path, 'schemas.json'));
    lake = new LakeLines(join(directory.path, 'lake'), { program: PROGRAM });
    await log.ensureTopic(TOPIC, { partitions: PARTITIONS });
  });
  afterEach(async () => {
    lake.close();
    await log.close();
    await directory.remove();
  });

  /** @returns ids in the order in which they were written */
  async function write(lines: readonly Line[]): Promise<void> {
    const { serviceLogs } = await registerSerdes(schemas, { serviceLogs: TOPIC });
    const transaction = log.transaction();
    for (const { level, partition, time } of lines) {
      const value = serviceLogs.serialize(TOPIC, {
        ...{ service: 'auth', level, message: 'a line', timestamp: time, response_time: null, endpoint: null },
        ...{ method: null, status: null, user_id: null, session_id: null, request_id: null, ip: null },
        ...{ is_anomaly: false, source: null, bytes: null, attributes: null, trace_id: null, span_id: null },
      } as never);
      transaction.append(TOPIC, partition, time, null, Buffer.from(value));
    }
    await transaction.commit();
  }

  async function store(): Promise<void> {
    const sources = LAKE_SOURCES.filter(({ kind }) => kind === 'service');
    const writer = await LakeWriter.open({ log, schemas, directory: join(directory.path, 'lake'), sources });
    await writer.drain();
    await writer.close();
  }

  async function read(): Promise<LiveRecord[]> {
    const decoder = new RecordDecoder(schemas);
    const consumer = log.consumer();
    const records: LiveRecord[] = [];
    let left = 0;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      consumer.assign({ topic: TOPIC, partition }, 0);
      left += await log.endOffset({ topic: TOPIC, partition });
    }
    while (records.length < left) {
      for (const cursor of await consumer.poll(100)) {
        while (cursor.next()) {
          const decoded = await decoder.decode(cursor);
          const record = liveRecordOf(TOPIC, decoded, decoded.value);
          if (record !== undefined) records.push(record);
        }
      }
    }
    await consumer.close();
    return records;
  }

  const storesOf = (ring: RecordRing): LineStores => ({
    ...{ log, decoder: new RecordDecoder(schemas), lakeLines: lake },
    live: { ringOf: () => ring, topicOf: () => TOPIC, passedOver: () => 0 },
  });
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
    await store();
    const ring = new RecordRing(1);
    ring.begin(0, 0);
    for (const record of await read()) ring.add(record, 1);
    const { records } = await findLines(storesOf(ring), { ...asked(''), limit: 10 });
    expect(records.map(({ time }) => time - START_MS)).toEqual([60_001, 60_000, 0]);
    expect((await findLines(storesOf(ring), asked('level:ERROR'))).records.map(({ offset }) => offset)).toEqual([0]);
    // What has left is newer than all of the page that memory has.
    const [first] = (await findLines(storesOf(ring), { ...asked(''), limit: 1 })).records;
    expect(first?.time).toBe(late + 1);
  });

  it.each([1, 2])('finds each once: in memory, in the lake, or not yet there (seed %i)', async (seed) => {
    const lines = linesOutOfOrder(240, seed);
    await write(lines.slice(0, 150));
    await store();
    await write(lines.slice(150));
    const all = await read();
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
    const stores = storesOf(ring);
    expect(all).toHaveLength(lines.length);
    const found = await findLines(stores, asked(''));
    expect(idsOf(found.records)).toEqual(idsOf(all));
    const pages = await pagesOf(stores, 17);
    expect(idsOf(pages)).toEqual(idsOf(all));
    expect(pages.every(({ time }, index) => time <= (pages[index - 1]?.time ?? time))).toBe(true);
    for (const q of ['', 'level:ERROR']) {
      const live = await findLines(stores, { ...asked(q), lake: false });
      const { counts, records } = await storedCounts(stores, asked(q), live, 3_600_000);
      const stored = counts.reduce((sum, { count }) => sum + count, 0);
      const wanted = lines.filter(({ level }) => q === '' || level === 'ERROR').length;
      expect(live.records.length + stored + records.length).toBe(wanted);
    }
  });

  it('asks memory alone where all that it does not have is earlier', async () => {
    await write(linesOutOfOrder(20, 9));
    await store();
    const all = (await read()).sort((one, other) => one.time - other.time);
    const ring = new RecordRing(10);
    for (let partition = 0; partition < PARTITIONS; partition++) ring.begin(partition, 0);
    for (const record of all) ring.add(record, 1);
    const gone = all[9]?.time ?? 0;
    const range = { from: gone + 1, to: Number.POSITIVE_INFINITY };
    const { searched } = await findLines(storesOf(ring), { ...asked(''), range });
    expect(ring.latestGone).toBe(gone);
    // The oldest in memory begins the range.
    const after = await findLines(storesOf(ring), { ...asked(''), range: { ...range, from: all[10]?.time ?? 0 } });
    expect([searched.store, after.searched.store]).toEqual(['lake', 'live']);
  });
});
