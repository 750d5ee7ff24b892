/** Answers searches of lines one after the other, over a DuckDB that stays open and shut in. Its parent ends it. */
import type { Json } from '@duckdb/node-api';
import { RECORD_COLUMNS } from '../columns.js';
import type { Add } from '../delta/actions.js';
import { DeltaLog } from '../delta/delta-log.js';
import { DUCKDB_TYPES } from '../delta/delta-schema.js';
import type { Snapshot } from '../delta/snapshot.js';
import { type DuckDb, identifier, openDuckDb } from '../duckdb.js';
import { LakeError } from '../lake-error.js';
import { firstRows, isOutOfMemory, watchMemory, withinMemory } from '../query/bounds.js';
import { requireHarmless } from '../query/guard.js';
import { shutIntoDirectory } from '../query/shut-in.js';
import { columnsIn, readFiles } from '../table-files.js';
import { chosenFiles, inSteps } from './chosen-files.js';
import type { LinesAnswer, LinesQuestion } from './lines-question.js';

const RSS_INTERVAL_MS = 250;
/** Commits that were made since are read; after so long some may have been tidied away, and all is read anew. */
const LOG_FRESH_MS = 60_000;

/** What the process of searches is started with. */
export interface LinesTask {
  readonly kind: 'open';
  readonly directory: string;
  readonly memoryLimitBytes: number;
  readonly threads: number;
}

/** What it is told then. */
export type LinesRequest =
  | LinesTask
  | { readonly kind: 'ask'; readonly id: number; readonly question: LinesQuestion }
  | { readonly kind: 'stop'; readonly id: number };

/** What it tells; `done` and `failed` end a question. */
export type LinesReport =
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly (readonly Json[])[] }
  | { readonly kind: 'done'; readonly id: number; readonly stored: LinesAnswer['stored'] }
  | { readonly kind: 'failed'; readonly id: number; readonly code: LakeError['code']; readonly message: string };

class Lines {
  readonly #task: LinesTask;
  readonly #duckDb: DuckDb;
  #log: DeltaLog;
  #readAt = 0;
  #asked: number | undefined;
  readonly #stopped = new Set<number>();

  private constructor(task: LinesTask, duckDb: DuckDb) {
    this.#task = task;
    this.#duckDb = duckDb;
    this.#log = new DeltaLog(task.directory);
  }

  static async open(task: LinesTask): Promise<Lines> {
    const { directory, memoryLimitBytes, threads } = task;
    const duckDb = await openDuckDb({
      ...withinMemory(memoryLimitBytes, threads),
      // The system has the files in its memory.
      enable_external_file_cache: 'false',
    });
    // Their footers are asked for again and again.
    await duckDb.run('SET parquet_metadata_cache = true');
    await shutIntoDirectory(duckDb, directory);
    return new Lines(task, duckDb);
  }

  /** The question that is being answered. */
  get asked(): number | undefined {
    return this.#asked;
  }

  async answer(id: number, question: LinesQuestion): Promise<LinesAnswer['stored']> {
    this.#asked = id;
    try {
      return await this.#answer(id, question);
    } finally {
      this.#asked = undefined;
      this.#stopped.delete(id);
    }
  }

  stop(id: number): void {
    this.#stopped.add(id);
    if (this.#asked === id) this.#duckDb.connection.interrupt();
  }

  async #answer(id: number, question: LinesQuestion): Promise<LinesAnswer['stored']> {
    const { isNewestFirst, kind, maxRows, sql } = question;
    await requireHarmless(this.#duckDb, sql, new Set([kind]));
    const { files: all, transactions } = await this.#snapshot();
    const hours = chosenFiles(all.values(), question);
    let left = maxRows;
    for (const files of isNewestFirst ? inSteps(hours) : [hours.flat()]) {
      if (files.length === 0 || left <= 0) break;
      if (this.#stopped.has(id)) throw new LakeError('QUERY_FAILED', 'the query was interrupted');
      await this.#createView(question, files);
      left -= await this.#stream(id, sql, left);
    }
    return Object.fromEntries([...transactions].map(([appId, { version }]) => [appId, version]));
  }

  async #snapshot(): Promise<Pick<Snapshot, 'files' | 'transactions'>> {
    const now = performance.now();
    if (now - this.#readAt > LOG_FRESH_MS) this.#log = new DeltaLog(this.#task.directory);
    const snapshot = await this.#log.require();
    this.#readAt = now;
    return snapshot;
  }

  async #createView({ columns, kind }: LinesQuestion, files: readonly Add[]): Promise<void> {
    const source = readFiles(this.#task.directory, files);
    const present = await columnsIn(this.#duckDb, source);
    const types = [
      ...RECORD_COLUMNS.map(({ name, type }) => [name, DUCKDB_TYPES[type]] as const),
      ...Object.entries(columns),
    ];
    const selected = types.map(([name, type]) =>
      present.has(name) ? identifier(name) : `CAST(NULL AS ${type}) AS ${identifier(name)}`,
    );
    await this.#duckDb.run(
      `CREATE OR REPLACE TEMP VIEW ${identifier(kind)} AS SELECT ${selected.join(', ')} FROM ${source}`,
    );
  }

  /** @returns how many rows were told */
  async #stream(id: number, sql: string, most: number): Promise<number> {
    const result = await this.#duckDb.connection.stream(sql);
    let told = 0;
    for await (const { rows } of firstRows(
      this.#duckDb,
      result,
      most,
      'the lines are larger than <size>; ask for fewer',
    )) {
      await report({ kind: 'rows', id, rows });
      told += rows.length;
      if (told >= most) break;
    }
    return told;
  }
}

function report(message: LinesReport): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve());
  });
}

function failed(id: number, error: Error): Promise<void> {
  const [line = ''] = error.message.split('\n');
  if (error instanceof LakeError) return report({ kind: 'failed', id, code: error.code, message: error.message });
  const code = isOutOfMemory(line) ? 'QUERY_LIMIT' : 'QUERY_FAILED';
  return report({ kind: 'failed', id, code, message: `the lines could not be searched: ${line}` });
}

function tooMuchMemory(lines: Lines): void {
  const error = new LakeError('QUERY_LIMIT', 'the search needs more memory than it may have; ask for fewer lines');
  void failed(lines.asked ?? 0, error).then(() => process.exit());
}

let lines: Promise<Lines> | undefined;

// The terminal sends an interrupt to every process; the parent is the one that acts on it.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', (request: LinesRequest) => {
  if (request.kind === 'open') {
    lines = Lines.open(request);
    lines.then(
      (opened) => watchMemory(request.memoryLimitBytes, RSS_INTERVAL_MS, () => tooMuchMemory(opened)),
      // Whoever asks is told.
      () => {},
    );
    return;
  }
  const { id } = request;
  if (request.kind === 'stop') {
    lines?.then(
      (opened) => opened.stop(id),
      () => {},
    );
    return;
  }
  const { question } = request;
  Promise.resolve(lines)
    .then((opened) => opened?.answer(id, question))
    .then(
      (stored = {}) => report({ kind: 'done', id, stored }),
      (error: Error) => failed(id, error),
    );
});
