import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';

const ID_KEY = 'id';

/** A name that one process at a time has, and that a later one takes over. */
export interface ProcessSlot {
  readonly id: string;
  release(): Promise<void>;
}

/**
 * Takes the first free slot of the directory. Its id names the process's Kafka producer: the process that takes the slot
 * after a crash ends the transaction that the crash left open, at once. LevelDB's lock says which slots are taken; the
 * operating system lets it go when the process ends, however it ends.
 */
export async function takeProcessSlot(directory: string): Promise<ProcessSlot> {
  await mkdir(directory, { recursive: true });
  for (let number = 0; ; number++) {
    const level = new ClassicLevel<string, string>(join(directory, String(number)));
    try {
      await level.open();
    } catch (error) {
      if ((error as { cause?: { code?: string } }).cause?.code === 'LEVEL_LOCKED') continue;
      throw error;
    }
    const known = await level.get(ID_KEY);
    const id = known ?? randomUUID();
    if (known === undefined) await level.put(ID_KEY, id, { sync: true });
    return { id, release: () => level.close() };
  }
}
