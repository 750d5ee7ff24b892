import type { Log } from '@millrace/streams';
import { z } from 'zod';
import type { RecordDecoder } from '../../app/results/record-decoder.js';
import { pageOf, paging } from '../parameters.js';
import { notFound, Problem } from '../problems.js';
import { timeSchema } from '../records.js';
import { type Resource, route } from '../route.js';

const partitionState = z.object({ partition: z.int(), start_offset: z.int(), end_offset: z.int() });
const topicState = z
  .object({
    name: z.string(),
    records: z.int().meta({ description: 'Offsets from the first to the end: as many at most.' }),
    partitions: z.array(partitionState),
  })
  .meta({ id: 'Topic' });

const topicRecord = z
  .object({
    id: z.string(),
    partition: z.int(),
    offset: z.int(),
    timestamp: timeSchema,
    key: z.string().nullable(),
    value: z.unknown(),
    headers: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'TopicRecord' });

type TopicRecord = z.output<typeof topicRecord>;

async function partitionsOf(log: Log, topic: string): Promise<z.output<typeof partitionState>[]> {
  const count = await log.partitions(topic);
  if (count === undefined) throw notFound('topic', topic);
  return Promise.all(
    Array.from({ length: count }, async (_, partition) => {
      const [start_offset, end_offset] = await Promise.all([
        log.startOffset({ topic, partition }),
        log.endOffset({ topic, partition }),
      ]);
      return { partition, start_offset, end_offset };
    }),
  );
}

/** The records of a partition from an offset up to another one. */
async function readRecords(
  log: Log,
  decoder: RecordDecoder,
  at: { readonly topic: string; readonly partition: number },
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<TopicRecord[]> {
  const records: TopicRecord[] = [];
  if (from >= to) return records;
  const consumer = log.consumer();
  const deadline = performance.now() + 5_000;
  try {
    consumer.assign(at, from);
    for (let next = from; next < to && !signal.aborted; ) {
      if (performance.now() > deadline) {
        throw new Problem(503, 'log-slow', `The log has not given the records of ${at.topic} in 5 s; ask again.`, {
          retryAfterSeconds: 5,
        });
      }
      for (const cursor of await consumer.poll(500)) {
        next = cursor.nextOffset;
        while (cursor.next() && cursor.offset < to) {
          const record = await decoder.decode(cursor);
          records.push({ id: `${at.topic}/${at.partition}/${record.offset}`, ...record });
        }
      }
    }
  } finally {
    await consumer.close();
  }
  return records;
}

export const topics: Resource = {
  name: 'topics',
  description: 'Topics of the log, and what they hold.',
  routes: [
    route({
      method: 'get',
      path: '/topics',
      summary: 'All topics with their partitions',
      role: 'viewer',
      answer: z.object({ items: z.array(topicState) }),
      async handle(_, { log }) {
        const names = (await log.topics()).sort();
        const items = await Promise.all(
          names.map(async (name) => {
            const partitions = await partitionsOf(log, name);
            const records = partitions.reduce((sum, one) => sum + one.end_offset - one.start_offset, 0);
            return { name, records, partitions };
          }),
        );
        return { items };
      },
    }),
    route({
      method: 'get',
      path: '/topics/{name}/records',
      summary: "A topic's records, the newest first",
      role: 'operator',
      limit: 'heavy',
      params: z.object({ name: z.string().regex(/^[\w.-]{1,249}$/, 'It is no name of a topic.') }),
      query: paging.extend({ partition: z.coerce.number().int().min(0).optional() }),
      problems: [404, 503],
      answer: pageOf(topicRecord),
      async handle({ params, query, signal }, { decoder, log }) {
        const { name } = params;
        const { limit } = query;
        const all = await partitionsOf(log, name);
        const asked = all.filter(({ partition }) => query.partition === undefined || query.partition === partition);
        if (asked.length === 0) throw notFound(`partition of ${name}`, String(query.partition));
        const before = readPositions(query.cursor);
        const read = await Promise.all(
          asked.map(async ({ end_offset, partition, start_offset }) => {
            const end = Math.min(end_offset, before.get(partition) ?? end_offset);
            const from = Math.max(start_offset, end - limit);
            const records = await readRecords(log, decoder, { topic: name, partition }, from, end, signal);
            return { partition, start_offset, end, from, records };
          }),
        );
        const { newest, left } = mergeNewest(read, limit);
        // Of each partition it goes on before the oldest record that is shown.
        const positions = read.map(({ end, from, partition, records }, index) => {
          const oldest = records[left[index] ?? 0];
          // Where there are offsets and no records, as after compaction, it goes on before them.
          return [partition, oldest?.offset ?? (records.length === 0 ? from : end)] as const;
        });
        const hasMore = positions.some(
          ([partition, position]) => position > (read.find((one) => one.partition === partition)?.start_offset ?? 0),
        );
        const next_cursor = hasMore ? Buffer.from(JSON.stringify(positions)).toString('base64url') : null;
        return { items: newest, next_cursor };
      },
    }),
  ],
};

/**
 * The newest records of all partitions. Records of a partition keep its order, whatever their timestamps say, so that the
 * next page goes on where this one ends.
 *
 * @param read of each partition the records, the earliest first
 * @returns also how many of each partition's records are left, from its start
 */
function mergeNewest(read: readonly { readonly records: readonly TopicRecord[] }[], limit: number) {
  const newest: TopicRecord[] = [];
  const left = read.map(({ records }) => records.length);
  while (newest.length < limit) {
    let next = -1;
    let nextAt = Number.NEGATIVE_INFINITY;
    for (const [index, { records }] of read.entries()) {
      const timestamp = records[(left[index] ?? 0) - 1]?.timestamp;
      if (timestamp === undefined || timestamp <= nextAt) continue;
      next = index;
      nextAt = timestamp;
    }
    const record = read[next]?.records[(left[next] ?? 0) - 1];
    if (record === undefined) break;
    newest.push(record);
    left[next] = (left[next] ?? 0) - 1;
  }
  return { newest, left };
}

const positionsSchema = z.array(z.tuple([z.int().min(0), z.int().min(0)])).max(10_000);

function readPositions(cursor: string | undefined): ReadonlyMap<number, number> {
  if (cursor === undefined) return new Map();
  try {
    return new Map(positionsSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString())));
  } catch (cause) {
    throw new Problem(400, 'invalid-cursor', 'The cursor is none that this server gave; begin without one.', { cause });
  }
}
