import { type DuckDb, literal } from '../duckdb.js';
import { LakeError } from '../lake-error.js';

/** The letters of Spark's date patterns, and what strftime has for them. */
const SPECIFIERS: Readonly<Record<string, string>> = {
  yyyy: '%Y',
  yy: '%y',
  MMMM: '%B',
  MMM: '%b',
  MM: '%m',
  M: '%-m',
  dd: '%d',
  d: '%-d',
  EEEE: '%A',
  E: '%a',
  EEE: '%a',
  HH: '%H',
  H: '%-H',
  hh: '%I',
  h: '%-I',
  mm: '%M',
  m: '%-M',
  ss: '%S',
  s: '%-S',
  SSS: '%g',
  SSSSSS: '%f',
  a: '%p',
};

/** A run of one letter, a text in quotes, or anything else. */
const PART = /(?<letters>([A-Za-z])\2*)|'(?<quoted>(?:[^']|'')*)'|(?<other>[\s\S])/g;

/**
 * The functions of Spark's SQL that DuckDB has not, or under other names: current_timestamp(), and date_format(time, pattern)
 * for these patterns.
 *
 * @throws LakeError QUERY_REFUSED when a pattern has letters that are not known
 */
export async function createSparkFunctions(duckDb: DuckDb, datePatterns: ReadonlySet<string>): Promise<void> {
  await duckDb.run('CREATE MACRO current_timestamp() AS now()');
  if (datePatterns.size === 0) return;
  // strftime takes no pattern that is not a constant, and so none of a macro's parameters.
  const cases = [...datePatterns].map(
    (pattern) =>
      `WHEN ${literal(pattern)} THEN strftime(CAST(moment AS TIMESTAMP), ${literal(strftimeFormat(pattern))})`,
  );
  await duckDb.run(`CREATE MACRO date_format(moment, pattern) AS CASE pattern ${cases.join(' ')} END`);
}

/** Spark's date pattern as strftime has it: `yyyy-MM-dd HH:mm` is `%Y-%m-%d %H:%M`. */
export function strftimeFormat(pattern: string): string {
  return [...pattern.matchAll(PART)]
    .map(({ groups = {} }) => {
      const { letters, other, quoted } = groups;
      if (letters === undefined)
        return (other ?? (quoted === '' ? "'" : quoted?.replaceAll("''", "'")) ?? '').replaceAll('%', '%%');
      const specifier = SPECIFIERS[letters];
      if (specifier !== undefined) return specifier;
      throw new LakeError(
        'QUERY_REFUSED',
        `the query is refused: date_format does not know "${letters}"; it knows ${Object.keys(SPECIFIERS).join(', ')}`,
      );
    })
    .join('');
}
