import { join } from 'node:path';
import { readLevelFiles } from '../../leveldb/level-directory.js';
import { LevelTable, tableEntries } from '../../leveldb/level-table.js';

/** The table in which a damaged entry lies, or would lie if it were not damaged; undefined when none shows damage. */
export async function fileWith(directory: string, key: Buffer): Promise<string | undefined> {
  const { version } = await readLevelFiles(directory);
  const tables = [...(version?.tables.values() ?? [])].reverse();
  for (const { name, smallest, largest } of tables) {
    if (key.compare(smallest) < 0 || key.compare(largest) > 0) continue;
    const table = await LevelTable.open(join(directory, name)).catch(() => undefined);
    // Whatever is wrong with it, its keys are here.
    if (table === undefined) return name;
    try {
      const block = table.blocks.find(({ lastKey }) => key.compare(lastKey) <= 0);
      if (block === undefined) continue;
      const read = await table.read(block);
      if (!read.isWhole || [...tableEntries(read)].some((entry) => entry.key.equals(key))) return name;
    } catch {
      return name;
    } finally {
      await table.close();
    }
  }
  return undefined;
}
