import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordsIn } from '../../../producer/formats/record-lists.js';
import { readLogs } from '../../../producer/log-source.js';
import { temporaryDirectory } from '../../integration/millrace.js';

const AT = '2026-01-31T21:00:00.000Z';
const event = (n: number) => ({ service: 'cart', level: 'INFO', message: `line ${n}`, time: AT });

async function read(text: string, options: { readonly batchLines?: number } = {}) {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'app.log');
  await writeFile(path, text);
  const batches = [];
  const logs = readLogs({
    ...{ inputs: [path], follow: false, format: 'auto', host: 'h', server: 's', maxFutureMs: 86_400_000 },
    ...{ positions: new Map(), signal: new AbortController().signal, details: () => true, ...options },
  } as never);
  for await (const batch of logs) batches.push(batch);
  await directory.remove();
  return batches;
}

describe('a line that holds several records', () => {
  it.each([
    ['a list', JSON.stringify([event(1), event(2), event(3)])],
    ['a list with spaces', ` [ ${[1, 2, 3].map((n) => JSON.stringify(event(n))).join(' , ')} ] `],
    ['records in an object', JSON.stringify({ Records: [event(1), event(2), event(3)] })],
  ])('becomes an event of each: %s', async (_, line) => {
    const [batch, ...more] = await read(`${line}\n${JSON.stringify(event(4))}\n`);
    expect(more).toEqual([]);
    expect(batch?.badLines).toEqual([]);
    expect(batch?.serviceLogs.map(({ message }) => message)).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
  });

  it('is taken whole or not at all: its position is in the batch that has all of its records', async () => {
    const lists = [0, 1, 2, 3].map((n) => JSON.stringify([event(3 * n), event(3 * n + 1), event(3 * n + 2)]));
    const text = `${lists.join('\n')}\n`;
    const batches = await read(text, { batchLines: 2 });
    expect(batches.every(({ serviceLogs }) => serviceLogs.length % 3 === 0)).toBe(true);
    let offset = 0;
    for (const { positions, serviceLogs } of batches) {
      for (let n = 0; n < serviceLogs.length / 3; n++) offset += (lists.shift()?.length ?? 0) + 1;
      for (const position of positions.values()) expect(position?.offset).toBe(offset);
    }
    expect(offset).toBe(text.length);
  });

  it('has records that cannot be used refused by themselves', async () => {
    const [batch] = await read(`${JSON.stringify([event(1), { nothing: true }, event(2)])}\n`);
    expect(batch?.serviceLogs.map(({ message }) => message)).toEqual(['line 1', 'line 2']);
    expect(batch?.badLines.map(({ bytes, line }) => [line, bytes.toString()])).toEqual([[1, '{"nothing":true}']]);
  });

  it('of a CloudWatch subscription has the log group for its service and the stream for its instance', async () => {
    const line = JSON.stringify({
      ...{ messageType: 'DATA_MESSAGE', owner: '123456789012', logGroup: '/aws/lambda/orders', logStream: 'a/1' },
      subscriptionFilters: ['all'],
      logEvents: [
        { id: '1', timestamp: Date.parse(AT), message: 'ERROR payment refused' },
        { id: '2', timestamp: Date.parse(AT) + 1, message: '{"level":"warn","message":"slow"}' },
      ],
    });
    const [batch] = await read(`${line}\n`);
    expect(batch?.badLines).toEqual([]);
    expect(batch?.serviceLogs).toMatchObject([
      { service: 'orders', source: 'a/1', level: 'ERROR', timestamp: Date.parse(AT) },
      { service: 'orders', level: 'WARN', message: 'slow', timestamp: Date.parse(AT) + 1 },
    ]);
    expect(
      recordsIn(
        '{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE"}]}',
      ),
    ).toEqual([]);
  });

  it('of CloudTrail says which call was made, by whom, and whether it failed', async () => {
    const record = { eventVersion: '1.08', eventTime: AT, eventSource: 's3.amazonaws.com', eventName: 'GetObject' };
    const failed = {
      errorCode: 'AccessDenied',
      errorMessage: 'Access Denied',
      sourceIPAddress: '203.0.113.7',
      requestID: 'r1',
    };
    const [batch] = await read(`${JSON.stringify({ Records: [record, { ...record, ...failed }] })}\n`);
    expect(batch?.serviceLogs).toMatchObject([
      { service: 's3', level: 'INFO', message: 'GetObject' },
      {
        service: 's3',
        level: 'ERROR',
        message: 'GetObject: AccessDenied: Access Denied',
        ip: '203.0.113.7',
        request_id: 'r1',
      },
    ]);
  });

  it('is none of text formats, of lists of other things, or of more records than one line may have', () => {
    for (const line of [
      '[Sun Jan 31 21:00:00 2026] [error] x',
      '[1,2]',
      '{"tags":[{"a":1}]}',
      '[{"broken":',
      '{"Records":5}',
    ]) {
      expect(recordsIn(line)).toBeUndefined();
    }
    expect(recordsIn(JSON.stringify(Array.from({ length: 50_001 }, () => ({}))))).toBeUndefined();
    expect(recordsIn('[]')).toEqual([]);
  });
});

it('a line without a time of its own has that of whoever wrapped it', async () => {
  const inner = '{"level":"warn","service":"cart","message":"slow"}';
  const lines = [
    JSON.stringify({ log: `${inner}\n`, stream: 'stdout', time: AT }),
    `${AT} stdout F ${inner}`,
    `<14>1 ${AT} host-1 cart 7 - - ${inner}`,
    JSON.stringify({ '@timestamp': AT, message: inner }),
  ];
  for (const line of lines) {
    const [batch] = await read(`${line}\n`);
    expect([line, batch?.badLines.map(({ reason }) => reason)]).toEqual([line, []]);
    expect(batch?.serviceLogs).toMatchObject([{ level: 'WARN', message: 'slow', timestamp: Date.parse(AT) }]);
  }
});
