import type { Dsl } from './index-requests.js';

/** What an index can be asked, in place of a condition: it finds every line that fits, and may find others. */
export interface Clause {
  readonly query: Dsl | 'all' | 'none';
  /** Whether it finds no others. */
  readonly isExact: boolean;
  /** It is exact where no line fits one of these. */
  readonly doubts: readonly Dsl[];
}

export const ALL: Clause = { query: 'all', isExact: true, doubts: [] };
export const NONE: Clause = { query: 'none', isExact: true, doubts: [] };
/** Nothing that the index knows helps: each line is looked at. */
export const UNKNOWN: Clause = { query: 'all', isExact: false, doubts: [] };

export function exactly(query: Dsl): Clause {
  return { query, isExact: true, doubts: [] };
}

export function atLeast(query: Dsl): Clause {
  return { query, isExact: false, doubts: [] };
}

/** Finds besides what the index does not say enough of. */
export function withDoubt({ doubts, isExact, query }: Clause, doubt: Dsl): Clause {
  if (query === 'all') return { query, isExact, doubts };
  return { query: query === 'none' ? doubt : anyOf([query, doubt]), isExact, doubts: [...doubts, doubt] };
}

export function some(clauses: readonly Clause[]): Clause {
  const all = clauses.find(({ query }) => query === 'all');
  if (all !== undefined) return clauses.includes(ALL) ? ALL : all;
  const queries = clauses.flatMap(({ query }) => (typeof query === 'string' ? [] : [query]));
  if (queries.length === 0) return NONE;
  return {
    query: anyOf(queries),
    isExact: clauses.every(({ isExact }) => isExact),
    doubts: clauses.flatMap(({ doubts }) => doubts),
  };
}

export function not({ doubts, isExact, query }: Clause): Clause {
  if (!isExact || doubts.length > 0) return UNKNOWN;
  if (query === 'all') return NONE;
  return query === 'none' ? ALL : exactly(noneOf([query]));
}

export function anyOf(queries: readonly Dsl[]): Dsl {
  const [only] = queries;
  return queries.length === 1 && only !== undefined ? only : { bool: { should: queries, minimum_should_match: 1 } };
}

export function noneOf(queries: readonly Dsl[]): Dsl {
  return { bool: { must_not: queries } };
}

export function exists(field: string): Dsl {
  return { exists: { field } };
}
