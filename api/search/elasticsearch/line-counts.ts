import { z } from 'zod';
import type { Span } from '../../live/record-ring.js';
import type { Range } from '../../parameters.js';
import type { LineCount } from '../stored-lines.js';
import { anyOf } from './clauses.js';
import type { Dsl, IndexRequests } from './index-requests.js';
import { rangeFilter } from './newest-documents.js';
import type { TopicIndex } from './topic-index.js';

/** Levels of a step; what is rarer is counted together. */
const MOST_CLASSES = 500;
/** Ids that a question leaves out. */
const MOST_LEFT_OUT = 200_000;
const RARE = 'other';

const bucket = z.object({ key: z.union([z.string(), z.number()]), doc_count: z.number() });
const answer = z.object({
  doubtful: z.object({ doc_count: z.number() }),
  at: z.object({
    buckets: z.array(bucket.extend({ key: z.number(), class: z.object({ buckets: z.array(bucket) }) })),
  }),
});

export interface CountQuestion {
  /** What a line fits that fits, and no other but those of the doubts. */
  readonly filter: readonly Dsl[];
  readonly doubts: readonly Dsl[];
  readonly range: Range;
  readonly step: number;
  /** Records that are counted elsewhere: those of memory, and what was on its way. */
  readonly leftOut: readonly Span[];
  /** What lines are told apart by; as `classOf` has it. */
  readonly by: 'level' | 'status';
  readonly signal: AbortSignal;
}

/**
 * Counts of the lines that fit, as the index counts them; undefined where it cannot: where it does not know of some whether
 * they fit, or too many are in memory.
 *
 * @throws StoredLinesAway
 */
export async function lineCounts(
  requests: IndexRequests,
  index: TopicIndex,
  { by, doubts, filter, leftOut, range, signal, step }: CountQuestion,
): Promise<LineCount[] | undefined> {
  const count = leftOut.reduce((sum, { first, last }) => sum + Math.max(0, last + 1 - first), 0);
  if (count > MOST_LEFT_OUT) return undefined;
  const values = leftOut.flatMap((span) => [...index.idsOf(span)]);
  const classes =
    by === 'level'
      ? { terms: { field: 'level', size: MOST_CLASSES } }
      : { histogram: { field: 'status', interval: 100, min_doc_count: 1 } };
  const interval = { field: 'timestamp', fixed_interval: `${Math.trunc(step)}ms`, min_doc_count: 1 };
  const doubt = doubts.length === 0 ? { bool: { must_not: { match_all: {} } } } : anyOf(doubts);
  const body = {
    ...{ size: 0, track_total_hits: false },
    query: {
      bool: {
        filter: [...filter, ...rangeFilter(range)],
        ...(values.length === 0 ? {} : { must_not: { ids: { values } } }),
      },
    },
    aggs: { at: { date_histogram: interval, aggs: { class: classes } }, doubtful: { filter: doubt } },
  };
  const { aggregations } = await requests.search(index.name, body, signal);
  // Of no index at all there are none.
  if (aggregations === undefined) return [];
  const { at, doubtful } = answer.parse(aggregations);
  if (doubtful.doc_count > 0) return undefined;
  return at.buckets.flatMap(({ class: byClass, doc_count: all, key: time }) => {
    const counts = byClass.buckets.map(({ doc_count, key }) => ({ time, name: nameOf(key), count: doc_count }));
    const rest = counts.reduce((left, { count }) => left - count, all);
    return rest > 0 ? [...counts, { time, name: RARE, count: rest }] : counts;
  });
}

function nameOf(key: string | number): string {
  return typeof key === 'number' ? `${Math.floor(key / 100)}xx` : key;
}
