import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { LAKE_SOURCES } from '../../app/lake/lake-sources.js';
import { tenantDirectory } from '../../app/tenant.js';
import { DeltaLog } from '../../lake/delta/delta-log.js';
import { describeTable } from '../../lake/describe.js';
import { LakeWriter } from '../../lake/lake-writer.js';
import { optimize } from '../../lake/optimize.js';
import type { LakeSource } from '../../lake/sources.js';
import { vacuum } from '../../lake/vacuum.js';
import { addConnection, type ConnectionOptions, connect } from '../options/connection.js';
import { duration, positiveWait } from '../options/duration.js';
import {
  addDataDir,
  byteSize,
  type DataDirOption,
  durationOption,
  sizeOption,
  wholeNumber,
} from '../options/options.js';
import { repeatableOption } from '../options/repeatable-option.js';
import { stopOnSignals } from '../terminal/interruption.js';
import { print, say } from '../terminal/output.js';
import { count, number } from '../terminal/quantities.js';
import { SafeText, safe } from '../terminal/safe-text.js';
import { printTable } from '../terminal/table.js';

export interface LakeOption extends DataDirOption {
  readonly lake?: string;
}

interface WriteOptions extends ConnectionOptions, LakeOption {
  readonly source?: readonly LakeSource[];
  readonly once?: boolean;
  readonly commitInterval: number;
  readonly maxRows: number;
  readonly maxSize: number;
}

interface OptimizeOptions extends LakeOption {
  readonly targetSize: number;
}

interface VacuumOptions extends LakeOption {
  readonly retain: number;
  readonly dropOlderThan?: number;
  readonly maxSize?: number;
  readonly dryRun?: boolean;
}

interface HistoryOptions extends LakeOption {
  readonly max: number;
}

export function lakeCommand(program: Command): Command {
  const command = program.command('lake').description('manage stored logs and results, a Delta Lake table');
  const subcommand = (name: string, description: string) => command.command(name).description(description);

  addLake(addConnection(subcommand('write', 'store the topics in the table until it is stopped')))
    .option('--once', 'stop when all records that are in the topics now are stored')
    .addOption(
      repeatableOption(
        '--source <kind=topic[:field]>',
        'store this topic as this kind, with the event time in the field; repeatable (default: the topics' +
          ' of the pipelines)',
        source,
      ),
    )
    .addOption(durationOption('--commit-interval <duration>', 'how often to commit', '10s', positiveWait))
    .option('--max-rows <rows>', 'commit when this many records are waiting', wholeNumber(1), 100_000)
    .addOption(sizeOption('--max-size <size>', 'commit when this many bytes are waiting', '64MiB'))
    .action(write);
  addLake(addDataDir(subcommand('optimize', 'merge small files, hour by hour')))
    .addOption(sizeOption('--target-size <size>', 'do not merge files of at least this size', '128MiB'))
    .action(optimizeTable);
  addLake(addDataDir(subcommand('vacuum', 'delete files that no longer belong to the table')))
    .addOption(durationOption('--retain <duration>', 'how long such files are kept for readers', '168h', duration))
    .addOption(
      durationOption(
        '--drop-older-than <duration>',
        'first remove hours from the table that ended longer ago than this',
        undefined,
        duration,
      ),
    )
    .option('--max-size <size>', 'first remove the oldest hours until the table is no larger than this', byteSize)
    .option('--dry-run', 'only print what would be done')
    .action(vacuumTable);
  addLake(addDataDir(subcommand('history', "print the table's commits, the newest first")))
    .option('--max <commits>', 'print at most this many', wholeNumber(1), 20)
    .action(history);
  addLake(addDataDir(subcommand('describe', 'print the contents and size of the table'))).action(describe);
  return command;
}

export function addLake(command: Command): Command {
  return command.option('--lake <directory>', 'directory of the table (default: "lake" in the data directory)');
}

export function lakeDirectory({ dataDir, lake, tenant }: Pick<LakeOption, 'dataDir' | 'lake' | 'tenant'>): string {
  if (lake === undefined) return join(dataDir, 'lake');
  return tenant === undefined ? lake : tenantDirectory(lake, tenant);
}

