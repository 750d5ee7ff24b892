import { type Found, isWithin, type LineStores, mayBeStored, type Search } from './lines.js';
import { matcherOf } from './log-query.js';
import { termsFor } from './matcher-for.js';
import { StoredLinesAway, storeOf } from './stored-lines.js';
import { unstoredLines } from './unstored-lines.js';

/**
 * What is not in memory: counts of what is stored, and the lines that are not stored yet. Where what is stored cannot be
 * asked, nothing, if there is something in memory; as `searched` then says.
 *
 * @throws Problem
 */
export async function storedCounts(
  services: LineStores,
  search: Search,
  { held, records, searched }: Found,
  step: number,
) {
  const { q, range, signal, source } = search;
  const nothing = { counts: [], records: [] };
  const store = storeOf(services.storedLines, source);
  if (store === undefined || !mayBeStored(services, source, range.from, searched.from ?? undefined)) {
    return { ...nothing, searched };
  }
  const terms = termsFor(q);
  try {
    const { counts, isLimited, notSearched, stored } = await store.counts({ source, terms, range, held, signal }, step);
    const unstored = await unstoredLines(services, held, stored, signal);
    const matches = matcherOf(terms);
    const fitting = unstored.records.filter((record) => isWithin(record, range) && matches(record.value));
    const first = counts.reduce((least, { time }) => Math.min(least, time), searched.from ?? range.to);
    return {
      ...{ counts, records: fitting },
      searched: {
        ...{ ...searched, store: store.name, from: Math.max(first, range.from), not_searched: [...notSearched] },
        lines: counts.reduce((sum, { count }) => sum + count, searched.lines + fitting.length),
        limited: isLimited || unstored.isLimited,
      },
    };
  } catch (error) {
    if (!(error instanceof StoredLinesAway) || records.length === 0) throw error;
    return { ...nothing, searched: { ...searched, limited: true, unavailable: error.detail } };
  }
}
