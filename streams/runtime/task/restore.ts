import type { Log } from '../../log/log.js';
import { StateError } from '../../state/state-database.js';
import type { StreamsMetrics } from '../metrics.js';
import type { StorePosition, TaskState } from './task-state.js';

const POLL_MS = 100;

/** Changelog offsets that the restores which run have read, and have to read. */
export interface RestoreProgress {
  done: number;
  total: number;
}

/** A store, and how far its changelog goes. */
interface Restore extends StorePosition {
  readonly state: TaskState;
  readonly end: number;
}

/**
 * Brings the stores from where they stand to the end of their changelogs.
 *
 * @throws StateError STATE_CORRUPT when a store is ahead of its changelog
 */
export async function restoreStores(
  states: readonly TaskState[],
  log: Log,
  metrics: StreamsMetrics,
  progress: RestoreProgress = { done: 0, total: 0 },
): Promise<void> {
  const startedAtMs = new Map(states.map((state) => [state, state.now()]));
  const restores = (await Promise.all(states.map((state) => changelogEnds(state, log)))).flat();
  const pending = new Set(restores.filter(({ end, offset }) => offset < end));
  if (pending.size > 0) {
    const consumer = log.consumer();
    const running = [...pending].map((restore) => ({ restore, at: restore.offset }));
    const remaining = () => running.reduce((sum, { at, restore: { end } }) => sum + Math.max(0, end - at), 0);
    let left = remaining();
    progress.total += left;
    const advance = () => {
      const now = remaining();
      progress.done += left - now;
      left = now;
    };
    try {
      for (const { offset, topicPartition } of pending) consumer.assign(topicPartition, offset);
      while (pending.size > 0) {
        const cursors = await consumer.poll(POLL_MS);
        for (const cursor of cursors) {
          const restore = restores.find(
            ({ topicPartition: { partition, topic } }) => topic === cursor.topic && partition === cursor.partition,
          );
          if (restore === undefined) continue;
          const { bytes, records } = await restore.state.restore(cursor);
          metrics.restoredRecords += records;
          metrics.restoredBytes += bytes;
          const position = running.find((one) => one.restore === restore);
          if (position !== undefined) position.at = cursor.nextOffset;
          advance();
          if (cursor.nextOffset >= restore.end) pending.delete(restore);
        }
        if (cursors.length > 0) continue;
        // All up to the end may have been deleted meanwhile.
        for (const restore of pending) {
          if ((await log.startOffset(restore.topicPartition)) >= restore.end) pending.delete(restore);
        }
      }
    } finally {
      for (const position of running) position.at = position.restore.end;
      advance();
      if (progress.done >= progress.total) Object.assign(progress, { done: 0, total: 0 });
      await consumer.close();
    }
  }
  for (const { end, state, store } of restores) {
    store.committed(end);
    state.holdsAllOf(startedAtMs.get(state) ?? 0);
  }
}

/**
 * Where the changelogs of a task's stores end, once no transaction is open in them: what another process that had the task
 * has committed is all there.
 *
 * @throws StateError STATE_CORRUPT when a store is ahead of its changelog
 */
export function changelogEnds(state: TaskState, log: Log): Promise<Restore[]> {
  return Promise.all(
    state.positions.map(async (position) => {
      const { offset, topicPartition } = position;
      const end = await log.endOffset(topicPartition, { settled: true });
      if (offset <= end) return { ...position, state, end };
      throw new StateError(
        'STATE_CORRUPT',
        `the state of task ${state.id} is ahead of its changelog ${topicPartition.topic} (${offset} > ${end}): ` +
          'the log is not the one that it was built from; delete the state directory and it is rebuilt',
      );
    }),
  );
}
