import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePrivateDirectory } from '../../../../streams/log/private-directory.js';

describe('makePrivateDirectory', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'millrace-directory-'));
  });

  afterEach(() => rmSync(root, { recursive: true }));

  test('makes each directory on the way for its owner alone', async () => {
    await makePrivateDirectory(join(root, 'a/b/c'));

    for (const path of ['a', 'a/b', 'a/b/c']) expect(statSync(join(root, path)).mode & 0o777).toBe(0o700);
  });

  test('leaves one that is there as it is, also where several make it at once', async () => {
    await Promise.all([1, 2, 3].map(() => makePrivateDirectory(join(root, 'a/b'))));
    await makePrivateDirectory(join(root, 'a/b'));

    expect(statSync(join(root, 'a/b')).isDirectory()).toBe(true);
  });

  test('names the file that stands in the way, at the end or above it', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');

    for (const path of [file, join(file, 'a/b')]) {
      await expect(makePrivateDirectory(path)).rejects.toMatchObject({
        ...{ code: 'ENOTDIR', path: file, message: expect.stringContaining(`${file} is not a directory`) },
      });
    }
  });

  test('names a link that leads to nothing', async () => {
    const link = join(root, 'link');
    symlinkSync(join(root, 'gone'), link);

    await expect(makePrivateDirectory(join(link, 'a'))).rejects.toThrow(`${link} is a link to nothing`);
  });

  test.runIf(process.platform === 'linux').each(['/proc/x', '/proc/x/y', '/dev/fd/x/y', '/sys/x/y'])(
    'comes back with an error where the file system takes no directories: %s',
    async (path) => {
      await expect(makePrivateDirectory(path)).rejects.toThrow(/E(NOENT|PERM|ACCES|ROFS)/);
    },
  );
});
