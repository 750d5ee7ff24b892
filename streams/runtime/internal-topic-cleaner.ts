import type { Log, TopicPartition } from '../log/log.js';
import { ignoreUnlessRefused } from './log-failures.js';
import type { Task } from './task/task.js';
import type { Position } from './task/task-manager.js';

/** Records that nobody needs are deleted from an internal topic when there are this many more of them. */
const PURGE_RECORDS = 1000;

/** Deletes from changelogs and repartition topics what nobody needs any more. */
export class InternalTopicCleaner {
  readonly #log: Log;
  readonly #purgedBefore = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Called when a commit is durable. */
  async clean(tasks: readonly Task[], positions: readonly Position[]): Promise<void> {
    for (const task of tasks) {
      for (const { store, topicPartition } of task.state.positions) {
        await this.#purge(topicPartition, store.changelogNeededFrom);
      }
    }
    for (const { topicPartition, internal, committedOffset } of positions) {
      if (internal) await this.#purge(topicPartition, committedOffset);
    }
  }

  async #purge(topicPartition: TopicPartition, beforeOffset: number): Promise<void> {
    const id = `${topicPartition.topic}-${topicPartition.partition}`;
    if (beforeOffset - (this.#purgedBefore.get(id) ?? 0) < PURGE_RECORDS) return;
    this.#purgedBefore.set(id, beforeOffset);
    // What cannot be deleted costs space and nothing else; it is tried again when there is more.
    await this.#log.deleteRecords(topicPartition, beforeOffset).catch(ignoreUnlessRefused);
  }
}
