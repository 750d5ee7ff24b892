import { z } from 'zod';
import type { LiveRecord } from '../live/live-record.js';
import { lineOf } from '../live/live-results.js';
import { parseRecordId } from '../live/record-ring.js';
import {
  boundedRange,
  durationParameter,
  pageOf,
  paging,
  rangeOf,
  readCursor,
  stepOf,
  writeCursor,
} from '../parameters.js';
import { notFound, Problem } from '../problems.js';
import { logLine, timeSchema } from '../records.js';
import { idParams, type Resource, route } from '../route.js';
import { Drain } from '../search/drain.js';
import { classOf } from '../search/line-class.js';
import { lineAt, linesAfter, linesBefore, ofSameEntity } from '../search/line-context.js';
import { findLines, searched } from '../search/lines.js';
import { logFilter } from '../search/log-filter.js';
import { matcherFor } from '../search/matcher-for.js';
import { compare, comparison } from '../search/stand-out.js';
import { storedCounts } from '../search/stored-counts.js';
import { logExport } from './log-export.js';

const HOUR_MS = 3_600_000;
const MAX_VALUES = 50;
const MAX_PATTERNS = 200;
/** Of a histogram; what is rarer is counted as one. */
const MAX_CLASSES = 30;
const RARE = 'other';

const DEFAULT_FACETS = 'level,service,endpoint,status,method,host,server,country,source,reason';

const facetFields = z
  .string()
  .max(500)
  .default(DEFAULT_FACETS)
  .transform((text) =>
    [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '').slice(0, 20),
  )
  .meta({ description: 'Names of fields, divided by commas.' });

