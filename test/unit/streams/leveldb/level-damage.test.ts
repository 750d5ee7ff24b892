import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import { crc32c } from '../../../../streams/leveldb/crc32c.js';
import { damageOf } from '../../../../streams/leveldb/level-damage.js';

const BATCHES = 600;
const KEYS = 200;
/** Small, so that there are tables, too. */
const OPTIONS = { compression: false, writeBufferSize: 128 * 1024, maxFileSize: 64 * 1024 };
/** Writes batches, and ends as a crash does. */
const WRITER = `
  import { text } from 'node:stream/consumers';
  import { Level } from 'level';
  const level = new Level(process.argv[1], ${JSON.stringify(OPTIONS)});
  for (const batch of JSON.parse(await text(process.stdin))) {
    await level.batch(batch.map(([key, value]) => ({ type: 'put', key, value })));
  }
  process.kill(process.pid, 'SIGKILL');
`;

type Batch = readonly (readonly [key: string, value: string])[];

const batches = writes();
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-level-'));
  const writer = spawnSync(process.execPath, ['--input-type=module', '-e', WRITER, join(directory, 'crashed')], {
    input: JSON.stringify(batches),
  });
  expect(writer.signal, writer.stderr.toString()).toBe('SIGKILL');
}, 60_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

/** As a store does it: some keys, and how far it is. */
function writes(): Batch[] {
  const random = new Random(3);
  return Array.from({ length: BATCHES }, (_, index) => {
    const keys = Array.from({ length: 1 + random.below(4) }, () => `key-${random.below(KEYS)}`);
    const value = `${index + 1} ${'v'.repeat(400)}`;
    return [...keys.map((key) => [key, value] as const), ['batch', String(index + 1)]];
  });
}

async function opened(path: string): Promise<Level> {
  const level = new Level(path, OPTIONS);
  await level.open();
  return level;
}

function contentAfter(count: number): Map<string, string> {
  return new Map(batches.slice(0, count).flat());
}

it('computes the check sum of the standard', () => {
  // RFC 3720, B.4: 32 bytes of zeros, of ones, and counting up; and the usual check value.
  expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
  expect(crc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43);
  expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0, 32)).toBe(0x46dd794e);
  expect(crc32c(Buffer.from('x123456789'), 1, 10)).toBe(0xe3069283);
});

it('finds nothing wrong with what a crash leaves, nor with nothing', async () => {
  const names = await readdir(join(directory, 'crashed'));
  expect(names.filter((name) => name.endsWith('.ldb')).length).toBeGreaterThan(2);
  expect(await damageOf(join(directory, 'crashed'))).toBeUndefined();
  expect(await damageOf(join(directory, 'not there'))).toBeUndefined();
});

it('what it passes holds a prefix of the writes, wherever a bit is changed or a file cut off', {
  timeout: 120_000,
}, async () => {
  const random = new Random(4);
  const names = (await readdir(join(directory, 'crashed'))).filter((name) => !/^LO(CK|G|G.old)$/.test(name)).sort();
  let found = 0;
  let passed = 0;
  for (let round = 0; round < 300; round++) {
    const path = join(directory, 'damaged');
    await cp(join(directory, 'crashed'), path, { recursive: true });
    const name = names[random.below(names.length)] as string;
    const bytes = await readFile(join(path, name));
    const at = random.below(bytes.length);
    const isCut = random.below(3) === 0;
    if (!isCut) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
    await writeFile(join(path, name), isCut ? bytes.subarray(0, at) : bytes);
    const damage = await damageOf(path);
    if (damage !== undefined) found++;
    else {
      const level = await opened(path).catch(() => undefined);
      // What LevelDB itself refuses is found, too.
      if (level === undefined) found++;
      else {
        const content = new Map(await level.iterator().all());
        await level.close();
        // Short, where they differ.
        const differs = [...contentAfter(Number(content.get('batch') ?? 0))].filter(
          ([key, value]) => content.get(key) !== value,
        );
        expect(
          differs.map(([key]) => key),
          `${name} of ${bytes.length} bytes, ${isCut ? 'cut off' : 'changed'} at ${at}`,
        ).toEqual([]);
        passed++;
      }
    }
    await rm(path, { recursive: true });
  }
  expect(found).toBeGreaterThan(100);
  expect(passed).toBeGreaterThan(5);
});

it('empty logs are what a process leaves that was killed while it opened the directory, unless writes follow them', async () => {
  const path = join(directory, 'opened');
  await cp(join(directory, 'crashed'), path, { recursive: true });
  const logs = (await readdir(path)).filter((name) => name.endsWith('.log')).sort();
  const last = logs.at(-1) as string;
  const after = (steps: number) => join(path, `${String(Number.parseInt(last, 10) + steps).padStart(6, '0')}.log`);
  for (const steps of [1, 2, 4]) await writeFile(after(steps), '');
  expect(await damageOf(path)).toBeUndefined();
  expect((await readFile(join(path, last))).length).toBeGreaterThan(0);
  await cp(join(path, last), after(4));
  await writeFile(join(path, last), '');
  expect(await damageOf(path)).toBe(`the log ${Number.parseInt(last, 10)} is empty`);
});
