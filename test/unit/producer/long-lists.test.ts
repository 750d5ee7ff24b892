import { appendFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../producer/line-splitter.js';
import { Committed, combined, temporaryFolder } from './log-inputs.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const COUNT = 12_000;
const record = (n: number) => ({ time: '2024-03-07T11:05:01Z', level: 'info', msg: `${n} }{][ "`.padEnd(100, '.') });
const RECORDS = Array.from({ length: COUNT }, (_, n) => record(n));
const LIST = JSON.stringify(RECORDS);
const NUMBERS = RECORDS.map((_, n) => n);

const numbers = (committed: Committed) =>
  committed.batches.flatMap(({ serviceLogs }) => serviceLogs.map(({ message }) => Number.parseInt(message, 10)));

describe('a list in one line that is longer than a line may be', () => {
  it.each([
    ['a list', LIST],
    ['a list with spaces', ` [ ${RECORDS.map((each) => JSON.stringify(each)).join(' , ')} ] \r\n`],
    ['records in an object', JSON.stringify({ Records: RECORDS })],
    [
      'an answer of an interface',
      JSON.stringify({ status: 'ok', meta: { tags: ['a', {}] }, data: RECORDS, next: 'x' }),
    ],
    [
      'an answer of Elasticsearch',
      JSON.stringify({
        took: 5,
        hits: { total: { value: 3 }, hits: RECORDS.map((each) => ({ _index: 'logs', _source: each })) },
      }),
    ],
    ['a list behind a byte order mark', `\ufeff${LIST}\n`],
  ])('is read record by record: %s', async (_, text) => {
    expect(text.length).toBeGreaterThan(1024 * 1024);
    const path = folder.path('list.json');
    const committed = new Committed();
    await writeFile(path, `${text.trimEnd()}\n${combined(1)}\n`);
    await committed.read(path);
    expect([numbers(committed), committed.reasons, committed.clients]).toEqual([NUMBERS, [], ['10.0.1.1']]);
    expect(committed.position(path)?.lines).toBe(2);
  });

  it('is of the log group that its object names', async () => {
    const events = RECORDS.map(({ msg }, n) => ({
      id: String(n),
      timestamp: 1_709_809_501_000,
      message: `[INFO] ${msg}`,
    }));
    const text = JSON.stringify({
      messageType: 'DATA_MESSAGE',
      owner: '123',
      logGroup: '/aws/lambda/orders',
      logStream: 'a/[1]',
      subscriptionFilters: ['all'],
      logEvents: events,
    });
    const path = folder.path('subscription.json');
    const committed = new Committed();
    await writeFile(path, text);
    await committed.read(path, { batchLines: 5000, stopAfter: 1 });
    await committed.read(path);
    const logs = committed.batches.flatMap(({ serviceLogs }) => serviceLogs);
    expect([logs.length, committed.reasons]).toEqual([COUNT, []]);
    expect(new Set(logs.map(({ service, source }) => `${service} ${source}`))).toEqual(new Set(['orders a/[1]']));
  });

  it.each(['plain', 'compressed'])('is read on behind the record where reading stopped: %s', async (how) => {
    const path = folder.path(`${how}.json`);
    const committed = new Committed();
    await writeFile(path, how === 'plain' ? LIST : gzipSync(LIST));
    for (let run = 0; run < 4; run++) await committed.read(path, { batchLines: 3_500, stopAfter: 1 });
    await committed.read(path);
    expect([numbers(committed), committed.reasons]).toEqual([NUMBERS, []]);
    await committed.read(path);
    expect(numbers(committed).length).toBe(COUNT);
  });

  it('may be written on where it ended, in whatever place that was', async () => {
    for (const end of [600_000, 1_300_000, LIST.length - 50, LIST.length - 1, LIST.length]) {
      const path = folder.path(`grows-${end}.json`);
      const committed = new Committed();
      await writeFile(path, LIST.slice(0, end));
      await committed.read(path);
      await appendFile(path, `${LIST.slice(end)}\n${combined(1)}\n`);
      await committed.read(path);
      expect([end, numbers(committed).length, committed.clients]).toEqual([end, COUNT, ['10.0.1.1']]);
    }
  });

  it('has a record that breaks off refused by itself, with the line that follows read', async () => {
    const path = folder.path('broken.json');
    const committed = new Committed();
    await writeFile(path, `${LIST.slice(0, -50)}\n${combined(1)}\n`);
    await committed.read(path);
    expect([numbers(committed).length, committed.reasons, committed.clients]).toEqual([
      ...[COUNT - 1, ['not-json'], ['10.0.1.1']],
    ]);
    expect(committed.badLines[0]?.line).toBe(1);
  });

  it('has a record that is too long refused by itself', async () => {
    const path = folder.path('long-record.json');
    const committed = new Committed();
    await writeFile(path, JSON.stringify([record(0), { ...record(1), more: 'x'.repeat(2 ** 20) }, record(2)]));
    await committed.read(path);
    expect([numbers(committed), committed.reasons]).toEqual([[0, 2], ['line-too-long']]);
  });

  it('keeps no more in memory than a record of it', () => {
    const splitter = new LineSplitter({ offset: 0, lines: 0 });
    const piece = Buffer.from(JSON.stringify(record(1)).padEnd(4096).concat(','));
    let given = [...splitter.push(Buffer.from('['))].length;
    for (let n = 0; n < 5_000; n++) {
      const lines = [...splitter.push(piece)];
      expect(lines.length).toBeLessThanOrEqual(257);
      given += lines.length;
    }
    expect([given, splitter.offset > 5_000 * 4096]).toEqual([5_000, true]);
  });
});

it('a list of more than 10,000 short records is read whole', async () => {
  const short = Array.from({ length: 15_000 }, (_, n) => ({ t: 1_709_809_501, level: 'info', msg: `${n}` }));
  const committed = new Committed();
  await writeFile(folder.path('short.json'), JSON.stringify(short));
  await committed.read(folder.path('short.json'));
  expect([numbers(committed).length, committed.reasons]).toEqual([15_000, []]);
});
