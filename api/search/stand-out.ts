import { z } from 'zod';
import type { Fields } from './log-query.js';
import { maskedMessage } from './message-pattern.js';

/** A value is told of when it would come by chance in fewer than one of so many selections. */
const LEVEL = 0.001;
/** A field with more values than this does not say what a selection has in common. */
const MAX_VALUES = 200;
const MAX_STANDING_OUT = 5;
/** Of which each line has its own, or that another field says. */
const NOT_COMPARED = new Set([
  'timestamp',
  'time',
  'request_id',
  'session_id',
  'response_time',
  'request_time',
  'bytes',
  'is_anomaly',
  'id',
  'key',
]);

export const fieldShift = z
  .object({
    field: z.string(),
    value: z.string(),
    share: z.number().meta({ description: 'Of the lines of the selection.' }),
    share_before: z.number().meta({ description: 'Of the lines that it is compared with.' }),
    lines: z.int(),
    g: z.number().meta({ description: 'The statistic of the G-test, of one degree of freedom.' }),
    p: z.number().meta({ description: 'By chance, of as many values as were compared (Bonferroni).' }),
  })
  .meta({ id: 'FieldShift' });
export type FieldShift = z.output<typeof fieldShift>;

export const comparison = z
  .object({
    selected: z.int(),
    compared_with: z.int(),
    stand_out: z.array(fieldShift),
    alike: z
      .array(z.object({ field: z.string(), values: z.int() }))
      .meta({ description: 'Fields whose values are about as usual, and how many there are in the selection.' }),
  })
  .meta({ id: 'Comparison' });

/** The values of fields whose shares differ most between a selection and what it is compared with, by G-tests. */
export function compare(selection: Iterable<Fields>, others: Iterable<Fields>): z.output<typeof comparison> {
  const selected = count(selection);
  const usual = count(others);
  const shifts = new Map<string, FieldShift[]>();
  let tests = 0;
  for (const [field, values] of selected.byField) {
    const before = usual.byField.get(field);
    const names = new Set([...values.keys(), ...(before?.keys() ?? [])]);
    if (names.size > MAX_VALUES || names.size === 0) continue;
    const ofField: FieldShift[] = [];
    for (const value of names) {
      const lines = values.get(value) ?? 0;
      const linesBefore = before?.get(value) ?? 0;
      tests++;
      ofField.push({
        ...{ field, value, lines },
        share: shareOf(lines, selected.lines),
        share_before: shareOf(linesBefore, usual.lines),
        g: gStatistic(lines, selected.lines - lines, linesBefore, usual.lines - linesBefore),
        p: 1,
      });
    }
    shifts.set(field, ofField);
  }
  const strongest: FieldShift[] = [];
  const alike: { field: string; values: number }[] = [];
  for (const [field, ofField] of shifts) {
    // What is less in the selection follows from what is more.
    const more = ofField.filter(({ share, share_before }) => share > share_before);
    const best = more.reduce<FieldShift | undefined>((most, one) => (one.g > (most?.g ?? 0) ? one : most), undefined);
    const p = best === undefined ? 1 : Math.min(1, tests * chanceOf(best.g));
    if (best !== undefined && p < LEVEL) strongest.push({ ...best, p });
    else alike.push({ field, values: ofField.filter(({ lines }) => lines > 0).length });
  }
  strongest.sort((one, other) => other.g - one.g);
  return {
    selected: selected.lines,
    compared_with: usual.lines,
    stand_out: strongest.slice(0, MAX_STANDING_OUT),
    alike,
  };
}

interface Counted {
  readonly lines: number;
  readonly byField: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

function count(all: Iterable<Fields>): Counted {
  const byField = new Map<string, Map<string, number>>();
  let lines = 0;
  for (const fields of all) {
    lines++;
    for (const name in fields) {
      if (NOT_COMPARED.has(name)) continue;
      const value = fields[name];
      if (typeof value !== 'string' && !Number.isInteger(value)) continue;
      const text = name === 'message' ? maskedMessage(value as string) : String(value);
      let values = byField.get(name);
      if (values === undefined) {
        values = new Map();
        byField.set(name, values);
      }
      // It is known by then that there are too many.
      if (values.size > MAX_VALUES && !values.has(text)) continue;
      values.set(text, (values.get(text) ?? 0) + 1);
    }
  }
  return { lines, byField };
}

function shareOf(part: number, all: number): number {
  return all === 0 ? 0 : part / all;
}

/** The log-likelihood ratio of a table of two by two (Sokal and Rohlf, Biometry). */
export function gStatistic(a: number, b: number, c: number, d: number): number {
  const total = a + b + c + d;
  const cell = (observed: number, row: number, column: number) =>
    observed === 0 ? 0 : observed * Math.log((observed * total) / (row * column));
  const sum = cell(a, a + b, a + c) + cell(b, a + b, b + d) + cell(c, c + d, a + c) + cell(d, c + d, b + d);
  return Math.max(0, 2 * sum);
}

/** How likely a value of chi-square of one degree of freedom is to be as large by chance. */
export function chanceOf(chiSquare: number): number {
  return erfc(Math.sqrt(chiSquare / 2));
}

/** Right to 1.2e-7 of its value: a Chebyshev fit (Press et al., Numerical Recipes, section 6.2). */
function erfc(x: number): number {
  const t = 1 / (1 + x / 2);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const polynomial = coefficients.reduceRight((sum, coefficient) => coefficient + t * sum, 0);
  return t * Math.exp(-x * x + polynomial);
}
