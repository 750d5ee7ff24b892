import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  ArgumentError,
  LogError,
  MillraceError,
  Streams,
  StreamsBuilder,
  TimeWindows,
  TopologyError,
} from '../../streams/index.js';
import { EmbeddedLog } from '../../streams/log/embedded/embedded-log.js';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = [
  'streams',
  'detection',
  'topology',
  'producer',
  'schemas',
  'connectors',
  'stack',
  'lake',
  'app',
  'cli',
  'bench',
];

it('every class of errors has the root class, and so a code', async () => {
  const classes: string[] = [];
  for (const folder of FOLDERS) {
    for (const file of await readdir(join(ROOT, folder), { recursive: true })) {
      if (!file.endsWith('.ts') || file.endsWith('.d.ts') || file.includes('node_modules')) continue;
      const source = await readFile(join(ROOT, folder, file), 'utf8');
      for (const [, name] of source.matchAll(
        /class (\w+)(?:<[^{]*>)? extends (?:Aggregate|Range|Reference|Syntax|Type)?Error\b/g,
      )) {
        classes.push(`${folder}/${file}: ${name}`);
      }
    }
  }
  expect(classes).toEqual(['streams/errors.ts: MillraceError']);
});

it('an error has the name of its class, its code and what caused it', () => {
  const cause = new Error('the disk is full');
  const error = new LogError('LOG_FULL', 'make room', { cause });
  expect(error).toMatchObject({ name: 'LogError', code: 'LOG_FULL', message: 'make room', cause });
  expect(String(error)).toBe('LogError: make room');
  expect(error).toBeInstanceOf(MillraceError);
});

it('what a program gives wrongly has a code, too', async () => {
  const log = await EmbeddedLog.inMemory();
  const empty = () => new Streams(new StreamsBuilder().build(), { applicationId: 'a', log });
  expect(empty).toThrow(TopologyError);
  expect(empty).toThrow(expect.objectContaining({ code: 'INVALID_TOPOLOGY' }));
  for (const wrong of [
    () => TimeWindows.ofSizeWithNoGrace(-1),
    () => TimeWindows.ofSizeWithNoGrace(10).advanceBy(11),
    () => new Streams(new StreamsBuilder().build(), { applicationId: 'a', log, idle: 'soon' as never }),
    () => new Streams(new StreamsBuilder().build(), { applicationId: 'a', log, commit: 1 } as never),
  ]) {
    expect(wrong).toThrow(MillraceError);
  }
  expect(() => TimeWindows.ofSizeWithNoGrace(-1)).toThrow(ArgumentError);
  expect(() => TimeWindows.ofSizeWithNoGrace(-1)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  await log.close();
});
