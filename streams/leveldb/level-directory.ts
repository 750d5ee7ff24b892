import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLevelRecords } from './level-records.js';
import { LevelVarints } from './level-varints.js';

/** A table as the manifest tells of it. */
export interface TableInfo {
  readonly name: string;
  readonly sizeBytes: number;
  /** The first and the last of its keys. */
  readonly smallest: Buffer;
  readonly largest: Buffer;
}

/** What a manifest says, all of its edits taken together. */
export interface Version {
  readonly lastSequence: number;
  readonly firstLog: number;
  readonly tables: ReadonlyMap<number, TableInfo>;
}

/** The files of a LevelDB, read from outside. */
export interface LevelFiles {
  readonly directory: string;
  /** Write-ahead logs by number. */
  readonly logs: ReadonlyMap<number, { readonly name: string; readonly bytes: Buffer }>;
  /** Undefined when the directory holds nothing of LevelDB's. */
  readonly version: Version | undefined;
  /** Why nothing says which tables there are. */
  readonly manifestDamage: string | undefined;
  /** Numbers of the tables that are in the directory. */
  readonly tableNames: ReadonlyMap<number, string>;
}

/**
 * Reads all but the tables. Also right while another process writes to the directory, as far as LevelDB's lock is asked
 * for afterwards: files are read in the order in which what they say holds.
 */
export async function readLevelFiles(directory: string): Promise<LevelFiles> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const logs = new Map<number, { name: string; bytes: Buffer }>();
  const tableNames = new Map<number, string>();
  for (const name of names) {
    const [, number, kind] = /^(\d+)[.](log|ldb|sst)$/.exec(name) ?? [];
    if (kind === 'log') logs.set(Number(number), { name, bytes: await readIfThere(join(directory, name)) });
    else if (kind !== undefined) tableNames.set(Number(number), name);
  }
  const files = { directory, logs, tableNames };
  const current = (await readIfThere(join(directory, 'CURRENT'))).toString();
  if (current === '') {
    const isNew = !names.some((name) => /^(CURRENT|MANIFEST-\d+|\d+[.](log|ldb|sst))$/.test(name));
    return { ...files, version: undefined, manifestDamage: isNew ? undefined : 'CURRENT is missing or empty' };
  }
  const name = current.trimEnd();
  if (!/^MANIFEST-\d+$/.test(name)) {
    return { ...files, version: undefined, manifestDamage: 'CURRENT names no manifest' };
  }
  const manifest = await readIfThere(join(directory, name));
  if (manifest.length === 0) return { ...files, version: undefined, manifestDamage: `${name} is missing or empty` };
  const { records } = readLevelRecords(manifest);
  if (records.length === 0) return { ...files, version: undefined, manifestDamage: `${name} is damaged` };
  try {
    const version = readManifest(records.map(({ bytes }) => bytes));
    const hole = records.find(({ loss }) => loss !== undefined)?.loss;
    const manifestDamage = hole && `${name} is damaged at byte ${hole.start}`;
    return { ...files, version, manifestDamage };
  } catch (error) {
    return { ...files, version: undefined, manifestDamage: `${name}: ${(error as Error).message}` };
  }
}

/** An empty buffer when there is no such file. */
function readIfThere(path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
}

/** @throws RangeError when it is not understood */
function readManifest(records: readonly Buffer[]): Version {
  let lastSequence: number | undefined;
  let firstLog: number | undefined;
  let nextFile: number | undefined;
  const tables = new Map<number, TableInfo>();
  for (const bytes of records) {
    const edit = new LevelVarints(bytes);
    while (!edit.isAtEnd) {
      const tag = edit.next();
      switch (tag) {
        case 1: // the comparator's name
          edit.text();
          break;
        case 2:
          firstLog = edit.next();
          break;
        case 3:
          nextFile = edit.next();
          break;
        case 9: // the log before, which is no longer used
          edit.next();
          break;
        case 4:
          lastSequence = edit.next();
          break;
        case 5: // where the next compaction of a level begins
          edit.next();
          edit.text();
          break;
        case 6:
          edit.next();
          tables.delete(edit.next());
          break;
        case 7: {
          edit.next();
          const number = edit.next();
          const sizeBytes = edit.next();
          const smallest = edit.text();
          const largest = edit.text();
          const name = `${String(number).padStart(6, '0')}.ldb`;
          tables.set(number, { name, sizeBytes, smallest: userKey(smallest), largest: userKey(largest) });
          break;
        }
        default:
          throw new RangeError(`it has a field ${tag}, which is not known`);
      }
    }
  }
  if (lastSequence === undefined || firstLog === undefined || nextFile === undefined) {
    throw new RangeError('it does not say which files there are');
  }
  return { lastSequence, firstLog, tables };
}

/** A key without the number and the kind of the write, which LevelDB puts behind it. */
export function userKey(internalKey: Buffer): Buffer {
  return internalKey.subarray(0, Math.max(0, internalKey.length - 8));
}
