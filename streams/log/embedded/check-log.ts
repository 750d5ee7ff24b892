import { setTimeout as delay } from 'node:timers/promises';
import { damageOf, unfinishedWrite } from '../../leveldb/level-damage.js';
import { readLevelFiles } from '../../leveldb/level-directory.js';
import type { DataBlock } from '../../leveldb/level-table.js';
import { LogError } from '../log.js';
import { CommitMark } from './commit-mark.js';
import { COMMIT_KEY } from './keys.js';
import type { CommitRecord } from './log-entries.js';
import { readSmallEntry } from './small-entries.js';

/** Long enough for a process that has the directory to end what made it look damaged. */
const SECOND_LOOK_MS = 100;

/**
 * Finds damage before LevelDB opens the directory, for LevelDB passes over it and deletes what would tell. All is checked
 * but the blocks of tables that hold batches, which have their own checksums and are checked as they are read.
 *
 * @throws LogError LOG_CORRUPT
 */
export async function checkLogFiles(directory: string): Promise<void> {
  let damage = await damageOfLog(directory);
  if (damage !== undefined) {
    await delay(SECOND_LOOK_MS);
    damage = await damageOfLog(directory);
  }
  if (damage !== undefined) {
    throw new LogError(
      'LOG_CORRUPT',
      `the log in ${directory} is damaged: ${damage}; \`millrace log verify\` says what is lost, ` +
        '`millrace log repair` makes the rest usable again',
    );
  }
  const cutOff = unfinishedWrite(await readLevelFiles(directory));
  if (cutOff === undefined) return;
  process.emitWarning(
    `the log in ${directory} was not closed: a write that was not finished, and of which nobody was told, is cut off ` +
      `(${cutOff.end - cutOff.start} bytes of ${cutOff.name})`,
  );
}

async function damageOfLog(directory: string): Promise<string | undefined> {
  // Read first: what it says holds for whatever is read after it.
  const certain = await CommitMark.read(directory);
  let newest = { sequence: -1, commits: 0 };
  let damage: string | undefined;
  try {
    damage = await damageOf(directory, {
      checks: mayHoldSmallEntries,
      onEntry: ({ key, sequence, value }) => {
        if (sequence <= newest.sequence || value === undefined || !key.equals(COMMIT_KEY)) return;
        const commits = (readSmallEntry(key, value) as CommitRecord | undefined)?.commits;
        newest = { sequence, commits: commits ?? newest.commits };
      },
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    damage = error.message;
  }
  if (damage !== undefined || certain === undefined || newest.commits >= certain) return damage;
  return (
    `the last ${certain - newest.commits} of ${certain} commits are missing, ` +
    'or cannot be read, at the end of what was written'
  );
}

/** Whether the block's last key, or one shortly behind it, is none of a batch. */
function mayHoldSmallEntries({ lastKey }: DataBlock): boolean {
  return lastKey.compare(COMMIT_KEY) >= 0;
}
