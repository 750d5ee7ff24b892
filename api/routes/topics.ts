import type { Log } from '@millrace/streams';
import { z } from 'zod';
import type { RecordDecoder } from '../../app/results/record-decoder.js';
import { lineOf } from '../live/live-results.js';
import { page, pageOf, paging } from '../parameters.js';
import { notFound, Problem } from '../problems.js';
import { logLine, timeSchema } from '../records.js';
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
): Promise<z.output<typeof topicRecord>[]> {
  const records: z.output<typeof topicRecord>[] = [];
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
        const newest = read
          .flatMap(({ records }) => records)
          .sort((one, other) => other.timestamp - one.timestamp || other.offset - one.offset)
          .slice(0, limit);
        // Of each partition it goes on before the oldest record that is shown, or where none is, where it was.
        const positions = read.map(({ end, from, partition, records }) => {
          const shown = newest.filter((record) => record.partition === partition).map(({ offset }) => offset);
          return [partition, shown.length > 0 ? Math.min(...shown) : records.length === 0 ? from : end] as const;
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

const positionsSchema = z.array(z.tuple([z.int().min(0), z.int().min(0)])).max(10_000);

function readPositions(cursor: string | undefined): ReadonlyMap<number, number> {
  if (cursor === undefined) return new Map();
  try {
    return new Map(positionsSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString())));
  } catch (cause) {
    throw new Problem(400, 'invalid-cursor', 'The cursor is none that this server gave; begin without one.', { cause });
  }
}

export const deadLetters: Resource = {
  name: 'dead letters',
  description: 'What could not be read or processed, with the reason.',
  routes: [
    route({
      method: 'get',
      path: '/dead-letters',
      summary: 'Refused records, the newest first',
      role: 'viewer',
      query: paging.extend({ reason: z.string().max(500).optional().meta({ description: 'A part of the reason.' }) }),
      answer: pageOf(logLine).extend({
        reasons: z.array(z.object({ reason: z.string(), records: z.int() })),
      }),
      handle({ query }, { live }) {
        const wanted = query.reason?.toLowerCase();
        const reasons = new Map<string, number>();
        const lines = [];
        for (const record of live.ringOf('dead-letters')?.newest() ?? []) {
          const reason = String(record.value['reason'] ?? '');
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
          if (wanted === undefined || reason.toLowerCase().includes(wanted)) lines.push(lineOf(record, 'dead-letters'));
        }
        return {
          ...page(lines, query, ({ id, time }) => [time, id]),
          reasons: [...reasons]
            .map(([reason, records]) => ({ reason, records }))
            .sort((one, other) => other.records - one.records)
            .slice(0, 100),
        };
      },
    }),
  ],
};
