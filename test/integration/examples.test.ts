import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryDirectory } from './millrace.js';

const EXAMPLES = fileURLToPath(new URL('../../dist/examples', import.meta.url));

function run(example: string, cwd?: string): string {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(EXAMPLES, `${example}.js`)], {
    cwd,
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

it('the word count continues with the counts of the run before', async () => {
  const { path, remove } = await temporaryDirectory();
  const mostFrequent = () => run('word-count', path).split('\n').slice(0, 3);
  expect(mostFrequent()).toEqual(['     6  a', '     4  is', '     3  you']);
  expect(mostFrequent()).toEqual(['    12  a', '     8  is', '     6  you']);
  await remove();
});

it('the page views are counted by the minute in which they were seen', () => {
  const lines = run('page-views').split('\n');
  expect(lines[0]).toBe('user-minutes');
  expect(lines[1]).toBe('  {"user":"ada","minute":1772366400000,"views":2,"pages":["/","/help"]}');
  expect(lines.slice(5, 9)).toEqual([
    'late',
    '  {"user":"ben","page":"/help","at":"2026-03-01T12:00:59Z"}',
    'broken',
    '  {"user":"eve","page":"/","at":"yesterday"}',
  ]);
});

it('the sensors that fall silent are reported, and reported again when they are back', () => {
  expect(run('silent-sensors')).toBe(
    '12:01:10  pump is silent; heard before at 12:00:35\n12:02:00  pump is back; heard before at 12:00:35\n',
  );
});
