import type { FormatText, FormatVariable } from './format-text.js';
import { variableOf } from './log-format-variables.js';

export interface Ambiguities {
  /** Why the format cannot be used. */
  readonly refused?: string;
  /** What whoever chose it should know. */
  readonly warnings: readonly string[];
}

/**
 * Whether it can be told where the used variables of a format end: two that touch must not hold the same characters, and
 * one that stands between two texts of clients' own is theirs to make up, unless something that they cannot write, such as
 * quotes, stands between.
 */
export function ambiguities({ variables }: FormatText, used: ReadonlySet<number>): Ambiguities {
  const warnings: string[] = [];
  for (const [index, variable] of variables.entries()) {
    const next = variables[index + 1];
    if (next === undefined || variable.literal !== '' || !(used.has(index) || used.has(index + 1))) continue;
    if (touches(variable, next)) {
      return {
        warnings,
        refused:
          `it cannot be told where ${placed(variable)} ends and ${placed(next)} begins: nothing stands between them in ` +
          'the log format, and both may hold the same characters; write them apart, with quotes or a space',
      };
    }
  }
  const told = new Set<string>();
  // From the end, for the nearest two say it best.
  for (const [index, first] of [...variables.entries()].reverse()) {
    if (!isOpen(first)) continue;
    const last = variables.findIndex((other, at) => at > index && isOpen(other) && canMove(variables, index, at, used));
    const second = variables[last];
    if (second === undefined) continue;
    const between = variables.slice(index + 1, last).filter((_variable, at) => used.has(index + 1 + at));
    const names = between.map(({ name }) => `$${name}`).filter((name) => !told.has(name));
    if (names.length === 0) continue;
    for (const name of names) told.add(name);
    warnings.push(
      `a client can make up ${names.join(', ')}: ${placed(first)} and ${placed(second)} of the log format may hold what ` +
        'stands between them; write both in quotes',
    );
  }
  return { warnings };
}

function placed({ column, name }: FormatVariable): string {
  return `$${name} (column ${column})`;
}

/** A client's text of any characters, without quotes around it. */
function isOpen({ name, quoted }: FormatVariable): boolean {
  return !quoted && variableOf(name).free && variableOf(name).origin === 'client';
}

/** Whether text of two variables can take the place of the used ones between them. */
function canMove(
  variables: readonly FormatVariable[],
  first: number,
  last: number,
  used: ReadonlySet<number>,
): boolean {
  let isUsedBetween = false;
  for (let at = first; at < last; at++) {
    // Servers escape quotes: no client can write one.
    if (variables[at]?.literal.includes('"') === true) return false;
    if (at > first && used.has(at)) isUsedBetween = true;
  }
  return isUsedBetween;
}

/** Letters, digits and signs that a variable may start or end with, one of each kind. */
const SAMPLES = ['a', '0', '/', '-', '.', ':'];

function touches(first: FormatVariable, second: FormatVariable): boolean {
  const { strict: one } = variableOf(first.name);
  const { strict: other } = variableOf(second.name);
  // What has one form only ends where it ends.
  if (one.kind === 'fixed' && !isNumber(first)) return false;
  const ends = SAMPLES.filter((sample) =>
    one.kind === 'fixed' ? sample === '0' || sample === '.' : one.has(sample, 0),
  );
  const starts = SAMPLES.filter((sample) =>
    other.kind === 'fixed'
      ? other.end(sample, 0) === 1
      : other.has(sample, 0) && (other.starts === undefined || other.starts(sample, 0)),
  );
  // `-` alone stands for what there is not, and is read as that.
  return starts.some((sample) => sample !== '-' && ends.includes(sample));
}

function isNumber({ name }: FormatVariable): boolean {
  const { strict } = variableOf(name);
  return strict.kind === 'fixed' && strict.end('0', 0) === 1;
}
