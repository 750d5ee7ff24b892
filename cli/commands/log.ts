import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { LogError } from '@millrace/streams';
import { type LogReport, type LostRecords, repairLog, verifyLog } from '@millrace/streams/embedded';
import type { Command } from 'commander';
import { addDataDir } from '../options/options.js';
import { UsageError } from '../options/usage-error.js';
import { print } from '../terminal/output.js';
import { count, number } from '../terminal/quantities.js';
import { SafeText, safe } from '../terminal/safe-text.js';

interface DirectoryOption {
  readonly dataDir: string;
}

interface RepairOptions extends DirectoryOption {
  readonly yes?: boolean;
}

/** `millrace log`: what is to be done about a log whose files are damaged. */
export function logCommand(program: Command): Command {
  const log = program.command('log').description('check and repair the embedded log of a data directory');
  addDataDir(log.command('verify'))
    .description('read the whole log and print damaged and lost records; exit code 1 if there are any; changes nothing')
    .action(verify);
  addDataDir(log.command('repair'))
    .description('write a new log with everything that can be read, and keep the damaged files beside it')
    .option('--yes', 'do not ask for confirmation')
    .action(repair);
  return log;
}

async function verify({ dataDir }: DirectoryOption): Promise<void> {
  const report = await verifyLog(logOf(dataDir));
  printReport(report);
  if (!report.isDamaged) return;
  throw new LogError(
    'LOG_CORRUPT',
    `the log in ${report.location} is damaged; \`millrace log repair\` makes the rest usable again`,
  );
}

async function repair({ dataDir, yes = false }: RepairOptions): Promise<void> {
  const { keptIn, report } = await repairLog(logOf(dataDir), {
    confirm: async (found) => {
      printReport(found);
      return yes || (await confirmed());
    },
  });
  if (keptIn !== undefined) {
    print(safe`repaired: the log has what could be read; its damaged files are in ${keptIn}`);
    for (const line of adviceOf(report)) print(line);
  } else if (report.isDamaged) {
    throw new LogError('LOG_CORRUPT', `the log in ${report.location} is damaged still: nothing was changed`);
  } else printReport(report);
}

function logOf(dataDir: string): string {
  return join(dataDir, 'log');
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('there is nobody to ask; --yes repairs the log without asking');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question('Write a new log without what is lost? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

function printReport(report: LogReport): void {
  const { batches, damages, lost, lostEntries, missingCommits, noted, records, topics } = report;
  for (const { file, what } of damages) print(safe`damaged file: ${file} ${what}`);
  for (const records of lost) print(lostText(records));
  for (const entry of lostEntries) print(safe`lost: ${entry}`);
  if (missingCommits > 0) {
    print(
      safe`lost: the last ${count(missingCommits, 'commit')}, with whatever they appended and committed; offsets after the end are given again`,
    );
  }
  for (const { firstOffset, lastOffset, partition, topic } of noted) {
    print(safe`lost before, as a repair has noted: ${topic}-${partition}, offsets ${firstOffset} to ${lastOffset}`);
  }
  const content = safe`${count(records, 'record')} in ${count(batches, 'batch', 'batches')} of ${count(topics, 'topic')} can be read`;
  if (report.isDamaged) {
    const all = lost.reduce((sum, { firstOffset, lastOffset }) => sum + lastOffset - firstOffset + 1, 0);
    print(safe`${content}; ${count(all, 'offset')} cannot`);
  } else print(safe`the log is whole: ${content}`);
}

function lostText({ files, firstOffset, lastOffset, partition, processed, topic }: LostRecords): SafeText {
  const records = lastOffset - firstOffset + 1;
  const where = files.length === 0 ? SafeText.empty : safe` (${files.join(', ')})`;
  const read = processed.map(({ group, records: done }) =>
    done === records ? safe`processed by ${group}` : safe`${number(done)} of them processed by ${group}`,
  );
  const by = read.length === 0 ? safe`processed by nobody` : SafeText.join(read, ', ');
  return safe`lost: ${topic}-${partition}, offsets ${firstOffset} to ${lastOffset}: ${count(records, 'record')}${where}; ${by}`;
}

/** What somebody has to know who goes on with a log that has gaps. */
function* adviceOf({ lost, missingCommits }: LogReport): Generator<SafeText> {
  for (const { firstOffset, lastOffset, partition, processed, topic } of lost) {
    const records = lastOffset - firstOffset + 1;
    for (const { group, records: done } of processed) {
      if (done === records) continue;
      yield safe`${group} has read ${topic}-${partition} up to ${firstOffset + done}, and goes on at ${lastOffset + 1}: it never gets the ${count(records - done, 'record')} between`;
    }
    if (topic.endsWith('-changelog')) {
      yield safe`state that is rebuilt from ${topic}-${partition} will be without what was in these offsets; keep the state directory`;
    }
  }
  if (missingCommits > 0) {
    yield safe`if a start says that a state is ahead of its changelog, delete that state's directory: it is rebuilt`;
  }
}
