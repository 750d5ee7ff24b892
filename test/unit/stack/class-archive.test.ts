import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classArchiveOptions, keepClassArchive, withClassArchive } from '../../../stack/class-archive.js';
import { temporaryDirectory } from '../../integration/millrace.js';

const LAUNCH = { program: 'java', args: ['-cp', 'libs/*', 'Main'] };

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let cache: string;
let own: string;
beforeEach(async () => {
  temporary = await temporaryDirectory();
  cache = join(temporary.path, 'cache');
  own = join(temporary.path, 'kafka');
  await mkdir(cache);
  await mkdir(own);
});
afterEach(() => temporary.remove());

function owner(service = 'kafka') {
  return { libraries: join(cache, 'kafka-1'), service };
}

/** The first start, and what Java writes when it ends in order. */
async function firstEnd(): Promise<string> {
  const { args, classArchive } = await withClassArchive(LAUNCH, owner(), own);
  const made = args.find((arg) => arg.startsWith('-XX:ArchiveClassesAtExit='))?.split('=')[1];
  if (made === undefined || classArchive === undefined) throw new Error(`no archive is made by ${args.join(' ')}`);
  await writeFile(made, 'classes');
  return classArchive;
}

describe('the archive of the classes of a service', () => {
  it('is made at the end of the first start, and is taken by the next one', async () => {
    const archive = await firstEnd();
    await keepClassArchive(own, archive);
    expect(await readFile(archive, 'utf8')).toBe('classes');
    expect(await readdir(own)).toEqual([]);
    expect(await withClassArchive(LAUNCH, owner(), own)).toEqual({
      program: 'java',
      args: [`-XX:SharedArchiveFile=${archive}`, ...LAUNCH.args],
    });
  });

  it('is its own, though others have the same jars', async () => {
    await keepClassArchive(own, await firstEnd());
    expect(await classArchiveOptions(owner('kafka'))).toHaveLength(1);
    expect(await classArchiveOptions(owner('connect'))).toEqual([]);
  });

  it('is left out where the service did not end in order', async () => {
    const { classArchive = '' } = await withClassArchive(LAUNCH, owner(), own);
    await keepClassArchive(own, classArchive);
    expect(await readdir(cache)).toEqual([]);
  });

  it('is not kept where it cannot be written, and that is no failure', async () => {
    await firstEnd();
    await keepClassArchive(own, join(cache, 'missing', 'classes.jsa'));
    expect(await readdir(own)).toEqual([]);
    expect(await readdir(cache)).toEqual([]);
  });
});
