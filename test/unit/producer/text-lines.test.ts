import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLogs } from '../../../producer/log-source.js';
import type { ServiceLog } from '../../../schemas/records.js';
import { temporaryFolder } from './log-inputs.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** What the lines of a file become. */
async function read(lines: readonly string[]): Promise<{ logs: ServiceLog[]; requests: number; refused: string[] }> {
  const path = folder.path('cart.log');
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
  const logs: ServiceLog[] = [];
  const refused: string[] = [];
  let requests = 0;
  const options = { format: 'auto', host: 'unknown', server: 'unknown', maxFutureMs: 86_400_000, follow: false };
  const { signal } = new AbortController();
  for await (const batch of readLogs({ ...options, inputs: [path], signal, positions: new Map() })) {
    logs.push(...batch.serviceLogs);
    requests += batch.events.length;
    refused.push(...batch.badLines.map(({ reason }) => reason));
  }
  return { logs, requests, refused };
}

const brief = ({ level, message, timestamp }: ServiceLog) => [new Date(timestamp).toISOString(), level, message];

describe('the time that a line begins with', () => {
  it.each([
    ['2024-03-07T11:05:01,123Z', '2024-03-07T11:05:01.123Z'],
    ['2024-03-07T11:05:01.123456789+02:00', '2024-03-07T09:05:01.123Z'],
    ['2024-03-07T11:05:01.123+01:00[Europe/Berlin]', '2024-03-07T10:05:01.123Z'],
    ['2024-03-07 11:05:01.123 CET', '2024-03-07T10:05:01.123Z'],
    ['2024-07-07 11:05:01 Europe/Berlin', '2024-07-07T09:05:01.000Z'],
    ['2024-03-07 11:05:01 PST', '2024-03-07T19:05:01.000Z'],
    ['2024-03-07 01:05:01 PM', '2024-03-07T13:05:01.000Z'],
    ['2024-03-07T11:05Z', '2024-03-07T11:05:00.000Z'],
    ['<2024-03-07 11:05:01>', '2024-03-07T11:05:01.000Z'],
    ['[07/Mar/2024:11:05:01 +0100]', '2024-03-07T10:05:01.000Z'],
    ['07/Mar/2024:11:05:01 +0000', '2024-03-07T11:05:01.000Z'],
    ['Thu, 07 Mar 2024 11:05:01 GMT', '2024-03-07T11:05:01.000Z'],
    ['07.03.2024 11:05:01', '2024-03-07T11:05:01.000Z'],
    ['03/07/2024 12:05:01 AM', '2024-03-07T00:05:01.000Z'],
    ['24/03/07 11:05:01', '2024-03-07T11:05:01.000Z'],
    ['240307  1:05:01', '2024-03-07T01:05:01.000Z'],
    ['20240307 11:05:01', '2024-03-07T11:05:01.000Z'],
    ['20240307T110501Z', '2024-03-07T11:05:01.000Z'],
    ['1709809501', '2024-03-07T11:05:01.000Z'],
    ['1709809501.123', '2024-03-07T11:05:01.123Z'],
    ['[1709809501123]', '2024-03-07T11:05:01.123Z'],
    ['1709809501123456', '2024-03-07T11:05:01.123Z'],
    ['1709809501123456789', '2024-03-07T11:05:01.123Z'],
  ])('%s is read, also behind a line that begins otherwise', async (written, time) => {
    const { logs, refused } = await read(['2024-03-06 10:00:00 INFO before', `${written} ERROR boom`]);
    expect(refused).toEqual([]);
    expect(logs.map(brief)[1]).toEqual([time, 'ERROR', 'boom']);
  });

  it('is no number that a message goes on with', async () => {
    const { logs } = await read(['2024-03-07 11:05:01 ERROR rows:', '1709809501 apples', '1709809502 pears']);
    expect(logs.map(({ message }) => message)).toEqual(['rows:\n1709809501 apples\n1709809502 pears']);
  });
});

