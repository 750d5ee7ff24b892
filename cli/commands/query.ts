import { type Command, Option } from 'commander';
import { LakeError } from '../../lake/lake-error.js';
import { type QueryResult, runQuery } from '../../lake/query/run-query.js';
import { positiveWait } from '../options/duration.js';
import { addDataDir, durationOption, sizeOption, wholeNumber } from '../options/options.js';
import { UsageError } from '../options/usage-error.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { onNobodyReads, print, say } from '../terminal/output.js';
import { number } from '../terminal/quantities.js';
import { SafeText, safe } from '../terminal/safe-text.js';
import { printTable } from '../terminal/table.js';
import { addLake, type LakeOption, lakeDirectory } from './lake.js';

/** What spreadsheets take for the start of a formula, also behind spaces and in the width of East Asian letters. */
const FORMULA = /^\s*[=+@\uff1d\uff0b\uff20\uff0d-](?!$)/;
const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;

const FORMATS = ['table', 'json', 'csv'] as const;

export interface FormatOption {
  readonly format: (typeof FORMATS)[number];
}

interface QueryOptions extends LakeOption, FormatOption {
  readonly maxRows: number;
  readonly timeout: number;
  readonly memoryLimit: number;
}

export function queryCommand(program: Command): Command {
  const command = program
    .command('query')
    .description(
      'run one SELECT over the stored logs and results: the table `logs` has all of them, and each kind' +
        ' has its own table',
    )
    .argument('<sql>')
    .option('--max-rows <rows>', 'print at most this many rows', wholeNumber(1), 10_000)
    .addOption(durationOption('--timeout <duration>', 'stop a query that takes longer', '30s', positiveWait))
    .addOption(sizeOption('--memory-limit <size>', 'stop a query that needs more memory', '1GiB'));
  return addFormat(addLake(addDataDir(command))).action(query);
}

export function addFormat(command: Command): Command {
  return command.addOption(
    new Option('--format <format>', 'format of the rows; json prints one line per row with exact values')
      .choices(FORMATS)
      .default('table' satisfies FormatOption['format']),
  );
}

async function query(sql: string, options: QueryOptions): Promise<void> {
  const stop = new AbortController();
  stopOnSignals(stop);
  const { maxRows, memoryLimit, timeout } = options;
  let result: QueryResult;
  try {
    result = await runQuery(lakeDirectory(options), sql, {
      maxRows,
      timeoutMs: timeout,
      memoryLimitBytes: memoryLimit,
      signal: stop.signal,
    });
  } catch (error) {
    if (error instanceof LakeError && error.code === 'QUERY_REFUSED') throw new UsageError(error.message);
    throw error;
  }
  printRows(result, options.format);
  if (result.isCut) say(safe`there are more than ${number(maxRows)} rows; --max-rows prints more`);
}

/** Prints a result on standard output. */
export function printRows({ names, rows }: Pick<QueryResult, 'names' | 'rows'>, format: FormatOption['format']): void {
  // Whoever reads it may have seen enough.
  onNobodyReads(() => process.exit(0));
  if (format === 'table') {
    printTable(
      names,
      rows.map((row) => row.map(text)),
    );
  } else if (format === 'csv') {
    for (const row of [names, ...rows]) print(SafeText.join(row.map(csvField), ','));
  } else {
    for (const row of rows) print(SafeText.json(Object.fromEntries(names.map((name, index) => [name, row[index]]))));
  }
}

type Value = QueryResult['rows'][number][number];

function text(value: Value | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * A field as RFC 4180 has it. Text that a spreadsheet would take for a formula has an apostrophe before it, for log lines
 * are written by anyone; numbers, also negative ones, and a lone dash are none.
 */
function csvField(value: Value): SafeText {
  const isText = typeof value === 'string';
  const field = safe`${isText && FORMULA.test(value) && !NUMBER.test(value) ? "'" : ''}${text(value)}`;
  return field.with((all) => (/[",]/.test(all) ? `"${all.replaceAll('"', '""')}"` : all));
}
