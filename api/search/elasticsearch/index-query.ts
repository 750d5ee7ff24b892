import type { LineFields } from '../line-fields.js';
import { type Fields, matcherOf, type Term, type TermValue } from '../log-query.js';
import { ALL, anyOf, type Clause, exactly, NONE, not, some, UNKNOWN } from './clauses.js';
import type { Dsl, FieldTypes } from './index-requests.js';
import { isNumberType, numberClause } from './number-clauses.js';
import { addressClause, keywordClause, nullClause, textClause } from './text-clauses.js';

const PROSE = 'message';
const TIME = 'timestamp';

/** What an index is asked in place of a search. */
export interface IndexQuery {
  /** Every line that fits fits all of them; undefined: no line can fit. */
  readonly filter: readonly Dsl[] | undefined;
  /** Whether no other line fits them. */
  readonly isExact: boolean;
  /** It is exact where no line fits one of these. */
  readonly doubts: readonly Dsl[];
  /** Fields whose texts the filter does not look at, though the search does. */
  readonly notSearched: readonly string[];
}

/** Every line of an index. */
export const EVERY_LINE: IndexQuery = { filter: [], isExact: false, doubts: [], notSearched: [] };

/**
 * What an index is asked in place of a search, by the types of its fields.
 *
 * Lines that it finds and that do not fit are told by the matcher that memory uses, too: what an index cannot say of a field
 * makes a search slower, and not another one.
 */
export function indexQueryOf(terms: readonly Term[], fields: Required<LineFields>, types: FieldTypes): IndexQuery {
  const clauses = terms.map((term) => ({ term, clause: termClause(term, fields, types) }));
  const wordsInMaps = clauses.some(
    ({ clause, term }) => term.field === undefined && !term.isNegated && clause.query !== 'all',
  );
  return {
    filter: clauses.some(({ clause }) => clause.query === 'none')
      ? undefined
      : clauses.flatMap(({ clause: { query } }) => (typeof query === 'string' ? [] : [query])),
    isExact: clauses.every(({ clause }) => clause.isExact),
    doubts: clauses.flatMap(({ clause }) => clause.doubts),
    notSearched: wordsInMaps ? fields.maps : [],
  };
}

function termClause({ field, isNegated, values }: Term, fields: Required<LineFields>, types: FieldTypes): Clause {
  const any = some(
    values.map((value) =>
      field === undefined ? wordClause(value, fields, types) : fieldClause(field, value, fields, types),
    ),
  );
  // A word may also stand in a map.
  const isUncertain = field === undefined && isNegated && fields.maps.length > 0;
  if (isUncertain) return UNKNOWN;
  return isNegated ? not(any) : any;
}

function wordClause(value: TermValue, { texts }: Required<LineFields>, types: FieldTypes): Clause {
  return some(texts.map((field) => textOf(field, value, types, true)));
}

function fieldClause(field: string, value: TermValue, fields: Required<LineFields>, types: FieldTypes): Clause {
  const { booleans, maps, numbers, texts } = fields;
  if (field === TIME || maps.includes(field.split('.')[0] ?? '')) return UNKNOWN;
  const isNull = value.kind === 'text' && value.text.toLowerCase() === 'null';
  const isKnown = texts.includes(field) || numbers.includes(field) || booleans.includes(field);
  if (!isKnown) return isNull ? ALL : NONE;
  const type = types.get(field);
  if (type === undefined) return UNKNOWN;
  if (isNull) {
    const isMissing = nullClause(field, type);
    return texts.includes(field) ? some([isMissing, textOf(field, value, types, field === PROSE)]) : isMissing;
  }
  if (texts.includes(field)) return textOf(field, value, types, field === PROSE);
  if (numbers.includes(field)) return isNumberType(type) ? numberClause(field, type, value) : UNKNOWN;
  return type === 'boolean' ? booleanClause(field, value) : UNKNOWN;
}

function textOf(field: string, value: TermValue, types: FieldTypes, isWithin: boolean): Clause {
  if (value.kind === 'compare' || value.kind === 'range') return NONE;
  switch (types.get(field)) {
    case 'keyword':
      return keywordClause(field, value, isWithin);
    case 'ip':
      return addressClause(field, value, isWithin);
    case 'text':
      return types.get(`${field}.keyword`) === 'keyword' ? textClause(field, value, isWithin) : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

function booleanClause(field: string, value: TermValue): Clause {
  const fits = matcherOf([{ field, isNegated: false, values: [value] }]);
  const found = [true, false].filter((held) => fits({ [field]: held } satisfies Fields));
  return found.length === 0 ? NONE : exactly(anyOf(found.map((held) => ({ term: { [field]: held } }))));
}
