import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaPipeline } from './kafka-pipeline.js';

const EVENTS = 500;
const FEED_INTERVAL_MS = 1000;
const LOOK_INTERVAL_MS = 50;

/**
 * Does some work while events go on coming.
 *
 * @returns for each partition of the raw topic, the longest time in ms in which it had records to be processed, and none was
 */
export async function pausesUnderLoad(pipeline: KafkaPipeline, work: () => Promise<void>): Promise<readonly number[]> {
  const load = { isOver: false };
  const fed = feed(pipeline, load);
  const looked = longestPauses(pipeline, load);
  try {
    await work();
  } finally {
    load.isOver = true;
    await Promise.allSettled([fed, looked]);
  }
  await fed;
  return looked;
}

interface Load {
  readonly isOver: boolean;
}

async function feed(pipeline: KafkaPipeline, load: Load): Promise<void> {
  while (!load.isOver && pipeline.left > EVENTS) {
    await pipeline.feed(EVENTS);
    await delay(FEED_INTERVAL_MS);
  }
}

async function longestPauses(pipeline: KafkaPipeline, load: Load): Promise<readonly number[]> {
  const moved: { readonly committed: number; readonly at: number }[] = [];
  const longestMs: number[] = [];
  while (!load.isOver) {
    const partitions = await pipeline.progress();
    const now = performance.now();
    for (const [partition, { committed, end }] of partitions.entries()) {
      longestMs[partition] ??= 0;
      const before = moved[partition];
      // What has nothing to process does not pause; a commit's mark stands behind the last record.
      if (before === undefined || committed !== before.committed || committed >= end - 1) {
        moved[partition] = { committed, at: now };
      } else longestMs[partition] = Math.max(longestMs[partition] ?? 0, Math.round(now - before.at));
    }
    await delay(LOOK_INTERVAL_MS);
  }
  return longestMs;
}
