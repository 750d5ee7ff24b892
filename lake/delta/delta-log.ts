import { randomUUID } from 'node:crypto';
import { link, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory } from '@millrace/streams/embedded';
import { syncDirectory } from '../../schemas/durable.js';
import { LakeError } from '../lake-error.js';
import { type Action, type CommitInfo, parseAction } from './actions.js';
import { readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { actionsOf, Replay, type Snapshot } from './snapshot.js';

/** The versions of the protocol that are spoken here; a table that asks for more has features that are not. */
export const PROTOCOL = { minReaderVersion: 1, minWriterVersion: 2 } as const;

const LOG = '_delta_log';
const ENGINE = 'millrace';
const DAY_MS = 86_400_000;
/** Delta's default of `delta.deletedFileRetentionDuration`. */
const TOMBSTONES_MS = 7 * DAY_MS;
const COMMITS_PER_CHECKPOINT = 10;

const COMMIT = /^(\d{20})\.json$/;
/** What is renamed, or deleted, when it is finished. */
const UNFINISHED = /^_(commit_.*[.]tmp|checkpoint-.*|last_checkpoint[.].*[.]tmp)$/;
const CHECKPOINT = /^(\d{20})\.checkpoint\.parquet$/;

/** What a commit is said to do, in the history. */
export interface Operation {
  readonly operation: 'WRITE' | 'OPTIMIZE' | 'DELETE';
  readonly operationParameters: Readonly<Record<string, string>>;
}

/** One commit of the history. */
export interface HistoryEntry {
  readonly version: number;
  readonly commitInfo: CommitInfo | undefined;
  readonly actions: readonly Action[];
}

/**
 * The transaction log of a Delta table in a directory. A commit is the exclusive creation of the next version's file, so
 * any number of processes may write to one table; who comes second builds its commit anew upon the first.
 */
export class DeltaLog {
  readonly directory: string;
  readonly #log: string;
  readonly #replay = new Replay();

  /** @param table the table's directory; made by the first commit */
  constructor(table: string) {
    this.directory = table;
    this.#log = join(table, LOG);
  }

  /** The table as it is now; undefined when there is none. @throws LakeError TABLE_CORRUPT, TABLE_UNSUPPORTED */
  async refresh(): Promise<Snapshot | undefined> {
    if (this.#replay.version < 0) await this.#readCheckpoint();
    for (;;) {
      const actions = await this.#readCommit(this.#replay.version + 1);
      if (actions === undefined) break;
      this.#replay.apply(this.#replay.version + 1, actions);
    }
    const { snapshot, version } = this.#replay;
    if (snapshot === undefined && version >= 0) {
      throw new LakeError(
        'TABLE_CORRUPT',
        `${this.#log} has commits up to version ${version}, and no protocol or metaData`,
      );
    }
    if (snapshot !== undefined) this.#requireSupported(snapshot);
    return snapshot;
  }

  /** @throws LakeError NO_TABLE; and as `refresh` */
  async require(): Promise<Snapshot> {
    const snapshot = await this.refresh();
    if (snapshot === undefined) {
      throw new LakeError('NO_TABLE', `there is no table in ${this.directory}; \`millrace lake write\` makes one`);
    }
    return snapshot;
  }

  /**
   * Commits what `build` makes of the table as it is now; when others commit at the same time, it is called again with
   * the table as they have made it. Nothing is committed when it gives no actions, or throws.
   *
   * @returns the table after it; undefined when there is still none
   * @throws what `build` throws; LakeError LAKE_IO, and as `refresh`
   */
  async commit(
    { operation, operationParameters }: Operation,
    build: (snapshot: Snapshot | undefined) => readonly Action[],
  ): Promise<Snapshot | undefined> {
    for (;;) {
      const actions = build(await this.refresh());
      if (actions.length === 0) return this.#replay.snapshot;
      const version = this.#replay.version + 1;
      const commitInfo = { timestamp: Date.now(), operation, operationParameters, engineInfo: ENGINE };
      if (!(await this.#create(version, [{ commitInfo }, ...actions]))) continue;
      this.#replay.apply(version, actions);
      const { snapshot } = this.#replay;
      if (version > 0 && version % COMMITS_PER_CHECKPOINT === 0 && snapshot !== undefined)
        await this.checkpoint(snapshot);
      return snapshot;
    }
  }

  /** Writes down what the table is, so that readers need not read the commits before. */
  async checkpoint(snapshot: Snapshot): Promise<void> {
    const { version } = snapshot;
    const actions = [...actionsOf(snapshot, { tombstonesSince: Date.now() - TOMBSTONES_MS })];
    const sizeInBytes = await writeCheckpoint(join(this.#log, `${versionName(version)}.checkpoint.parquet`), actions);
    const last = join(this.#log, '_last_checkpoint');
    const temporary = `${last}.${randomUUID()}.tmp`;
    await writeFile(temporary, JSON.stringify({ version, size: actions.length, sizeInBytes }));
    await rename(temporary, last);
  }

  /** The commits that are still on record, the newest first, at most so many. */
  async history(limit: number): Promise<HistoryEntry[]> {
    const entries: HistoryEntry[] = [];
    const versions = await this.#versions(COMMIT);
    for (const version of versions.reverse().slice(0, limit)) {
      const actions = await this.#readCommit(version);
      if (actions === undefined) continue;
      const commitInfo = actions.find((action) => action.commitInfo)?.commitInfo ?? undefined;
      entries.push({ version, commitInfo, actions });
    }
    return entries;
  }

  /**
   * Deletes what is not needed any more: commits and checkpoints before the last checkpoint that is older than the one
   * time, and what killed writers have left since before the other.
   */
  async cleanUp(beforeMs: number, leftBeforeMs: number): Promise<void> {
    const names = await readdir(this.#log);
    const age = async (name: string) => (await stat(join(this.#log, name)).catch(() => undefined))?.mtimeMs ?? 0;
    let oldest = 0;
    for (const version of await this.#versions(CHECKPOINT)) {
      if ((await age(`${versionName(version)}.checkpoint.parquet`)) < beforeMs) oldest = version;
    }
    for (const name of names) {
      const version = versionOf(name, COMMIT) ?? versionOf(name, CHECKPOINT);
      const isLeft = UNFINISHED.test(name) && (await age(name)) < leftBeforeMs;
      if (isLeft || (version !== undefined && version < oldest)) {
        await rm(join(this.#log, name), { recursive: true, force: true });
      }
    }
  }

  async #readCheckpoint(): Promise<void> {
    const version = (await this.#versions(CHECKPOINT)).at(-1);
    if (version === undefined) {
      const first = (await this.#versions(COMMIT))[0];
      if (first !== undefined && first > 0) {
        throw new LakeError(
          'TABLE_CORRUPT',
          `the log in ${this.#log} begins with version ${first}, and has no checkpoint of a kind that can be read here`,
        );
      }
      return;
    }
    const path = join(this.#log, `${versionName(version)}.checkpoint.parquet`);
    try {
      this.#replay.apply(version, await readCheckpoint(path));
    } catch (cause) {
      throw new LakeError('TABLE_CORRUPT', `${path} cannot be read: ${(cause as Error).message}`, { cause });
    }
  }

  async #readCommit(version: number): Promise<Action[] | undefined> {
    const path = join(this.#log, `${versionName(version)}.json`);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map(parseAction);
    } catch (cause) {
      throw new LakeError('TABLE_CORRUPT', `${path} cannot be read: ${(cause as Error).message}`, { cause });
    }
  }

  /** @returns false when another commit has the version */
  async #create(version: number, actions: readonly Action[]): Promise<boolean> {
    await makePrivateDirectory(this.#log);
    // Whole before it has its name: a file that is made in place could be read, or left, half.
    const temporary = join(this.#log, `_commit_${randomUUID()}.json.tmp`);
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(actions.map((action) => `${JSON.stringify(action)}\n`).join(''));
        await file.sync();
      } finally {
        await file.close();
      }
      await link(temporary, join(this.#log, `${versionName(version)}.json`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw new LakeError('LAKE_IO', `a commit cannot be written: ${(error as Error).message}`, { cause: error });
    } finally {
      await rm(temporary, { force: true });
    }
    await syncDirectory(this.#log);
    return true;
  }

  async #versions(pattern: RegExp): Promise<number[]> {
    const names = await readdir(this.#log).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.flatMap((name) => versionOf(name, pattern) ?? []).sort((a, b) => a - b);
  }

  #requireSupported({ metaData, protocol }: Snapshot): void {
    const { minReaderVersion, minWriterVersion } = protocol;
    if (minReaderVersion > PROTOCOL.minReaderVersion || minWriterVersion > PROTOCOL.minWriterVersion) {
      throw new LakeError(
        'TABLE_UNSUPPORTED',
        `the table in ${this.directory} asks for reader version ${minReaderVersion} and writer version ${minWriterVersion} ` +
          `of Delta's protocol; Millrace has ${PROTOCOL.minReaderVersion} and ${PROTOCOL.minWriterVersion}`,
      );
    }
    if (metaData.format.provider !== 'parquet') {
      throw new LakeError('TABLE_UNSUPPORTED', `the table's files are ${metaData.format.provider}, not parquet`);
    }
  }
}

function versionName(version: number): string {
  return String(version).padStart(20, '0');
}

function versionOf(name: string, pattern: RegExp): number | undefined {
  const [, digits] = pattern.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
