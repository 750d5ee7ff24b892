import type { Services } from '../services.js';
import { isInLake, lakeCounts } from './lake-lines.js';
import type { Found, Search } from './lines.js';
import { termsFor } from './matcher-for.js';

/** Of the lake, what comes before that which is in memory. */
export async function storedCounts(services: Services, search: Search, { searched: live }: Found, step: number) {
  const { lakeDirectory } = services;
  const { range, source } = search;
  const to = Math.min(range.to, live.from ?? range.to);
  if (range.from >= to || !isInLake(lakeDirectory, source)) return { counts: [], searched: live };
  const counts = await lakeCounts(
    lakeDirectory,
    { source, terms: termsFor(search.q), range: { from: range.from, to }, signal: search.signal },
    step,
  );
  const first = counts.reduce((least, { time }) => Math.min(least, time), live.from ?? to);
  const lines = counts.reduce((sum, { count }) => sum + count, live.lines);
  return { counts, searched: { ...live, store: 'lake' as const, from: Math.max(first, range.from), lines } };
}
