import type { Command } from 'commander';
import { type Inspection, inspectFile } from '../../app/ingestion/inspect.js';
import { ProducerError } from '../../producer/producer-error.js';
import { requireLogFormat, wholeNumber } from '../options/options.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { oddFieldsText } from '../terminal/odd-fields-text.js';
import { columnsOf, print } from '../terminal/output.js';
import { count, number } from '../terminal/quantities.js';
import { refusalsText } from '../terminal/refused-text.js';
import { type SafeText, safe } from '../terminal/safe-text.js';
import { cut } from '../terminal/width.js';

interface InspectOptions {
  readonly logFormat: string;
  readonly map?: string;
  readonly timeZone?: string;
  readonly service?: string;
  readonly lines: number;
}

const RUNNERS_UP = 4;
const MAX_COLUMNS = 160;

export function inspectCommand(program: Command): Command {
  return program
    .command('inspect')
    .description('show how the lines of files are read, field by field, and which are refused and why; writes nothing')
    .argument('<files...>', 'files, also compressed; - for standard input')
    .option('--log-format <format>', 'as for start', 'auto')
    .option('--map <fields>', 'as for start')
    .option('--time-zone <name>', 'as for start')
    .option('--service <name>', 'as for start')
    .option('--lines <number>', 'how many lines to read', wholeNumber(1), 10_000)
    .action(inspect);
}

async function inspect(files: readonly string[], options: InspectOptions): Promise<void> {
  requireLogFormat(options);
  const stop = new AbortController();
  stopOnSignals(stop);
  const { lines, logFormat, map, service, timeZone } = options;
  let events = 0;
  let refused = 0;
  for (const file of files) {
    const inspection = await inspectFile(
      file,
      {
        ...{ format: logFormat, host: 'unknown', server: 'unknown' },
        ...(map === undefined ? {} : { map }),
        ...(service === undefined ? {} : { service }),
        ...(timeZone === undefined ? {} : { timeZone }),
      },
      lines,
      stop.signal,
    );
    for (const line of textOf(file, inspection)) print(line);
    for (const kind of inspection.kinds) events += kind.events;
    refused += inspection.refused.total;
  }
  if (events === 0 && refused > 0) {
    throw new ProducerError('NOTHING_USABLE', 'no line of the input could be used; the reasons are above');
  }
}

function textOf(file: string, inspection: Inspection): SafeText[] {
  const { decisions, guesses, isPart, kinds, map, oddFields, refused, warnings } = inspection;
  const columns = Math.min(columnsOf(process.stdout) ?? MAX_COLUMNS, MAX_COLUMNS);
  const events = kinds.reduce((sum, kind) => sum + kind.events, 0);
  const [best, ...others] = guesses;
  return [
    safe`${file}: ${count(events, 'event')}, ${count(refused.total, 'line')} refused${isPart ? ', and more lines' : ''}`,
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
    ...kinds.flatMap(({ events: of, fields, kind }) => [
      safe`  ${number(of)} ${kind}`,
      ...fields.map(({ first, name, present }) =>
        cut(
          safe`    ${name.padEnd(14)} ${`${Math.round((100 * present) / of)} %`.padStart(5)}  ${present === 0 ? '' : shown(name, first)}`,
          columns,
        ),
      ),
    ]),
    ...refusalsText(refused).map((line) => safe`  ${line}`),
    ...oddFieldsText(oddFields).map((line) => safe`  ${line}`),
    ...(map === undefined ? [] : [safe`  to say by hand what is what: --map ${map}`]),
  ];
}

function shown(name: string, value: unknown): string {
  if (name === 'timestamp' && typeof value === 'number') return new Date(value).toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}
