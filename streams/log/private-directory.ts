import { mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** What is kept is its owner's to read: logs name people and hold what they asked for. */
const OWNER_ONLY = 0o700;

/**
 * Makes a directory, and those above it, for their owner alone; one that is there stays as it is.
 *
 * @throws an error of the file system, with its code and the directory that could not be made
 */
export async function makePrivateDirectory(path: string): Promise<void> {
  makePrivateDirectorySync(path);
}

/** The same at once. */
export function makePrivateDirectorySync(path: string): void {
  // One by one: asked for all of them, Node never comes back where a file system takes no directories, such as /proc, and
  // says ENOENT of a disk that is read-only.
  for (const missing of missingDirectories(resolve(path))) {
    try {
      mkdirSync(missing, { mode: OWNER_ONLY });
    } catch (error) {
      // Another process was faster.
      if (isCode(error, 'EEXIST') && isDirectory(missing)) continue;
      if (isCode(error, 'EEXIST')) throw failure('ENOENT', missing, `${missing} is a link to nothing`);
      if (isCode(error, 'ENOENT')) throw failure('ENOENT', missing, `no directory can be made in ${dirname(missing)}`);
      throw error;
    }
  }
}

/** What is not there of a path, from above. */
function missingDirectories(path: string): string[] {
  const missing: string[] = [];
  for (let each = path; !isDirectory(each); each = dirname(each)) {
    missing.unshift(each);
    if (dirname(each) === each) break;
  }
  return missing;
}

/** @throws an error where the path leads through a file, or where it may not be looked at */
function isDirectory(path: string): boolean {
  let found: Stats;
  try {
    found = statSync(path);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false;
    // A file stands above it: which one is found there.
    if (isCode(error, 'ENOTDIR') && dirname(path) !== path) return isDirectory(dirname(path));
    throw error;
  }
  if (!found.isDirectory()) throw failure('ENOTDIR', path, `${path} is not a directory`);
  return true;
}

function failure(code: string, path: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}; choose another place`), { code, path, syscall: 'mkdir' });
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