async function write(options: WriteOptions): Promise<void> {
  const stop = new AbortController();
  stopOnSignals(stop);
  const connection = await connect(options, { runs: 'reader' }, stop.signal);
  try {
    const writer = await LakeWriter.open({
      log: connection.log,
      schemas: connection.schemas,
      directory: lakeDirectory(options),
      sources: options.source ?? LAKE_SOURCES,
      commitIntervalMs: options.commitInterval,
      maxRows: options.maxRows,
      maxBytes: options.maxSize,
      onWarning: (message) => say(SafeText.lines(message)),
    });
    try {
      await (options.once ? writer.drain(stop.signal) : writer.run(stop.signal));
    } finally {
      await writer.close();
      const { commits, files, records, undecoded } = writer.metrics;
      print(safe`${count(records, 'record')} stored in ${count(commits, 'commit')}, ${count(files, 'file')}`);
      if (undecoded > 0) print(safe`${number(undecoded)} of them could not be decoded; their bytes are in raw_value`);
    }
  } finally {
    await connection.close();
  }
}

async function optimizeTable(options: OptimizeOptions): Promise<void> {
  const done = await optimize(lakeDirectory(options), { targetBytes: options.targetSize });
  print(
    safe`${count(done.filesRemoved, 'file')} (${size(done.bytesRemoved)}) became ${number(done.filesAdded)} (${size(done.bytesAdded)})`,
  );
}

async function vacuumTable(options: VacuumOptions): Promise<void> {
  const { dropOlderThan, dryRun = false, maxSize, retain } = options;
  const { deleted, deletedBytes, dropped } = await vacuum(lakeDirectory(options), {
    dryRun,
    retainMs: retain,
    ...(dropOlderThan === undefined ? {} : { dropOlderThanMs: dropOlderThan }),
    ...(maxSize === undefined ? {} : { maxSizeBytes: maxSize }),
  });
  const would = dryRun ? 'would be ' : '';
  if (dropOlderThan !== undefined || maxSize !== undefined) {
    print(safe`${count(dropped.length, 'file')} ${would}taken out of the table`);
  }
  print(safe`${count(deleted.length, 'file')} ${would}deleted, ${size(deletedBytes)}`);
}

async function history(options: HistoryOptions): Promise<void> {
  const log = new DeltaLog(lakeDirectory(options));
  await log.require();
  const rows: string[][] = [];
  for (const { actions, commitInfo, version } of await log.history(options.max)) {
    const changes = (name: 'add' | 'remove') => number(actions.filter((action) => action[name]).length);
    const time = commitInfo?.timestamp ? new Date(commitInfo.timestamp).toISOString() : '';
    const parameters = JSON.stringify(commitInfo?.['operationParameters'] ?? {});
    rows.push([String(version), time, commitInfo?.operation ?? '', changes('add'), changes('remove'), parameters]);
  }
  printTable(['version', 'time', 'operation', 'files added', 'removed', 'parameters'], rows);
}

async function describe(options: LakeOption): Promise<void> {
  const directory = lakeDirectory(options);
  const { kinds, version } = await describeTable(directory);
  print(safe`${directory}, version ${version}`);
  const cells = kinds.map(({ columns, files, firstHour, kind, lastHour, rows, sizeBytes }) => {
    const counts = [rows === undefined ? '' : number(rows), number(files), size(sizeBytes)];
    return [kind, ...counts, firstHour, lastHour, columns.join(' ')];
  });
  printTable(['kind', 'rows', 'files', 'size', 'first hour', 'last hour', 'columns'], cells);
}

function source(text: string, sources: readonly LakeSource[] = []): readonly LakeSource[] {
  const [, kind, topic, timeField] = /^([^=]+)=([^:]+)(?::(.+))?$/.exec(text) ?? [];
  if (kind === undefined || topic === undefined) throw new InvalidArgumentError('It must be kind=topic.');
  return [...sources, { kind, topic, ...(timeField === undefined ? {} : { timeField }) }];
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
