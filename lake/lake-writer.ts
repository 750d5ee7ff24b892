import type { Log, LogConsumer, RecordCursor, TopicPartition } from '@millrace/streams';
import type { SchemaRegistry } from '@millrace/streams/avro';
import { makePrivateDirectory } from '@millrace/streams/embedded';
import { appendActions, type PartitionProgress, tableColumns, transactionId } from './append.js';
import type { TableColumns } from './columns.js';
import { deleteDataFiles, writeDataFile } from './data-file.js';
import type { Add } from './delta/actions.js';
import { DeltaLog } from './delta/delta-log.js';
import { identifier, literal, openTableDuckDb, type TableDuckDb } from './duckdb.js';
import { LakeError } from './lake-error.js';
import { RecordRows } from './record-rows.js';
import { type LakeSource, requireSources } from './sources.js';
import { STAGE, STAGE_HOUR, STAGE_KIND } from './staged-rows.js';

const HOUR_MS = 3_600_000;
/** How long a poll waits for records, and so how long a stop may take. */
const POLL_MS = 200;
/** How often it is looked whether topics were made, or have got partitions. */
const TOPICS_MS = 5_000;

export interface LakeWriterOptions {
  readonly log: Log;
  readonly schemas: SchemaRegistry;
  /** The table's directory, made when it is not there. */
  readonly directory: string;
  readonly sources: readonly LakeSource[];
  /** How long records wait to be committed. Default 10,000 ms. */
  readonly commitIntervalMs?: number;
  /** A commit has about so many rows at most. Default 100,000. */
  readonly maxRows?: number;
  /** A commit has keys and values of about so many bytes at most. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Told what a user should know: records that are gone, another writer. */
  readonly onWarning?: (message: string) => void;
}

export interface LakeWriterMetrics {
  /** Records that this writer has committed. */
  readonly records: number;
  readonly commits: number;
  readonly files: number;
  /** Records whose value could not be decoded, and was stored as bytes. */
  readonly undecoded: number;
}

interface Assignment extends PartitionProgress {
  readonly source: LakeSource;
  readonly topicPartition: TopicPartition;
  /** The position without what is to be appended. */
  committed: number;
}

/**
 * Writes topics into a Delta table: each committed record exactly once, also when the process is killed.
 *
 * A commit of the table holds the files, and for each partition a transaction version, which is the offset after its last
 * record. So rows and offsets are there together or not at all. A writer that starts goes on from the versions; and of
 * two writers of the same partitions, the second to commit finds its offsets taken, drops its rows, and goes on from the
 * first's.
 *
 * @example
 * const sources = [{ kind: 'access', topic: 'test-inter' }];
 * const writer = await LakeWriter.open({ log, schemas, directory: 'data/lake', sources });
 * await writer.run(signal); // until it is aborted, or: await writer.drain()
 * await writer.close();
 */
export class LakeWriter {
  readonly #options: Required<LakeWriterOptions>;
  readonly #deltaLog: DeltaLog;
  readonly #duckDb: TableDuckDb;
  readonly #consumer: LogConsumer;
  /** By transaction id. */
  readonly #assignments = new Map<string, Assignment>();
  #columns: TableColumns;
  #rows: RecordRows;
  #metrics: LakeWriterMetrics = { records: 0, commits: 0, files: 0, undecoded: 0 };
  /** When the oldest of the rows came. */
  #rowsSince = 0;
  #topicsSeenAt = Number.NEGATIVE_INFINITY;

  private constructor(
    options: Required<LakeWriterOptions>,
    deltaLog: DeltaLog,
    duckDb: TableDuckDb,
    columns: TableColumns,
    rows: RecordRows,
  ) {
    this.#options = options;
    this.#deltaLog = deltaLog;
    this.#duckDb = duckDb;
    this.#columns = columns;
    this.#rows = rows;
    this.#consumer = options.log.consumer();
  }

  /** @throws LakeError SOURCE_INVALID, TABLE_CORRUPT, TABLE_UNSUPPORTED */
  static async open(options: LakeWriterOptions): Promise<LakeWriter> {
    const { directory, schemas, sources } = options;
    requireSources(sources);
    await makePrivateDirectory(directory);
    const deltaLog = new DeltaLog(directory);
    const columns = tableColumns(await deltaLog.refresh());
    const duckDb = await openTableDuckDb(directory);
    try {
      const complete = {
        commitIntervalMs: 10_000,
        maxRows: 100_000,
        maxBytes: 64 * 1024 * 1024,
        onWarning: () => {},
        ...options,
      };
      const rows = await RecordRows.create(duckDb, schemas, columns);
      return new LakeWriter(complete, deltaLog, duckDb, columns, rows);
    } catch (error) {
      await duckDb.close();
      throw error;
    }
  }

  get metrics(): LakeWriterMetrics {
    return this.#metrics;
  }

