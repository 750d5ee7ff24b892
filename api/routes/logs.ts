import { z } from 'zod';
import { lineOf } from '../live/live-results.js';
import { type LiveRecord, parseRecordId } from '../live/record-ring.js';
import { compareKeys, pageOf, paging, rangeOf, range as rangeQuery, readCursor, writeCursor } from '../parameters.js';
import { notFound } from '../problems.js';
import { logLine, logSource } from '../records.js';
import { idParams, type Resource, route } from '../route.js';
import { matcherFor } from '../search/matcher-for.js';

export const searched = z
  .object({
    store: z.enum(['live', 'lake']),
    from: z
      .number()
      .nullable()
      .meta({ description: 'Time of the oldest line that was looked at; null where there was none.' }),
    to: z.number().nullable(),
    lines: z.int().meta({ description: 'That were looked at.' }),
    passed_over: z
      .int()
      .meta({ description: 'Lines that came faster than they could be kept, since the server started.' }),
  })
  .meta({ id: 'Searched', description: 'What was looked at for the answer.' });

export const logFilter = rangeQuery.extend({
  source: logSource.default('services'),
  q: z
    .string()
    .max(2000)
    .default('')
    .meta({ description: '`level:ERROR service:auth-* -status:200 response_time:>500 "words"`' }),
});

export const logs: Resource = {
  name: 'logs',
  description: 'Lines, requests, readings, refused and late records.',
  routes: [
    route({
      method: 'get',
      path: '/logs',
      summary: 'Lines that fit, the newest first',
      role: 'viewer',
      query: logFilter.extend(paging.shape),
      answer: pageOf(logLine).extend({ searched }),
      handle({ query }, { live }) {
        const matches = matcherFor(query.q);
        const { from, to } = rangeOf(query, live.latestTime);
        const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
        const ring = live.ringOf(query.source);
        let lines = 0;
        let oldest = Number.POSITIVE_INFINITY;
        let newest = Number.NEGATIVE_INFINITY;
        const found =
          ring?.select((record) => {
            const { offset, partition, time } = record;
            lines++;
            if (time < oldest) oldest = time;
            if (time > newest) newest = time;
            if (time < from || time >= to) return false;
            if (after !== undefined && compareKeys([time, partition, offset], after) >= 0) return false;
            return matches(record.value);
          }) ?? [];
        found.sort(
          (one, other) => other.time - one.time || other.partition - one.partition || other.offset - one.offset,
        );
        const shown = found.slice(0, query.limit);
        const last = shown.at(-1);
        const hasMore = found.length > shown.length && last !== undefined;
        return {
          items: shown.map((record) => lineOf(record, query.source)),
          next_cursor: hasMore ? writeCursor([last.time, last.partition, last.offset]) : null,
          searched: {
            store: 'live' as const,
            from: lines === 0 ? null : oldest,
            to: lines === 0 ? null : newest,
            lines,
            passed_over: live.passedOver(live.topicOf(query.source)),
          },
        };
      },
    }),
    route({
      method: 'get',
      path: '/logs/context/{id}',
      summary: 'A line and those around it, the earliest first',
      description: 'The id is `topic/partition/offset`, as a path has it: `logs%2F0%2F17`.',
      role: 'viewer',
      params: idParams,
      query: z.object({
        before: z.coerce.number().int().min(0).max(500).default(20),
        after: z.coerce.number().int().min(0).max(500).default(20),
        q: z
          .string()
          .max(2000)
          .default('')
          .meta({ description: 'Only lines that fit this search, beside the line itself.' }),
      }),
      problems: [404],
      answer: z.object({ items: z.array(logLine), position: z.int().meta({ description: 'Of the line in `items`.' }) }),
      handle({ params: { id }, query }, { live }) {
        const asked = parseRecordId(id);
        const source = asked === undefined ? undefined : live.sourceOf(asked.topic);
        const ring = source === undefined ? undefined : live.ringOf(source);
        if (asked === undefined || source === undefined || ring === undefined) throw notFound('line', id);
        const isAsked = (record: LiveRecord) => record.partition === asked.partition && record.offset === asked.offset;
        const matches = matcherFor(query.q);
        const lines = ring.select((record) => isAsked(record) || matches(record.value));
        lines.sort(
          (one, other) => one.time - other.time || one.partition - other.partition || one.offset - other.offset,
        );
        const position = lines.findIndex(isAsked);
        if (position < 0) throw notFound('line in memory', id);
        const first = Math.max(0, position - query.before);
        const items = lines.slice(first, position + query.after + 1).map((record) => lineOf(record, source));
        return { items, position: position - first };
      },
    }),
  ],
};
