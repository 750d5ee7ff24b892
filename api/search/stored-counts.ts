import { isInLake, lakeCounts } from './lake-lines.js';
import { type Found, isWithin, type LineStores, mayBeStored, type Search } from './lines.js';
import { matcherOf } from './log-query.js';
import { termsFor } from './matcher-for.js';
import { unstoredLines } from './unstored-lines.js';

/** What is not in memory: counts of the lake, and the lines that are not in it yet. */
export async function storedCounts(
  services: LineStores,
  search: Search,
  { held, searched: live }: Found,
  step: number,
) {
  const { lakeLines } = services;
  const { q, range, signal, source } = search;
  if (!mayBeStored(services, source, range.from, live.from ?? undefined) || !isInLake(lakeLines, source)) {
    return { counts: [], records: [], searched: live };
  }
  const terms = termsFor(q);
  const { counts, stored } = await lakeCounts(lakeLines, { source, terms, range, held, signal }, step);
  const unstored = await unstoredLines(services, held, stored, signal);
  const matches = matcherOf(terms);
  const records = unstored.records.filter((record) => isWithin(record, range) && matches(record.value));
  const first = counts.reduce((least, { time }) => Math.min(least, time), live.from ?? range.to);
  const lines = counts.reduce((sum, { count }) => sum + count, live.lines + records.length);
  const searched = { ...live, store: 'lake' as const, from: Math.max(first, range.from), lines };
  return { counts, records, searched: { ...searched, limited: unstored.isLimited } };
}
