import type { Inspection } from '../../app/ingestion/inspection.js';
import { oddFieldsText } from './odd-fields-text.js';
import { columnsOf } from './output.js';
import { count, number } from './quantities.js';
import { refusalsText } from './refused-text.js';
import { SafeText, safe } from './safe-text.js';
import { cut } from './width.js';

const RUNNERS_UP = 4;
const MAX_COLUMNS = 160;

/** A name that was inspected. */
export interface Inspected {
  readonly kind: 'file' | 'topic' | 'url' | 'mqtt';
  /** As it may be printed. */
  readonly name: string;
  readonly inspection: Inspection;
}

/** How the lines of a file, a topic or what a URL names are read. */
export function inspectionText({ inspection, kind: of, name: plain }: Inspected): SafeText[] {
  const { decisions, guesses, isPart, kinds, map, oddFields, refused, warnings } = inspection;
  const name = of === 'topic' ? `topic ${plain}` : plain;
  const columns = Math.min(columnsOf(process.stdout) ?? MAX_COLUMNS, MAX_COLUMNS);
  const events = kinds.reduce((sum, kind) => sum + kind.events, 0);
  const [best, ...others] = guesses;
  return [
    safe`${name}: ${count(events, 'event')}, ${count(refused.total, 'line')} refused${isPart ? ', and more lines' : ''}`,
    ...warnings.map((warning) => safe`  ${warning}`),
    ...decisions.map((decision) => safe`  ${decision}`),
    ...(best === undefined
      ? []
      : [
          safe`  by the first ${count(best.of, 'line')}: ${best.format} reads ${number(best.read)}${others
            .slice(0, RUNNERS_UP)
            .map(({ format, read }) => `, ${format} ${number(read)}`)
            .join('')}`,
        ]),
    ...kinds.flatMap(({ events: all, fields, kind }) => [
      safe`  ${number(all)} ${kind}`,
      ...fields.map(({ first, name: field, present }) =>
        cut(
          safe`    ${field.padEnd(14)} ${`${Math.round((100 * present) / all)} %`.padStart(5)}  ${present === 0 ? '' : shown(field, first)}`,
          columns,
        ),
      ),
    ]),
    ...refusalsText(refused).map((line) => safe`  ${line}`),
    ...oddFieldsText(oddFields).map((line) => safe`  ${line}`),
    ...(map === undefined ? [] : [safe`  to say by hand what is what: --map ${map}`]),
  ];
}

/** The same as data. */
export function inspectionJson({ inspection, kind, name }: Inspected): SafeText {
  const { oddFields, refused, ...rest } = inspection;
  const events = rest.kinds.reduce((sum, { events: of }) => sum + of, 0);
  const { counts, first, total } = refused;
  return SafeText.json({
    ...{ name, kind, events, ...rest },
    refused: { total, reasons: Object.fromEntries(counts), first },
    oddFields: Object.fromEntries(oddFields),
  });
}

function shown(name: string, value: unknown): string {
  if (name === 'timestamp' && typeof value === 'number') return new Date(value).toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}
