import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DateOrder } from '../../../producer/date-order.js';
import { TimeReader } from '../../../producer/event-time.js';
import { type EventBatch, readLogs } from '../../../producer/log-source.js';
import { sourceOptions, temporaryFolder } from './log-inputs.js';

async function readText(text: string): Promise<EventBatch> {
  const folder = await temporaryFolder();
  try {
    await writeFile(folder.path('lines'), text);
    const batches: EventBatch[] = [];
    for await (const batch of readLogs(sourceOptions(folder.path('lines'), { details: () => true }))) {
      batches.push(batch);
    }
    const [batch, ...others] = batches;
    if (batch === undefined || others.length > 0) throw new Error(`the text gives ${batches.length} batches`);
    return batch;
  } finally {
    await folder.remove();
  }
}

const days = ({ serviceLogs }: EventBatch) =>
  serviceLogs.map(({ timestamp }) => new Date(timestamp).toISOString().slice(0, 10));
const NOW = Date.UTC(2026, 10, 30);

describe('dates in numbers alone', () => {
  it.each([
    ['07/03/2024 10:00:00 INFO a\n25/03/2024 10:00:00 INFO b\n', ['2024-03-07', '2024-03-25']],
    ['03/07/2024 10:00:00 INFO a\n03/25/2024 10:00:00 INFO b\n', ['2024-03-07', '2024-03-25']],
    ['07-03-2024 10:00:00 INFO a\n25-03-2024 10:00:00 INFO b\n', ['2024-03-07', '2024-03-25']],
    // The day goes on, and the month stays.
    ['03/07/2024 10:00:00 INFO a\n03/08/2024 10:00:00 INFO b\n', ['2024-03-07', '2024-03-08']],
  ])('have the order that their text shows: %j', async (text, expected) => {
    const batch = await readText(text);
    expect(batch.badLines).toEqual([]);
    expect(days(batch)).toEqual(expected);
    expect([...batch.oddFields.keys()]).toContainEqual(expect.stringContaining('as the first lines show'));
  });

  it('begin with the day where nothing shows it, which is said', async () => {
    const batch = await readText('07/03/2024 10:00:00 INFO a\n');
    expect(days(batch)).toEqual(['2024-03-07']);
    expect([...batch.oddFields.keys()]).toContainEqual(expect.stringContaining('for no line shows which it is'));
  });

  it('are of the past', () => {
    expect(DateOrder.of('05/12/2026 10:00:00 a', NOW)?.iso('05/12/2026 10:00:00')).toBe('2026-05-12 10:00:00');
  });

  it('begin with the month where the clock has twelve hours', () => {
    expect(DateOrder.of('03/07/2024 9:05:01 PM a', NOW)?.iso('03/07/2024 9:05:01 PM')).toBe('2024-03-07 09:05:01 PM');
  });

  it('may have columns of their own for the date and the clock, and a comma in CSV', async () => {
    const { readings } = await readText('Date;Heure;Capteur;Température\n25/03/2024;10:00:05;four;21,5\n');
    expect(readings).toMatchObject([
      { sensor_id: 'four', temperature: 21.5, timestamp: Date.UTC(2024, 2, 25, 10, 0, 5) },
    ]);
  });
});

describe('months in other languages', () => {
  const reader = new TimeReader({ timeZone: 'UTC' });
  const march = Date.UTC(2024, 2, 7, 11, 5, 1);
  it.each([
    '7 mars 2024 11:05:01',
    '07. März 2024 11:05:01',
    'jeu. 07 mars 2024 11:05:01',
    '7 de marzo de 2024, 11:05:01',
    '7 марта 2024 11:05:01',
    'mars 07, 2024 11:05:01 AM',
    '2024年3月7日 11:05:01',
  ])('are read: %s', (text) => {
    expect(reader.read(text)).toBe(march);
  });

  it('are none where two languages have the name for different months', () => {
    expect(reader.read('7 listopada 2024 11:05:01')).toBeNaN();
  });

  it('begin lines of services and of the journal', async () => {
    const { badLines, serviceLogs } = await readText(
      'Mär 07 11:05:01 web1 cron[42]: eins\n25. Dez. 2023 11:05:01 ERROR zwei\nmars 07, 2024 11:05:01 AM shop.Cart add\nGRAVE: trois\n',
    );
    expect(badLines).toEqual([]);
    expect(serviceLogs.map(({ level, message, service, source }) => [service, source, level, message])).toEqual([
      ['cron', 'web1', 'INFO', 'eins'],
      ['unknown', null, 'ERROR', 'zwei'],
      ['unknown', null, 'ERROR', 'trois'],
    ]);
  });
});

describe('the ends of days and lines', () => {
  it('24:00:00 is the first moment of the next day, and 24:00:01 none', () => {
    const reader = new TimeReader();
    expect(reader.read('2024-03-07T24:00:00Z')).toBe(Date.UTC(2024, 2, 8));
    expect(reader.read('2024-03-07T24:00:01Z')).toBeNaN();
    expect(reader.read('2024-03-07T24:00:00.5Z')).toBeNaN();
  });

  it('carriage returns end the lines of a text without newlines', async () => {
    const { badLines, serviceLogs } = await readText('2024-03-07T10:00:00Z INFO a\r2024-03-07T10:00:01Z ERROR b\r');
    expect(badLines).toEqual([]);
    expect(serviceLogs.map(({ message }) => message)).toEqual(['a', 'b']);
  });

  it('carriage returns within lines are of the lines', async () => {
    const { serviceLogs } = await readText('2024-03-07T10:00:00Z INFO 10 %\r20 %\n2024-03-07T10:00:01Z ERROR b\n');
    expect(serviceLogs.map(({ message }) => message)).toEqual(['10 %\r20 %', 'b']);
  });

  it('a header in CSV may be longer than a kibibyte', async () => {
    const columns = Array.from({ length: 200 }, (_, index) => `register_${index}`);
    const row = ['2024-03-07T10:00:00Z', 's1', '21.5', ...columns.map(() => '0')].join(',');
    const { badLines, readings } = await readText(`time,sensor,temperature,${columns.join(',')}\n${row}\n`);
    expect(badLines).toEqual([]);
    expect(readings).toHaveLength(201);
    expect(readings[0]).toMatchObject({ sensor_id: 's1', temperature: 21.5 });
    expect(readings[200]).toMatchObject({ sensor_id: 's1/register_199', value: 0 });
  });
});
