import { setTimeout as delay } from 'node:timers/promises';
import { LakeError } from '../../lake/lake-error.js';
import { optimize } from '../../lake/optimize.js';
import { type Vacuumed, vacuum } from '../../lake/vacuum.js';

/** What a lake keeps. */
export interface LakeRetention {
  /** Hours are taken out so long after they ended, or were last written to, if that was later: what is replayed stays, too. */
  readonly ageMs: number;
  /** Of the table's files; the oldest hours are taken out first. */
  readonly sizeBytes: number;
}

export const DEFAULT_LAKE_RETENTION: LakeRetention = { ageMs: 30 * 86_400_000, sizeBytes: 10e9 };

const FIRST_AFTER_MS = 60_000;
const EVERY_MS = 10 * 60_000;
/** Longer than any query takes that has begun with a file. */
const READERS_MS = 15 * 60_000;

/** Puts small files together and takes out what is too old or too much, now and then, until told to stop. */
export async function keepLake(
  directory: string,
  retentionNow: () => LakeRetention,
  signal: AbortSignal,
  say: (message: string) => void,
): Promise<void> {
  await pause(FIRST_AFTER_MS, signal);
  while (!signal.aborted) {
    const retention = retentionNow();
    try {
      const { dropped } = await tidyLake(directory, retention);
      if (dropped.length > 0) say(`the lake: ${toldOf(dropped, retention)}`);
    } catch (error) {
      // A commit of another came first, or there is no table yet: the next time will do.
      const isUsual = error instanceof LakeError && (error.code === 'CONCURRENT_COMMIT' || error.code === 'NO_TABLE');
      if (!isUsual) say(`the lake could not be tidied up, which is tried again: ${(error as Error).message}`);
    }
    await pause(EVERY_MS, signal);
  }
}

/** @throws LakeError NO_TABLE, CONCURRENT_COMMIT */
export async function tidyLake(directory: string, { ageMs, sizeBytes }: LakeRetention): Promise<Vacuumed> {
  await optimize(directory);
  return vacuum(directory, {
    ...{ retainMs: READERS_MS, dropOlderThanMs: ageMs, maxSizeBytes: sizeBytes, ageFrom: 'writing' },
  });
}

function toldOf(dropped: Vacuumed['dropped'], { ageMs, sizeBytes }: LakeRetention): string {
  const bytes = dropped.reduce((sum, { size }) => sum + size, 0);
  const hours = dropped.map(({ partitionValues }) => `${partitionValues['date']} ${partitionValues['hour']} h`).sort();
  return (
    `${dropped.length} files (${(bytes / 1e6).toFixed(1)} MB) of the hours from ${hours[0]} to ${hours.at(-1)} (UTC) were ` +
    `taken out: it keeps ${Math.round(ageMs / 3_600_000)} hours, and ${(sizeBytes / 1e9).toFixed(1)} GB`
  );
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => {});
}
