import { Argument, type Command, InvalidArgumentError } from 'commander';
import { analyze } from '../../lake/reports/analyze.js';
import { REPORTS } from '../../lake/reports/report.js';
import { duration } from '../options/duration.js';
import { addDataDir, parsedBy, wholeNumber } from '../options/options.js';
import { print, say } from '../terminal/output.js';
import { safe } from '../terminal/safe-text.js';
import { addLake, type LakeOption, lakeDirectory } from './lake.js';
import { addFormat, type FormatOption, printRows } from './query.js';

interface AnalyzeOptions extends LakeOption, FormatOption {
  readonly limit: number;
  readonly since?: number;
  readonly until?: number;
}

export function analyzeCommand(program: Command): Command {
  const names = REPORTS.map(({ name }) => name);
  const command = program
    .command('analyze')
    .description('print historical reports over the stored logs and results')
    .addArgument(new Argument('[reports...]', 'reports to print (default: all)').choices(names))
    .option('--limit <rows>', 'rows per report', wholeNumber(1), 10)
    .option(
      '--since <time>',
      'only events from this time on, such as 2026-01-31T08:00Z, or 24h for 24 hours ago',
      moment,
    )
    .option('--until <time>', 'only events before this time', moment);
  return addFormat(addLake(addDataDir(command))).action(printReports);
}

async function printReports(names: readonly string[], options: AnalyzeOptions): Promise<void> {
  const { format, limit, since, until } = options;
  const reports = REPORTS.filter(({ name }) => names.length === 0 || names.includes(name));
  const results = await analyze(lakeDirectory(options), reports, {
    limit,
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(until === undefined ? {} : { untilMs: until }),
  });
  for (const { missing, names: columns, report, rows } of results) {
    if (missing !== undefined) {
      say(safe`${report.name}: ${missing}`);
    } else if (rows.length === 0) {
      say(safe`${report.name}: nothing in that time`);
    } else if (format === 'table') {
      print(safe`${report.name}: ${report.title}`);
      printRows({ names: columns, rows }, format);
    } else {
      printRows({ names: ['report', ...columns], rows: rows.map((row) => [report.name, ...row]) }, format);
    }
  }
}

/** A time, or how long ago. */
function moment(text: string): number {
  const time = /^\d{4}-/.test(text) ? Date.parse(text) : Date.now() - parsedBy(duration)(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('It must be a time such as 2026-01-31T08:00Z.');
  return time;
}
