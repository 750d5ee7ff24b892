import { z } from 'zod';
import type { LiveRecord } from '../live/live-record.js';
import type { LiveResults } from '../live/live-results.js';
import type { Range } from '../parameters.js';
import type { LogSource } from '../records.js';
import type { Services } from '../services.js';
import { type Held, isInLake, type LakePosition, lakeLines } from './lake-lines.js';
import { matcherOf } from './log-query.js';
import { termsFor } from './matcher-for.js';
import { unstoredLines } from './unstored-lines.js';

export const searched = z
  .object({
    store: z.enum(['live', 'lake']).meta({ description: '`lake`: also lines that are no longer in memory.' }),
    from: z
      .number()
      .nullable()
      .meta({ description: 'Time of the oldest line that was looked at; null where there was none.' }),
    to: z.number().nullable(),
    lines: z.int().meta({ description: 'That were looked at in memory, and came from elsewhere.' }),
    limited: z.boolean().meta({
      description: 'Whether there are more lines that fit, in the lake or on their way to it, which are left out.',
    }),
    passed_over: z
      .int()
      .meta({ description: 'Lines that came faster than they could be kept in memory, since the server started.' }),
  })
  .meta({ id: 'Searched', description: 'What was looked at for the answer.' });

export interface Search {
  readonly source: LogSource;
  readonly q: string;
  readonly range: Range;
  /** Lines after this one, in the order of lists. */
  readonly after?: LakePosition | undefined;
  /** The lines wanted, the newest; all where it is not given, and of those in the lake so many. */
  readonly limit?: number;
  /** False: memory alone. */
  readonly lake?: boolean;
  readonly signal: AbortSignal;
}

export interface Found {
  /** The newest first. */
  readonly records: LiveRecord[];
  /** What memory had of the topic when it was looked through. */
  readonly held: Held;
  readonly searched: z.output<typeof searched>;
}

/** Of the lake, where there is no limit. */
const MAX_LAKE_LINES = 50_000;

/** Where lines are. */
export interface LineStores extends Pick<Services, 'decoder' | 'lakeLines' | 'log'> {
  readonly live: Pick<LiveResults, 'passedOver' | 'ringOf' | 'topicOf'>;
}

/**
 * Lines that fit, each once, wherever it is: in memory; of what is not there, or no longer, in the lake; and of what is not
 * in that yet, in the log.
 *
 * @throws Problem
 */
export async function findLines(services: LineStores, search: Search): Promise<Found> {
  const { live } = services;
  const terms = termsFor(search.q);
  const matches = matcherOf(terms);
  const { after, limit, range, source } = search;
  let lines = 0;
  let oldest = Number.POSITIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  const ring = live.ringOf(source);
  const held = { topic: live.topicOf(source), spans: ring?.spans ?? [] };
  const fits = (record: LiveRecord) => isWithin(record, range) && isAfter(record, after) && matches(record.value);
  const records =
    ring?.select((record) => {
      const { time } = record;
      lines++;
      if (time < oldest) oldest = time;
      if (time > newest) newest = time;
      return fits(record);
    }) ?? [];
  records.sort(newestFirst);
  let store: 'live' | 'lake' = 'live';
  let limited = false;
  // Lines come in another order than that of their times: what has left memory may be newer than what is in it.
  const from = Math.max(range.from, (limit === undefined ? undefined : records[limit]?.time) ?? range.from);
  const wantsLake = search.lake !== false && mayBeStored(services, source, from, oldest);
  if (wantsLake && isInLake(services.lakeLines, source)) {
    const most = limit === undefined ? MAX_LAKE_LINES : limit + 1;
    const found = await lakeLines(services.lakeLines, {
      ...{ source, terms, before: after, held, limit: most, signal: search.signal },
      range: { from, to: range.to },
    });
    const unstored = await unstoredLines(services, held, found.stored, search.signal);
    store = 'lake';
    limited = unstored.isLimited || (limit === undefined && found.records.length >= MAX_LAKE_LINES);
    const others = [...found.records, ...unstored.records.filter(fits)];
    lines += others.length;
    for (const record of others) {
      const { time } = record;
      if (time < oldest) oldest = time;
      if (time > newest) newest = time;
      records.push(record);
    }
    records.sort(newestFirst);
  }
  return {
    ...{ records, held },
    searched: {
      store,
      ...{ from: lines === 0 ? null : oldest, to: lines === 0 ? null : newest, lines, limited },
      passed_over: live.passedOver(live.topicOf(source)),
    },
  };
}

/**
 * Whether lines from a time on may be in the lake alone.
 *
 * @param oldest time of the oldest in memory; undefined where there is none
 */
export function mayBeStored({ live }: LineStores, source: LogSource, from: number, oldest = Number.POSITIVE_INFINITY) {
  return from < oldest || from <= (live.ringOf(source)?.latestGone ?? Number.POSITIVE_INFINITY);
}

export function isWithin({ time }: LiveRecord, { from, to }: Range): boolean {
  return time >= from && time < to;
}

/** The order of lists. */
export function newestFirst(one: LakePosition, other: LakePosition): number {
  return other.time - one.time || other.partition - one.partition || other.offset - one.offset;
}

function isAfter(record: LiveRecord, after: LakePosition | undefined): boolean {
  return after === undefined || newestFirst(record, after) > 0;
}