  /** Writes what comes until the signal is aborted, and commits what has come by then. @throws LakeError LOG_IS_ANOTHER */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#assignNew();
      await this.#poll();
    }
    await this.#commit();
  }

  /** Writes what the topics hold now, or until the signal is aborted. @throws LakeError LOG_IS_ANOTHER */
  async drain(signal?: AbortSignal): Promise<void> {
    await this.#assignNew();
    const ends = new Map<Assignment, number>();
    for (const assignment of this.#assignments.values()) {
      ends.set(assignment, await this.#options.log.endOffset(assignment.topicPartition, { settled: true }));
    }
    const isLeft = () => !signal?.aborted && [...ends].some(([{ position }, end]) => position < end);
    do {
      while (isLeft()) await this.#poll();
      // When another writer was faster, there may be something left.
      await this.#commit();
    } while (isLeft());
  }

  /** What was not committed is read again by the next writer. */
  async close(): Promise<void> {
    await this.#consumer.close();
    await this.#duckDb.close();
  }

  async #poll(): Promise<void> {
    const { commitIntervalMs, maxBytes, maxRows } = this.#options;
    for (const cursor of await this.#consumer.poll(POLL_MS)) await this.#add(cursor);
    const { count, sizeBytes } = this.#rows;
    const isDue = count > 0 && performance.now() - this.#rowsSince >= commitIntervalMs;
    if (isDue || count >= maxRows || sizeBytes >= maxBytes) await this.#commit();
  }

  async #add(cursor: RecordCursor): Promise<void> {
    const assignment = this.#assignments.get(transactionId(cursor));
    if (assignment === undefined) return;
    while (cursor.next()) {
      // It was on its way when the partition was moved.
      if (cursor.offset < assignment.position) continue;
      if (this.#rows.count === 0) this.#rowsSince = performance.now();
      await this.#rows.add(assignment.source, cursor);
      assignment.position = cursor.offset + 1;
    }
    assignment.position = Math.max(assignment.position, cursor.nextOffset);
  }

  async #commit(): Promise<void> {
    const rows = this.#rows;
    if (rows.count === 0) return;
    const files = await this.#writeFiles();
    const operation = {
      operation: 'WRITE',
      operationParameters: { mode: 'Append', rows: String(rows.count) },
    } as const;
    const moved = [...this.#assignments.values()].filter(({ committed, position }) => position !== committed);
    try {
      await this.#deltaLog.commit(operation, (current) =>
        appendActions(current, { files, columns: this.#columns.all, progress: moved }),
      );
    } catch (error) {
      // Any other failure may be one after the commit: then the files are the table's.
      if (!(error instanceof LakeError) || error.code !== 'CONCURRENT_COMMIT') throw error;
      await deleteDataFiles(this.#options.directory, files);
      this.#options.onWarning(`${error.message}; going on from there`);
      await this.#startOver();
      return;
    }
    for (const assignment of moved) {
      assignment.version = assignment.position;
      assignment.committed = assignment.position;
    }
    const { commits, files: before, records, undecoded } = this.#metrics;
    this.#metrics = {
      records: records + rows.count,
      commits: commits + 1,
      files: before + files.length,
      undecoded: undecoded + rows.undecoded,
    };
    await rows.clear();
  }

  async #writeFiles(): Promise<Add[]> {
    const rows = this.#rows;
    rows.settle();
    const files: Add[] = [];
    for (const { hour, kind } of rows.partitions) {
      const of = `${identifier(STAGE_KIND)} = ${literal(kind)} AND ${identifier(STAGE_HOUR)} = ${hour}`;
      const start = new Date(hour * HOUR_MS);
      files.push(
        await writeDataFile(
          this.#duckDb,
          this.#options.directory,
          {
            partition: { kind, date: start.toISOString().slice(0, 10), hour: start.getUTCHours() },
            source: `(FROM ${STAGE} WHERE ${of})`,
            columns: rows.columns,
          },
          { dataChange: true },
        ),
      );
    }
    return files;
  }

  /** Assigns partitions that have none yet. */
  async #assignNew(): Promise<void> {
    if (performance.now() - this.#topicsSeenAt < TOPICS_MS) return;
    this.#topicsSeenAt = performance.now();
    for (const source of this.#options.sources) {
      const partitions = (await this.#options.log.partitions(source.topic)) ?? 0;
      for (let partition = 0; partition < partitions; partition++) {
        const topicPartition = { topic: source.topic, partition };
        const appId = transactionId(topicPartition);
        if (this.#assignments.has(appId)) continue;
        const assignment = { appId, source, topicPartition, version: undefined, position: 0, committed: 0 };
        this.#moveTo(assignment, await this.#positionOf(assignment));
        this.#assignments.set(appId, assignment);
      }
    }
  }

  async #startOver(): Promise<void> {
    this.#columns = tableColumns(await this.#deltaLog.refresh());
    this.#rows = await RecordRows.create(this.#duckDb, this.#options.schemas, this.#columns);
    for (const assignment of this.#assignments.values()) this.#moveTo(assignment, await this.#positionOf(assignment));
  }

  #moveTo(assignment: Assignment, { position, version }: Pick<Assignment, 'position' | 'version'>): void {
    assignment.position = position;
    assignment.committed = position;
    assignment.version = version;
    this.#consumer.assign(assignment.topicPartition, position);
  }

  /** Where the table says that it goes on. */
  async #positionOf({ appId, topicPartition }: Assignment): Promise<Pick<Assignment, 'position' | 'version'>> {
    const { log, onWarning } = this.#options;
    const { partition, topic } = topicPartition;
    const version = (await this.#deltaLog.refresh())?.transactions.get(appId)?.version;
    const start = await log.startOffset(topicPartition);
    if (version === undefined) return { position: start, version };
    const end = await log.endOffset(topicPartition);
    if (version > end) {
      throw new LakeError(
        'LOG_IS_ANOTHER',
        `the table in ${this.#options.directory} holds ${topic} partition ${partition} up to offset ${version}, and the log ` +
          `ends at ${end}: it is not the log that the table was written from; give another directory by --lake`,
      );
    }
    if (version < start) {
      onWarning(
        `${topic} partition ${partition}: the records from offset ${version} to ${start} were deleted from the log before they ` +
          'were stored',
      );
    }
    return { position: Math.max(version, start), version };
  }
}
