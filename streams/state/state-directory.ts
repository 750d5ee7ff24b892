import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makePrivateDirectory } from '../log/private-directory.js';
import { StateDatabase, StateError } from './state-database.js';

const PROCESS_ID = 'process-id';
const LOCK_POLL_MS = 50;

/** Where an application's tasks keep their state, each in a LevelDB of its own; or memory. */
export class StateDirectory {
  readonly #path: string | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  /**
   * Names the directory, whoever opens it, for as long as it is there: processes with one id find each other's state.
   *
   * @throws StateError STATE_IO
   */
  async processId(): Promise<string> {
    if (this.#path === undefined) return randomUUID();
    const file = join(this.#path, PROCESS_ID);
    try {
      return await readFile(file, 'utf8').catch(() => makeProcessId(this.#path as string, file));
    } catch (cause) {
      throw new StateError('STATE_IO', `cannot write to the state directory ${this.#path}`, { cause });
    }
  }

  /** Opens the task's database. @throws StateError STATE_LOCKED when another process has it */
  open(taskId: string): Promise<StateDatabase> {
    return this.#path === undefined ? StateDatabase.inMemory() : StateDatabase.open(join(this.#path, taskId));
  }

  /**
   * Opens the task's database where processes of one machine share the directory: a task that moves between them finds
   * its state where it was. One that does not let go, because it is stopped, keeps it, and the state is built elsewhere.
   *
   * @param lockDeadline until when (`performance.now()`) another process is waited for
   */
  async openShared(taskId: string, lockDeadline: number): Promise<StateDatabase> {
    for (let copy = 0; ; ) {
      const database = await this.openIfFree(copy === 0 ? taskId : `${taskId}.${copy}`);
      if (database !== undefined) return database;
      if (performance.now() < lockDeadline) await delay(LOCK_POLL_MS);
      else copy++;
    }
  }

  /** Opens the task's database; undefined when another process has it. */
  async openIfFree(taskId: string): Promise<StateDatabase | undefined> {
    try {
      return await this.open(taskId);
    } catch (error) {
      if (error instanceof StateError && error.code === 'STATE_LOCKED') return undefined;
      throw error;
    }
  }

  /** Deletes the databases of tasks that are not among these, but for those that another process has. */
  async deleteOthers(taskIds: ReadonlySet<string>): Promise<void> {
    if (this.#path === undefined) return;
    const names = await readdir(this.#path).catch(() => []);
    for (const name of names.filter((one) => /^\d+_\d+$/.test(one) && !taskIds.has(one))) {
      const database = await this.openIfFree(name);
      if (database === undefined) continue;
      await database.close();
      await this.delete(name);
      process.emitWarning(
        `the topology has no task ${name} any more: its local state is deleted; the changelogs of its stores stay`,
      );
    }
  }

  /** Deletes the task's database, which must not be open. */
  async delete(taskId: string): Promise<void> {
    if (this.#path !== undefined) await rm(join(this.#path, taskId), { recursive: true, force: true });
  }
}

/** Of several processes that make it at once, all get the id of one. */
async function makeProcessId(directory: string, file: string): Promise<string> {
  await makePrivateDirectory(directory);
  const id = randomUUID();
  const unfinished = `${file}.${id}`;
  await writeFile(unfinished, id);
  try {
    await link(unfinished, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(unfinished);
  }
  return readFile(file, 'utf8');
}
