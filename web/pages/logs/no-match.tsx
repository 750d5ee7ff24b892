import { useQueries } from '@tanstack/react-query';
import type { LogLine } from '../../api/client.js';
import { histogramOf } from '../../api/questions.js';
import { Note } from '../../parts/state.js';
import { whole } from '../../parts/wording.js';
import { termsOf } from './search-terms.js';

/** So many terms are tried, the last ones: each is a search of its own. */
const MAX_TRIED = 5;

interface NoMatchProps {
  readonly query: {
    readonly source: LogLine['kind'];
    readonly q: string;
    readonly from: string;
    readonly to?: string;
  };
  /** The range in words. */
  readonly within: string;
  readonly without: (q: string) => void;
}

interface Tried {
  readonly term: string;
  /** The search without the term. */
  readonly rest: string;
}

/** A search without each of its terms, the last one first. */
export function withoutEach(q: string): Tried[] {
  const terms = termsOf(q);
  return terms
    .map((term, index) => ({ term, rest: terms.filter((_, place) => place !== index).join(' ') }))
    .toReversed()
    .slice(0, MAX_TRIED);
}

/** The term without which most is left, and how many lines that is; undefined where none alone is at fault. */
export function atFault(tried: readonly Tried[], totals: readonly (number | undefined)[]) {
  const found = tried
    .map((one, index) => ({ ...one, total: totals[index] ?? 0 }))
    .reduce<(Tried & { readonly total: number }) | undefined>(
      (most, one) => (most === undefined || one.total > most.total ? one : most),
      undefined,
    );
  return found !== undefined && found.total > 0 ? found : undefined;
}

/** Which part of the search leaves nothing, and how many lines there are without it. */
export function NoMatch({ query, within, without }: NoMatchProps) {
  const tried = withoutEach(query.q);
  const asked = useQueries({ queries: tried.map(({ rest }) => histogramOf({ ...query, q: rest })) });
  if (tried.length === 0) return <Note icon="logs" title={`No line in this range: ${within.toLowerCase()}.`} />;
  const isAsking = asked.some(({ isPending }) => isPending);
  const fault = atFault(
    tried,
    asked.map(({ data }) => data?.total),
  );
  return (
    <Note
      icon="filter"
      title={`No line matches, ${within.toLowerCase()}.`}
      action={
        <button type="button" className="btn sm" onClick={() => without(fault?.rest ?? '')}>
          {fault === undefined ? 'Without all of it' : 'Without it'}
        </button>
      }
    >
      {fault !== undefined ? (
        <>
          Without <code>{fault.term}</code> there are {whole(fault.total)}.
        </>
      ) : (
        !isAsking && tried.length > 1 && 'No part of the search is at fault alone.'
      )}
    </Note>
  );
}
