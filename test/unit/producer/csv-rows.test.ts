import { appendFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogSourceOptions } from '../../../producer/log-source.js';
import { Committed, temporaryFolder, until } from './log-inputs.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const HEADER = 'time,sensor_id,note,temperature';
const at = (n: number) => `2024-03-07T11:05:${String(n).padStart(2, '0')}Z`;
const row = (n: number, note = 'ok') => `${at(n)},boiler-${n},${note},${n}.5`;

const readings = (committed: Committed) =>
  committed.batches.flatMap((batch) => batch.readings.map(({ sensor_id, temperature }) => [sensor_id, temperature]));
const sensors = (committed: Committed) => readings(committed).map(([sensor]) => sensor);
const refused = (committed: Committed) => committed.badLines.map(({ bytes, line }) => [line, bytes.toString()]);

async function read(text: string, options: Partial<LogSourceOptions> = {}): Promise<Committed> {
  const committed = new Committed();
  await writeFile(folder.path('plant.csv'), text);
  await committed.read(folder.path('plant.csv'), options);
  return committed;
}

/** In pieces of so many bytes. */
async function readPieces(text: string, bytes: number): Promise<Committed> {
  const committed = new Committed();
  const whole = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(whole.length / bytes) }, (_, n) =>
    Buffer.from(whole.subarray(n * bytes, (n + 1) * bytes)),
  );
  const input = { name: 'stream', open: async () => Readable.from(pieces) };
  await committed.read([], { inputs: [input] });
  return committed;
}

describe('a value in quotes with newlines (RFC 4180)', () => {
  const TEXT = [
    HEADER,
    row(1),
    row(2, '"one, ""two""\nthree, 4\n\n2024 was ""five"""'),
    row(3, '"6"'),
    row(4, '"\n"'),
    '',
  ].join('\n');
  const SENSORS = ['boiler-1', 'boiler-2', 'boiler-3', 'boiler-4'];

  it.each(['\n', '\r\n'])('is in one row, with lines that end in %j', async (newline) => {
    const committed = await read(TEXT.replaceAll('\n', newline));
    expect(readings(committed)).toEqual([1, 2, 3, 4].map((n) => [`boiler-${n}`, n + 0.5]));
    expect(refused(committed)).toEqual([]);
  });

  it.each([1, 7, 64])('is in one row, in whatever pieces it comes: %i bytes', async (bytes) => {
    const committed = await readPieces(TEXT, bytes);
    expect([sensors(committed), refused(committed)]).toEqual([SENSORS, []]);
  });

  it('is in one row where a map says which column is which, and in messages', async () => {
    const text =
      'when,time,text,app\n1,2024-03-07T11:05:01Z,"first\n  second",cart\n2,2024-03-07T11:05:02Z,third,cart\n';
    const committed = await read(text, { map: 'message=text,service=app' });
    expect(committed.batches.flatMap(({ serviceLogs }) => serviceLogs.map(({ message }) => message))).toEqual([
      ...['first\n  second', 'third'],
    ]);
  });

  it('may be the last, without a newline behind it', async () => {
    const committed = await read([HEADER, row(1), row(2, '"a\nb"')].join('\n'));
    expect([sensors(committed), refused(committed)]).toEqual([['boiler-1', 'boiler-2'], []]);
  });

  it('has positions at the ends of rows, wherever reading stops', async () => {
    const committed = new Committed();
    await writeFile(folder.path('stops.csv'), TEXT);
    for (let run = 0; run < 8; run++) await committed.read(folder.path('stops.csv'), { batchLines: 1, stopAfter: 1 });
    expect([sensors(committed), refused(committed)]).toEqual([SENSORS, []]);
    expect(committed.position(folder.path('stops.csv'))?.offset).toBe(TEXT.length);
  });

  it('is waited for in a file that is followed, also by who goes on after a stop', async () => {
    const path = folder.path('followed.csv');
    const committed = new Committed();
    await writeFile(path, `${HEADER}\n${row(1)}\n${at(2)},boiler-2,"half`);
    const first = new AbortController();
    const running = committed.read(path, { follow: true, signal: first.signal });
    await until(() => sensors(committed).length === 1);
    await appendFile(path, ' and\n');
    first.abort();
    await running;
    const second = new AbortController();
    const again = committed.read(path, { follow: true, signal: second.signal });
    await appendFile(path, `half",2.5\n${row(3)}\n`);
    await until(() => sensors(committed).length === 3);
    second.abort();
    await again;
    expect([readings(committed).at(1), refused(committed)]).toEqual([['boiler-2', 2.5], []]);
  });
});

describe('a lone quote', () => {
  it('costs its row alone where a row follows', async () => {
    const committed = await read([HEADER, row(1), row(2, '"lone'), row(3), row(4, '"a\nb"'), row(5), ''].join('\n'));
    expect(sensors(committed)).toEqual(['boiler-1', 'boiler-3', 'boiler-4', 'boiler-5']);
    expect(refused(committed)).toEqual([[3, row(2, '"lone')]]);
  });

  it('costs its row alone where a row with newlines follows, which is read again after a stop', async () => {
    const text = [HEADER, row(1), row(2, '"lone'), row(3, '"a\nb"'), row(4), ''].join('\n');
    const committed = new Committed();
    await writeFile(folder.path('lone.csv'), text);
    for (let run = 0; run < 8; run++) await committed.read(folder.path('lone.csv'), { batchLines: 1, stopAfter: 1 });
    expect(sensors(committed)).toEqual(['boiler-1', 'boiler-3', 'boiler-4']);
    expect(refused(committed)).toEqual([[3, row(2, '"lone')]]);
  });

  it('costs itself alone at the end of the file', async () => {
    const committed = await read(`${[HEADER, row(1), row(2, '"lone')].join('\n')}\n`);
    expect([sensors(committed), refused(committed)]).toEqual([['boiler-1'], [[3, row(2, '"lone')]]]);
    expect(committed.badLines[0]?.reason).toContain('not 4 values: ');
  });

  it('within a value is none: 5" pipe', async () => {
    const committed = await read(`${[HEADER, row(1, '5" pipe'), row(2)].join('\n')}\n`);
    expect([sensors(committed), refused(committed)]).toEqual([['boiler-1', 'boiler-2'], []]);
  });

  it('opens a row of no more than a line may have', async () => {
    const long = Array.from({ length: 1100 }, () => 'x'.repeat(1000)).join('\n');
    const committed = await read(`${[HEADER, row(1, `"${long}`), row(2)].join('\n')}\n`);
    expect(sensors(committed)).toEqual(['boiler-2']);
    expect(committed.badLines[0]).toMatchObject({ line: 2 });
    expect(committed.badLines[0]?.length).toBeLessThanOrEqual(1024 * 1024);
  });
});

describe('a header with a newline in quotes', () => {
  const TEXT = `"Time\n(UTC)",Sensor id,"Temperature\r\n(°C)"\n`;
  it.each(['file', 'stream'])('names its columns all the same: %s', async (how) => {
    const text = `${TEXT}${at(1)},boiler-1,40.5\n${at(2)},boiler-2,41.5\n`;
    const committed = how === 'file' ? await read(text) : await readPieces(text, 4096);
    expect([refused(committed), readings(committed)]).toEqual([
      [],
      [
        ['boiler-1', 40.5],
        ['boiler-2', 41.5],
      ],
    ]);
  });
});