export const logs: Resource = {
  name: 'logs',
  description:
    'Lines, requests, readings, refused and late records: of memory, and of Elasticsearch or the lake where the range begins before.',
  routes: [
    route({
      method: 'get',
      path: '/logs',
      summary: 'Lines that fit, the newest first',
      role: 'viewer',
      query: logFilter.extend(paging.shape),
      problems: [503],
      answer: pageOf(logLine).extend({ searched }),
      async handle({ query, signal }, services) {
        const { limit, q, source } = query;
        const found = await findLines(services, {
          ...{ source, q, limit, signal },
          range: rangeOf(query, services.live.latestTime),
          after: query.cursor === undefined ? undefined : positionOf(query.cursor),
          // A page of memory alone would be the last, and look as if there were no more.
          toleratesAway: query.cursor === undefined,
        });
        const shown = found.records.slice(0, limit);
        const last = shown.at(-1);
        const hasMore = found.records.length > shown.length && last !== undefined;
        return {
          items: shown.map((record) => lineOf(record, source)),
          next_cursor: hasMore ? writeCursor([last.time, last.partition, last.offset]) : null,
          searched: found.searched,
        };
      },
    }),
    logExport,
    route({
      method: 'get',
      path: '/logs/histogram',
      summary: 'How many lines fit, by steps and by level or class of status',
      role: 'viewer',
      query: logFilter.extend({ step: durationParameter.optional() }),
      problems: [503],
      answer: z.object({
        ...{ from: timeSchema, to: timeSchema, step: z.number() },
        classes: z.array(z.string()),
        buckets: z.array(z.object({ time: timeSchema, count: z.int(), by: z.record(z.string(), z.int()) })),
        total: z.int(),
        searched,
      }),
      async handle({ query, signal }, services) {
        const range = boundedRange(query, services.live.latestTime, HOUR_MS / 2);
        const step = stepOf(query.step, range, 1_000);
        const { q, source } = query;
        const found = await findLines(services, { source, q, range, signal, stored: false });
        const stored = await storedCounts(services, { source, q, range, signal }, found, step);
        const buckets = new Map<number, { time: number; count: number; by: Record<string, number> }>();
        const classes = new Set<string>();
        const counts = [...found.records, ...stored.records].map((record) => ({
          time: record.time,
          name: classOf(record.value),
          count: 1,
        }));
        let total = 0;
        const all = [...counts, ...stored.counts];
        const frequent = frequentClasses(all);
        for (const { count, name: own, time: at } of all) {
          const name = frequent.has(own) ? own : RARE;
          const time = Math.floor(at / step) * step;
          const bucket = buckets.get(time) ?? { time, count: 0, by: {} };
          buckets.set(time, bucket);
          classes.add(name);
          bucket.count += count;
          bucket.by[name] = (bucket.by[name] ?? 0) + count;
          total += count;
        }
        return {
          ...{ from: range.from, to: range.to, step },
          classes: [...classes].sort(),
          buckets: [...buckets.values()].sort((one, other) => one.time - other.time),
          total,
          searched: stored.searched,
        };
      },
    }),
    route({
      method: 'get',
      path: '/logs/facets',
      summary: 'The values of fields of the lines that fit, beside those of the hour before',
      role: 'viewer',
      query: logFilter.extend({ fields: facetFields }),
      problems: [503],
      answer: z.object({
        total: z.int(),
        facets: z.array(
          z.object({
            field: z.string(),
            values: z.array(
              z.object({
                value: z.string(),
                count: z.int(),
                share: z.number(),
                share_before: z
                  .number()
                  .nullable()
                  .meta({ description: 'Of all lines of the hour before the range; null where there are none.' }),
              }),
            ),
            others: z.int().meta({ description: 'Lines with further values.' }),
          }),
        ),
        searched,
      }),
      async handle({ query, signal }, services) {
        const range = boundedRange(query, services.live.latestTime, HOUR_MS / 2);
        const { fields, q, source } = query;
        const found = await findLines(services, { source, q, range, signal, toleratesAway: true });
        const before = services.live
          .ringOf(source)
          ?.select(({ time }) => time >= range.from - HOUR_MS && time < range.from);
        const facets = fields.flatMap((field) => {
          const counts = countsOf(found.records, field);
          if (counts.size === 0) return [];
          const countsBefore = countsOf(before ?? [], field);
          const sorted = [...counts].sort(([, one], [, other]) => other - one);
          const values = sorted.slice(0, MAX_VALUES).map(([value, count]) => ({
            ...{ value, count, share: count / found.records.length },
            share_before:
              before === undefined || before.length === 0 ? null : (countsBefore.get(value) ?? 0) / before.length,
          }));
          return [{ field, values, others: sorted.slice(MAX_VALUES).reduce((sum, [, count]) => sum + count, 0) }];
        });
        return { total: found.records.length, facets, searched: found.searched };
      },
    }),
    route({
      method: 'get',
      path: '/logs/patterns',
      summary: 'Messages that fit, by their constant words (Drain), the most frequent first',
      role: 'viewer',
      limit: 'heavy',
      query: logFilter,
      problems: [503],
      answer: z.object({
        total: z.int(),
        items: z.array(
          z.object({
            pattern: z.string().meta({ description: 'With `<*>` for what varies.' }),
            count: z.int(),
            share: z.number(),
            first: timeSchema,
            last: timeSchema,
            sample: logLine,
          }),
        ),
        searched,
      }),
      async handle({ query, signal }, services) {
        const range = boundedRange(query, services.live.latestTime, HOUR_MS / 2);
        const { q, source } = query;
        const found = await findLines(services, { source, q, range, signal, toleratesAway: true });
        const drain = new Drain<LiveRecord>();
        let total = 0;
        for (const record of found.records) {
          const { message, reason } = record.value;
          const text = typeof message === 'string' ? message : reason;
          if (typeof text !== 'string') continue;
          drain.add(text, record.time, record);
          total++;
        }
        const items = drain.patterns
          .toSorted((one, other) => other.count - one.count)
          .slice(0, MAX_PATTERNS)
          .map(({ count, first, last, sample, words }) => ({
            ...{ pattern: words.join(' '), count, share: count / total, first, last, sample: lineOf(sample, source) },
          }));
        return { total, items, searched: found.searched };
      },
    }),
    route({
      method: 'get',
      path: '/logs/compare',
      summary: 'What is different in the lines that fit: fields whose values have other shares (G-test)',
      role: 'viewer',
      limit: 'heavy',
      query: logFilter.extend({
        with: z
          .enum(['rest', 'before'])
          .default('rest')
          .meta({ description: '`rest`: the other lines of the range; `before`: all lines of the hour before it.' }),
      }),
      problems: [503],
      answer: comparison.extend({ searched }),
      async handle({ query, signal }, services) {
        const range = boundedRange(query, services.live.latestTime, HOUR_MS / 2);
        const { q, source } = query;
        const matches = matcherFor(q);
        const wanted = query.with === 'rest' ? range : { from: Math.min(range.from, range.to) - HOUR_MS, to: range.to };
        const found = await findLines(services, { source, q: '', range: wanted, signal, toleratesAway: true });
        const isSelected = ({ time, value }: LiveRecord) => time >= range.from && matches(value);
        const isOther = (record: LiveRecord) =>
          query.with === 'rest' ? !isSelected(record) : record.time < range.from;
        return {
          ...compare(
            found.records.filter(isSelected).map(({ value }) => value),
            found.records.filter(isOther).map(({ value }) => value),
          ),
          searched: found.searched,
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
        same: z
          .enum(['true', 'false'])
          .default('false')
          .transform((text) => text === 'true')
          .meta({ description: 'Only lines of the same service, host or sensor.' }),
      }),
      problems: [404, 503],
      answer: z.object({
        items: z.array(logLine),
        position: z.int().meta({ description: 'Of the line in `items`.' }),
      }),
      async handle({ params: { id }, query, signal }, services) {
        const asked = parseRecordId(id);
        const source = asked === undefined ? undefined : services.live.sourceOf(asked.topic);
        if (asked === undefined || source === undefined) throw notFound('line', id);
        const line = await lineAt(services, source, asked, signal);
        if (line === undefined) throw notFound('line, in memory or stored,', id);
        const around = { source, q: query.same ? ofSameEntity(query.q, line.value) : query.q, signal };
        const [before, after] = await Promise.all([
          linesBefore(services, line, around, query.before),
          linesAfter(services, line, around, query.after),
        ]);
        return {
          items: [...before, line, ...after].map((record) => lineOf(record, source)),
          position: before.length,
        };
      },
    }),
  ],
};

/** Levels are free texts: as many as an answer can hold. */
function frequentClasses(counts: readonly { readonly name: string; readonly count: number }[]): ReadonlySet<string> {
  const byName = new Map<string, number>();
  for (const { count, name } of counts) byName.set(name, (byName.get(name) ?? 0) + count);
  const sorted = [...byName].sort(([, one], [, other]) => other - one);
  return new Set(sorted.slice(0, MAX_CLASSES).map(([name]) => name));
}

const position = z.tuple([z.number(), z.int(), z.int()]);

function positionOf(cursor: string) {
  const { data } = position.safeParse(readCursor(cursor));
  if (data === undefined) {
    throw new Problem(400, 'invalid-cursor', 'The cursor is none of lines; begin without one.');
  }
  const [time, partition, offset] = data;
  return { time, partition, offset };
}

function countsOf(records: readonly LiveRecord[], field: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { value } of records) {
    const found = Object.hasOwn(value, field) ? value[field] : undefined;
    if (typeof found !== 'string' && typeof found !== 'number' && typeof found !== 'boolean') continue;
    const text = String(found);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}
