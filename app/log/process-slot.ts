import { randomUUID } from 'node:crypto';

import { join } from 'node:path';
import { StateError } from '@millrace/streams';
import { makePrivateDirectory } from '@millrace/streams/embedded';
import { Level } from 'level';

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
 *
 * @throws StateError STATE_IO
 */
export async function takeProcessSlot(directory: string): Promise<ProcessSlot> {
  await makePrivateDirectory(directory);
  for (let number = 0; ; number++) {
    const path = join(directory, String(number));
    const level = new Level<string, string>(path);
    try {
      await level.open();
      const known = await level.get(ID_KEY);
      const id = known ?? randomUUID();
      if (known === undefined) await level.put(ID_KEY, id, { sync: true });
      return { id, release: () => level.close() };
    } catch (error) {
      const { cause = error } = error as { cause?: unknown };
      const { code, message } = cause as Error & { readonly code?: string };
      if (code === 'LEVEL_LOCKED') continue;
      throw new StateError('STATE_IO', `cannot take a name for this process in ${path}: ${message}`, { cause: error });
    }
  }
}
