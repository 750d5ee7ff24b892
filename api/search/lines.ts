import { z } from 'zod';
import type { LiveRecord } from '../live/record-ring.js';
import type { Range } from '../parameters.js';
import type { LogSource } from '../records.js';
import type { Services } from '../services.js';
import { isInLake, type LakePosition, lakeLines } from './lake-lines.js';
import { matcherOf } from './log-query.js';
import { termsFor } from './matcher-for.js';

export const searched = z
  .object({
    store: z.enum(['live', 'lake']).meta({ description: '`lake`: also lines that are no longer in memory.' }),
    from: z
      .number()
      .nullable()
      .meta({ description: 'Time of the oldest line that was looked at; null where there was none.' }),
    to: z.number().nullable(),
    lines: z.int().meta({ description: 'That were looked at in memory, and came from the lake.' }),
    limited: z.boolean().meta({ description: 'Whether the lake has more lines that fit, which are left out.' }),
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
  readonly searched: z.output<typeof searched>;
}

/** Of the lake, where there is no limit. */
const MAX_LAKE_LINES = 50_000;

/** Lines that fit: of memory, and of the lake where the range begins before what is in memory. @throws Problem */
export async function findLines(services: Services, search: Search): Promise<Found> {
  const { live } = services;
  const terms = termsFor(search.q);
  const matches = matcherOf(terms);
  const { after, limit, range, source } = search;
  let lines = 0;
  let oldest = Number.POSITIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  const records =
    live.ringOf(source)?.select((record) => {
      const { time } = record;
      lines++;
      if (time < oldest) oldest = time;
      if (time > newest) newest = time;
      return time >= range.from && time < range.to && isAfter(record, after) && matches(record.value);
    }) ?? [];
  records.sort(newestFirst);
  let store: 'live' | 'lake' = 'live';
  let limited = false;
  const isFull = limit !== undefined && records.length > limit;
  if (search.lake !== false && !isFull && range.from < oldest && isInLake(services.lakeDirectory, source)) {
    const most = limit === undefined ? MAX_LAKE_LINES : limit + 1 - records.length;
    const stored = await lakeLines(services.lakeDirectory, {
      ...{ source, terms, before: after, limit: most, signal: search.signal },
      range: { from: range.from, to: Math.min(range.to, oldest) },
    });
    store = 'lake';
    limited = limit === undefined && stored.length >= MAX_LAKE_LINES;
    lines += stored.length;
    for (const { time } of stored) {
      if (time < oldest) oldest = time;
      if (time > newest) newest = time;
    }
    records.push(...stored);
  }
  return {
    records,
    searched: {
      store,
      ...{ from: lines === 0 ? null : oldest, to: lines === 0 ? null : newest, lines, limited },
      passed_over: live.passedOver(live.topicOf(source)),
    },
  };
}

function newestFirst(one: LiveRecord, other: LiveRecord): number {
  return other.time - one.time || other.partition - one.partition || other.offset - one.offset;
}

function isAfter({ offset, partition, time }: LiveRecord, after: LakePosition | undefined): boolean {
  if (after === undefined || time < after.time) return true;
  if (time > after.time) return false;
  return partition < after.partition || (partition === after.partition && offset < after.offset);
}
