import { z } from 'zod';
import type { LiveRecord } from '../live/live-record.js';
import type { LiveResults } from '../live/live-results.js';
import type { Range } from '../parameters.js';
import type { LogSource } from '../records.js';
import type { Services } from '../services.js';
import { newestFirst } from './line-order.js';
import { matcherOf } from './log-query.js';
import { termsFor } from './matcher-for.js';
import {
  type Held,
  type LinePosition,
  type StoredLines,
  StoredLinesAway,
  type StoredSearch,
  storeOf,
} from './stored-lines.js';
import { unstoredLines } from './unstored-lines.js';

export const searched = z
  .object({
    store: z.enum(['live', 'lake', 'elasticsearch']).meta({
      description: '`live`: memory alone; otherwise where lines that are no longer in memory were looked for.',
    }),
    from: z
      .number()
      .nullable()
      .meta({ description: 'Time of the oldest line that was looked at; null where there was none.' }),
    to: z.number().nullable(),
    lines: z.int().meta({ description: 'That were looked at in memory, and came from elsewhere.' }),
    limited: z.boolean().meta({
      description: 'Whether there may be more lines that fit, stored or on their way there, which are left out.',
    }),
    unavailable: z
      .string()
      .nullable()
      .meta({ description: 'Why what is stored could not be asked, so that the answer is of memory alone; or null.' }),
    not_searched: z.array(z.string()).meta({
      description: 'Fields of stored lines in which words were not looked for: they are in no index of Elasticsearch.',
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
  readonly after?: LinePosition | undefined;
  /** The lines wanted, the newest; all where it is not given, and of those stored so many. */
  readonly limit?: number;
  /** False: memory alone. */
  readonly stored?: boolean;
  /** Whether lines of memory are an answer where what is stored cannot be asked, as `searched` then says. */
  readonly toleratesAway?: boolean;
  readonly signal: AbortSignal;
}

export interface Found {
  /** The newest first. */
  readonly records: LiveRecord[];
  /** What memory had of the topic when it was looked through. */
  readonly held: Held;
  readonly searched: z.output<typeof searched>;
}

/** Of those stored, where there is no limit. */
const MAX_STORED_LINES = 50_000;

/** Where lines are. */
export interface LineStores extends Pick<Services, 'decoder' | 'log' | 'storedLines'> {
  readonly live: Pick<LiveResults, 'passedOver' | 'ringOf' | 'topicOf'>;
}

/**
 * Lines that fit, each once, wherever it is: in memory; of what is not there, or no longer, where it is stored; and of what
 * is not stored yet, in the log.
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
  // Lines come in another order than that of their times: what has left memory may be newer than what is in it.
  const from = Math.max(range.from, (limit === undefined ? undefined : records[limit]?.time) ?? range.from);
  const store = storeOf(services.storedLines, source);
  const wantsStored = search.stored !== false && mayBeStored(services, source, from, oldest);
  let answer: Awaited<ReturnType<typeof linesElsewhere>> | undefined;
  let unavailable: string | null = null;
  if (wantsStored && store !== undefined) {
    try {
      const most = limit === undefined ? MAX_STORED_LINES : limit + 1;
      answer = await linesElsewhere(services, store, {
        ...{ source, terms, before: after, held, limit: most, signal: search.signal },
        range: { from, to: range.to },
      });
    } catch (error) {
      if (!(error instanceof StoredLinesAway) || !search.toleratesAway || records.length === 0) throw error;
      unavailable = error.detail;
    }
  }
  const others = [...(answer?.found ?? []), ...(answer?.unstored.filter(fits) ?? [])];
  lines += others.length;
  for (const record of others) {
    const { time } = record;
    if (time < oldest) oldest = time;
    if (time > newest) newest = time;
    records.push(record);
  }
  if (others.length > 0) records.sort(newestFirst);
  const isCut = limit === undefined && (answer?.found.length ?? 0) >= MAX_STORED_LINES;
  return {
    ...{ records, held },
    searched: {
      store: answer === undefined ? 'live' : (store?.name ?? 'live'),
      ...{ from: lines === 0 ? null : oldest, to: lines === 0 ? null : newest, lines },
      limited: unavailable !== null || answer?.isLimited === true || isCut,
      ...{ unavailable, not_searched: [...(answer?.notSearched ?? [])] },
      passed_over: live.passedOver(live.topicOf(source)),
    },
  };
}

/** What is not in memory: lines that are stored and fit, and all that are not stored yet. */
async function linesElsewhere(services: LineStores, store: StoredLines, search: StoredSearch) {
  const found = await store.find(search);
  const unstored = await unstoredLines(services, search.held, found.stored, search.signal);
  return {
    ...{ found: found.records, unstored: unstored.records, notSearched: found.notSearched },
    isLimited: found.isLimited || unstored.isLimited,
  };
}

/**
 * Whether lines from a time on may be stored, and not in memory.
 *
 * @param oldest time of the oldest in memory; undefined where there is none
 */
export function mayBeStored({ live }: LineStores, source: LogSource, from: number, oldest = Number.POSITIVE_INFINITY) {
  return from < oldest || from <= (live.ringOf(source)?.latestGone ?? Number.POSITIVE_INFINITY);
}

export function isWithin({ time }: LiveRecord, { from, to }: Range): boolean {
  return time >= from && time < to;
}

function isAfter(record: LiveRecord, after: LinePosition | undefined): boolean {
  return after === undefined || newestFirst(record, after) > 0;
}