describe('what well-known programs write', () => {
  it.each<[string, string[], [string, string][]]>([
    ['Spark', ['24/03/07 11:05:01 WARN Utils: slow'], [['WARN', 'Utils: slow']]],
    [
      'java.util.logging',
      [
        ...['Mar 07, 2024 1:05:01 PM com.shop.Cart add', 'SEVERE: broken', 'java.lang.IllegalStateException: x'],
        ...['\tat com.shop.Cart.add(Cart.java:7)', 'Mar 07, 2024 1:05:02 PM com.shop.Cart add', 'INFO: ok'],
      ],
      [
        ['ERROR', 'broken\njava.lang.IllegalStateException: x\n\tat com.shop.Cart.add(Cart.java:7)'],
        ['INFO', 'ok'],
      ],
    ],
    [
      'PostgreSQL',
      [
        ...[
          '2024-03-07 11:05:01.123 UTC [42] ERROR:  no relation "x"',
          '2024-03-07 11:05:01.123 UTC [42] STATEMENT:  select',
        ],
        ...['\tfrom x', '2024-03-07 11:05:02.123 UTC [42] a@shop LOG:  ready'],
      ],
      [
        ['ERROR', 'no relation "x"'],
        ['INFO', 'select\n\tfrom x'],
        ['INFO', 'ready'],
      ],
    ],
    ['Redis', ['42:M 07 Mar 2024 11:05:01.123 # WARNING overcommit'], [['WARN', 'WARNING overcommit']]],
    ['Elasticsearch', ['[2024-03-07T11:05:01,123][WARN ][o.e.n.Node   ] [node-1] slow'], [['WARN', '[node-1] slow']]],
    ["Ruby's Logger", ['E, [2024-03-07T11:05:01.123456 #42] ERROR -- cart: boom'], [['ERROR', 'boom']]],
    ["Rust's env_logger", ['[2024-03-07T11:05:01Z ERROR shop::cart] boom'], [['ERROR', 'shop::cart: boom']]],
    ['Monolog', ['[2024-03-07T11:05:01.123456+00:00] app.ERROR: boom {"a":1} []'], [['ERROR', 'boom {"a":1} []']]],
    ['MySQL', ['2024-03-07T11:05:01.123456Z 12 [ERROR] [MY-010] [Server] boom'], [['ERROR', '[MY-010] [Server] boom']]],
    [
      'PHP',
      [
        ...[
          '[07-Mar-2024 11:05:01 Europe/Berlin] PHP Fatal error:  Uncaught x in /a.php:7',
          'Stack trace:',
          '#0 /a.php(7): f()',
        ],
        ...['#1 {main}', '  thrown in /a.php on line 7', '[07-Mar-2024 11:05:02 UTC] PHP Notice:  y'],
      ],
      [
        [
          'CRITICAL',
          'Uncaught x in /a.php:7\nStack trace:\n#0 /a.php(7): f()\n#1 {main}\n  thrown in /a.php on line 7',
        ],
        ['INFO', 'y'],
      ],
    ],
  ])('%s', async (_program, lines, expected) => {
    const { logs, refused } = await read(lines);
    expect(refused).toEqual([]);
    expect(logs.map(({ level, message }) => [level, message])).toEqual(expected);
  });

  it('JSON and pairs that a message shows are more of it, unless they say a time', async () => {
    const { logs, refused } = await read([
      ...['2024-03-07 11:05:01 ERROR answer:', '{"a": 1}', 'key=value other=thing'],
      ...['{"time":"2024-03-07T11:05:02Z","level":"info","msg":"own"}'],
    ]);
    expect(refused).toEqual([]);
    expect(logs.map(({ message }) => message)).toEqual(['answer:\n{"a": 1}\nkey=value other=thing', 'own']);
  });

  it('docker compose: each line is its own service', async () => {
    const request = '203.0.113.5 - - [07/Mar/2024:11:05:01 +0000] "GET / HTTP/1.1" 200 5 "-" "x"';
    const { logs, requests } = await read(['cart-1  | 2024-03-07T11:05:01Z ERROR boom', `web-1   | ${request}`]);
    expect(logs.map(({ message, service }) => [service, message])).toEqual([['cart-1', 'boom']]);
    expect(requests).toBe(1);
  });

  it('kubectl with times before JSON: the JSON is read', async () => {
    const { logs } = await read(['2024-03-07T11:05:01.1Z {"level":"error","msg":"boom"}']);
    expect(logs.map(brief)).toEqual([['2024-03-07T11:05:01.100Z', 'ERROR', 'boom']]);
  });

  it('.NET in a container: its words for levels', async () => {
    const at = '2024-03-07T11:05:01.1Z stdout F';
    const { logs } = await read([`${at} fail: Shop.Cart[0]`, `${at}       boom`, `${at} info: Shop.Cart[0]`]);
    expect(logs.map(({ level }) => level)).toEqual(['ERROR', 'INFO']);
  });

  it('Cisco and syslog without a name: lines of their own, not more of the one before', async () => {
    const { logs, refused } = await read([
      '<13>Mar  7 2024 11:05:01 web1 kernel: oom',
      '<166>Mar 07 2024 11:05:02 asa1 : %ASA-3-302013: Built',
      '<187>123: sw1: *Mar  7 2024 11:05:03.123: %LINK-3-UPDOWN: down',
      '<13>no time at all',
    ]);
    expect(logs.map(({ level, message, service, source }) => [service, source, level, message])).toEqual([
      ['kernel', 'web1', 'INFO', 'oom'],
      ['ASA', 'asa1', 'INFO', '%ASA-3-302013: Built'],
      ['LINK', 'sw1', 'ERROR', '%LINK-3-UPDOWN: down'],
    ]);
    expect(refused).toEqual(['missing-field: the time is missing']);
  });
});

describe('logfmt', () => {
  it.each([
    ['escapes', 'ts=2024-03-07T11:05:01Z level=error msg="a \\"b\\"\\n\\u00e9\\x41"', 'a "b"\néA'],
    [
      'names without values, and empty values',
      'ts=2024-03-07T11:05:01Z level=error fatal msg=boom empty= retry',
      'boom',
    ],
    ['single quotes', "ts=2024-03-07T11:05:01Z level=error msg='a b'", 'a b'],
    ['a quote within a value', 'ts=2024-03-07T11:05:01Z level=error msg=x"y"', 'x"y"'],
  ])('with %s is read', async (_what, line, message) => {
    const { logs, refused } = await read([line]);
    expect(refused).toEqual([]);
    expect(logs.map(brief)).toEqual([['2024-03-07T11:05:01.000Z', 'ERROR', message]]);
  });
});
