import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inputPaths } from '../../../producer/input-paths.js';

let folder: string;
const at = (...names: string[]) => names.map((name) => join(folder, name));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-inputs-'));
  for (const path of at('b.log', 'a.log', 'a.log.1.gz', '.hidden.log', 'web/one/x.log', 'web/two/y.log', 'web/z.txt')) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
  }
});

afterEach(() => rm(folder, { recursive: true, force: true }));

it('a directory means its own files, but for those that are hidden', () => {
  expect(inputPaths([folder])).toEqual(at('a.log', 'a.log.1.gz', 'b.log'));
});

it.each([
  ['*.log', ['a.log', 'b.log']],
  ['[ab].log', ['a.log', 'b.log']],
  ['a.log*', ['a.log', 'a.log.1.gz']],
  ['web/**/*.log', ['web/one/x.log', 'web/two/y.log']],
  ['web/{one,two}/?.log', ['web/one/x.log', 'web/two/y.log']],
])('the pattern %s means the files that it fits, by their names', (pattern, names) => {
  expect(inputPaths(at(pattern))).toEqual(at(...names));
});

it('a file that is there is no pattern, and is read once under however many names', async () => {
  await writeFile(join(folder, 'a[1].log'), '');
  expect(inputPaths(at('a[1].log', 'b.log', '*.log'))).toEqual(at('a[1].log', 'b.log', 'a.log'));
});

it('standard input, and a file that is not there, stay what they are', () => {
  expect(inputPaths(['-', 'none.log'])).toEqual(['-', 'none.log']);
});

it('says where no file is meant', async () => {
  await mkdir(join(folder, 'empty'));
  const nothing = (name: string) => () => inputPaths(at(name));
  expect(nothing('empty')).toThrow(
    expect.objectContaining({ code: 'INPUT_MISSING', message: expect.stringContaining('empty') }),
  );
  expect(nothing('*.gone')).toThrow(
    expect.objectContaining({ code: 'INPUT_MISSING', message: expect.stringContaining('*.gone') }),
  );
});
