import { DELETE_RETENTION_MS, type Log, type TopicPartition } from '../log/log.js';
import { StateError } from '../state/state-database.js';
import type { StateStore } from '../state/state-store.js';
import type { Task } from './task.js';

const POLL_MS = 100;
/** An hour less than deletions stay in a changelog: for clocks that differ, and for the restore itself. */
const CHECKPOINT_VALID_MS = DELETE_RETENTION_MS - 3_600_000;

/** A store that is behind its changelog. */
interface Restore {
  readonly task: Task;
  readonly store: StateStore;
  readonly topicPartition: TopicPartition;
  offset: number;
  readonly end: number;
}

/**
 * Opens the tasks' stores and brings each from its checkpoint to the end of its changelog.
 *
 * @throws StateError STATE_CORRUPT when a store is ahead of its changelog
 */
export async function restoreStores(
  tasks: readonly Task[],
  log: Log,
  changelogTopic: (store: string) => string,
): Promise<void> {
  const startedAtMs = new Map(tasks.map((task) => [task, task.now()]));
  const opened = (await Promise.all(tasks.map((task) => openStores(task, log, changelogTopic)))).flat();
  const pending = new Set(opened.filter(({ end, offset }) => offset < end));
  if (pending.size > 0) {
    const consumer = log.consumer();
    try {
      for (const { offset, topicPartition } of pending) consumer.assign(topicPartition, offset);
      while (pending.size > 0) {
        const cursors = await consumer.poll(POLL_MS);
        for (const cursor of cursors) {
          const restore = opened.find(
            ({ topicPartition: { partition, topic } }) => topic === cursor.topic && partition === cursor.partition,
          );
          if (restore === undefined) continue;
          const { metrics } = restore.task.environment;
          while (cursor.next()) {
            const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor;
            const value = valueStart < 0 ? null : Buffer.from(valueBytes.subarray(valueStart, valueEnd));
            restore.store.restore(Buffer.from(keyBytes.subarray(keyStart, keyEnd)), value);
            metrics.restoredRecords++;
            metrics.restoredBytes += keyEnd - keyStart + (value?.length ?? 0);
          }
          restore.offset = cursor.nextOffset;
          await restore.task.database?.takeStaged().write({ [cursor.topic]: restore.offset });
          if (restore.offset >= restore.end) pending.delete(restore);
        }
        if (cursors.length > 0) continue;
        // All up to the end may have been deleted meanwhile.
        for (const restore of pending) {
          if ((await log.startOffset(restore.topicPartition)) >= restore.end) pending.delete(restore);
        }
      }
    } finally {
      await consumer.close();
    }
  }
  for (const { end, store, task } of opened) {
    store.committed(end);
    if (task.database !== undefined) task.database.wholeAtMs = startedAtMs.get(task) ?? 0;
  }
}

async function openStores(task: Task, log: Log, changelogTopic: (store: string) => string): Promise<Restore[]> {
  const { database } = task;
  if (database === undefined) return [];
  const ends = new Map<StateStore, number>();
  for (const store of task.stores.values()) {
    // What another process that had the task has committed must all be there.
    const topicPartition = { topic: changelogTopic(store.name), partition: task.partition };
    ends.set(store, await log.endOffset(topicPartition, { settled: true }));
  }
  const isBehind = [...ends].some(([store, end]) => (database.checkpoint[changelogTopic(store.name)] ?? 0) < end);
  // Keys that were deleted since then may have gone from the changelog with their deletions, and would come to life again.
  if (isBehind && task.now() - database.wholeAtMs > CHECKPOINT_VALID_MS) {
    await database.clear();
    database.wholeAtMs = task.now();
  }
  const opened: Restore[] = [];
  for (const [store, end] of ends) {
    await store.open(database);
    const topicPartition = { topic: changelogTopic(store.name), partition: task.partition };
    const offset = database.checkpoint[topicPartition.topic] ?? 0;
    if (offset > end) {
      throw new StateError(
        'STATE_CORRUPT',
        `the state of task ${task.id} is ahead of its changelog ${topicPartition.topic} (${offset} > ${end}): ` +
          'the log is not the one that it was built from; delete the state directory and it is rebuilt',
      );
    }
    opened.push({ task, store, topicPartition, offset, end });
  }
  return opened;
}
