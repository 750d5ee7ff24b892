import Table from 'cli-table3';
import { type Command, Option } from 'commander';
import { LakeError } from '../lake/lake-error.js';
import { type QueryResult, runQuery } from '../lake/query/run-query.js';
import { stopOnSignals } from './interruption.js';
import { addLake, type LakeOption, lakeDirectory } from './lake.js';
import { addDataDir, byteSize, durationOption, wholeNumber } from './options.js';
import { UsageError } from './usage-error.js';

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
      'run one SELECT over the stored logs and results: `logs` is all of them, and each kind is a table, too',
    )
    .argument('<sql>')
    .option('--max-rows <rows>', 'leave further ones out', wholeNumber(1), 10_000)
    .addOption(durationOption('--timeout <duration>', 'end a query that takes longer', '30s'))
    .option('--memory-limit <size>', 'end a query that needs more', byteSize, 2 ** 30);
  return addFormat(addLake(addDataDir(command))).action(query);
}

export function addFormat(command: Command): Command {
  return command.addOption(
    new Option('--format <format>', 'how to print rows; json is a line each')
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
  if (result.isCut) process.stderr.write(`there are more than ${maxRows} rows; --max-rows prints more\n`);
}

/** Prints a result on standard output. */
export function printRows({ names, rows }: Pick<QueryResult, 'names' | 'rows'>, format: FormatOption['format']): void {
  // Whoever reads it may have seen enough.
  process.stdout.on('error', () => process.exit(0));
  if (format === 'table') {
    const table = new Table({ head: [...names], style: { head: [], border: [] } });
    table.push(...rows.map((row) => row.map((value) => visible(text(value)))));
    process.stdout.write(`${table.toString()}\n`);
    return;
  }
  const lines =
    format === 'csv'
      ? [names, ...rows].map((row) => row.map((value) => csvField(text(value))).join(','))
      : rows.map((row) => JSON.stringify(Object.fromEntries(names.map((name, index) => [name, row[index]]))));
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function text(value: QueryResult['rows'][number][number]): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What a log line holds must not move the cursor, or worse, on the terminal of who reads it. */
function visible(value: string): string {
  return value.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** As RFC 4180 has it. */
function csvField(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
