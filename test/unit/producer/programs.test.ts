import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type EventBatch, readLogs } from '../../../producer/log-source.js';
import type { AccessLog, ServiceLog } from '../../../schemas/records.js';
import { Committed, sourceOptions, temporaryFolder } from './log-inputs.js';

const FOLDER = new URL('../../fixtures/programs/', import.meta.url).pathname;

async function read(path: string): Promise<EventBatch> {
  const batches: EventBatch[] = [];
  for await (const batch of readLogs(sourceOptions(path, { details: () => true }))) batches.push(batch);
  const [batch, ...others] = batches;
  if (batch === undefined || others.length > 0) throw new Error(`${path} gives ${batches.length} batches`);
  return batch;
}

async function readText(...lines: string[]): Promise<EventBatch> {
  const folder = await temporaryFolder();
  try {
    await writeFile(folder.path('lines'), lines.map((line) => `${line}\n`).join(''));
    return await read(folder.path('lines'));
  } finally {
    await folder.remove();
  }
}

const levels = (logs: readonly ServiceLog[]) => logs.map(({ level }) => level).join(' ');
const brief = ({ client_ip, method, path, request_time, status }: AccessLog) =>
  `${client_ip} ${method} ${path} ${status} ${request_time}`;

/** By program: the levels of its service logs, what one of them says, and its requests. */
const PROGRAMS: Readonly<Record<string, { levels: string; message?: string; requests?: string[] }>> = {
  'hypercorn.log': {
    levels: 'INFO ERROR',
    message: 'Running on http://127.0.0.1:28105 (CTRL + C to quit)',
    requests: ['127.0.0.1 GET / 200 null', '127.0.0.1 GET /missing 404 null', '127.0.0.1 POST /orders 500 null'],
  },
  'tornado.log': {
    levels: 'INFO WARN ERROR ERROR',
    message: 'no stock: error',
    requests: ['203.0.113.5 GET / 200 0.00123', '203.0.113.5 GET /missing 404 0.00044'],
  },
  'loguru.log': { levels: 'INFO INFO WARN ERROR ERROR', message: 'paid' },
  'structlog-console.log': { levels: 'INFO WARN ERROR', message: 'slow' },
  'mariadb.log': { levels: 'INFO '.repeat(12).trim(), message: 'InnoDB: Using io_uring' },
  'mariadb-slow.log': {
    levels: 'INFO '.repeat(10).trim(),
    message: "select count(*)\nfrom cart\nwhere note like '2026-11-30 08:00:00 ERROR%';",
  },
  'rails.log': {
    levels: 'INFO INFO INFO DEBUG INFO INFO INFO INFO INFO CRITICAL INFO CRITICAL',
    message: 'Processing by CartController#show as HTML',
    requests: ['203.0.113.5 GET /cart 200 4.822', '2001:db8::7 GET /gone 404 0.432', '203.0.113.6 POST /boom 500 0'],
  },
  'java-gc.log': { levels: 'INFO '.repeat(19).trim(), message: 'Using G1' },
  'redis.log': {
    levels: 'WARN WARN WARN INFO INFO WARN WARN INFO INFO INFO INFO WARN WARN',
    message: 'Ready to accept connections',
  },
  'php-error.log': { levels: 'WARN INFO CRITICAL', message: 'Undefined variable $x in Command line code on line 1' },
};

describe('what programs write, as they wrote it', () => {
  it('has a test for every fixture', () => {
    const others = ['uvicorn.log', 'werkzeug.log', 'journal.export', 'postgres.csv', 'postgres.json', 'postgres.log'];
    expect(readdirSync(FOLDER).sort()).toEqual([...Object.keys(PROGRAMS), ...others].sort());
  });

  it.each(Object.keys(PROGRAMS))('%s', async (name) => {
    const expected = PROGRAMS[name] as (typeof PROGRAMS)[string];
    const { badLines, events, serviceLogs } = await read(`${FOLDER}${name}`);
    expect(badLines.map(({ reason }) => reason)).toEqual([]);
    expect(levels(serviceLogs)).toBe(expected.levels);
    if (expected.message !== undefined) expect(serviceLogs.map(({ message }) => message)).toContain(expected.message);
    expect(events.map(brief)).toEqual(expected.requests ?? []);
  });

  it('werkzeug colours the requests that fail', async () => {
    const { events } = await read(`${FOLDER}werkzeug.log`);
    expect(events.map(brief)).toEqual([
      ...['127.0.0.1 GET / 200 null', '127.0.0.1 GET /missing 404 null', '127.0.0.1 POST /orders 500 null'],
    ]);
  });

  it('PostgreSQL says in JSON what it says as text, and who was connected', async () => {
    const [json, text] = await Promise.all([read(`${FOLDER}postgres.json`), read(`${FOLDER}postgres.log`)]);
    expect([...json.badLines, ...json.events, ...text.badLines, ...text.events]).toEqual([]);
    const failed = json.serviceLogs.filter(({ level }) => level === 'ERROR');
    expect(failed.map(({ message }) => message)).toEqual(['relation "missing" does not exist', 'division by zero']);
    expect(failed[0]).toMatchObject({ ip: '127.0.0.1', service: 'unknown', attributes: { dbname: 'postgres' } });
    const durations = ({ serviceLogs }: EventBatch) => serviceLogs.flatMap(({ response_time }) => response_time ?? []);
    expect(durations(json)).toHaveLength(4);
    expect(durations(text)).toEqual(durations(json));
  });

  it('PostgreSQL says in CSV, without a header, what it says in JSON', async () => {
    const { badLines, events, serviceLogs } = await read(`${FOLDER}postgres.csv`);
    expect([badLines, events, serviceLogs.length]).toEqual([[], [], 23]);
    expect(levels(serviceLogs.filter(({ level }) => level !== 'INFO'))).toBe('ERROR ERROR CRITICAL');
    expect(serviceLogs.find(({ level }) => level === 'ERROR')).toMatchObject({
      ...{ message: 'relation "nowhere" does not exist', ip: '127.0.0.1', user_id: 'postgres' },
      attributes: { dbname: 'postgres', statement: 'select * from nowhere\nwhere x = 1', state_code: '42P01' },
    });
    const inserted = serviceLogs.find(({ message }) => message?.includes('insert into'));
    expect(inserted).toMatchObject({ response_time: 172.765, timestamp: Date.parse('2026-11-30T08:53:10.194Z') });
    expect(inserted?.message).toMatch(/'a "quoted", comma\nand newline'\)$/);
  });

  it.each<[string, string, object]>([
    [
      'of version 12, with 23 columns',
      '2024-03-07 11:05:01.000 CET,"shop","cart",42,"[local]",65e99d5d.2a,3,"SELECT",2024-03-07 11:04:29 CET,3/4,0,ERROR,42P01,"boom",,,,,,,,,"psql"',
      { level: 'ERROR', message: 'boom', user_id: 'shop', timestamp: Date.parse('2024-03-07T10:05:01Z') },
    ],
    [
      'of version 13, with 24',
      '2024-03-07 11:05:01.000 UTC,,,42,,65e99d5d.2a,3,,2024-03-07 11:04:29 UTC,,0,WARNING,01000,"slow",,,,,,,,,"","checkpointer"',
      { level: 'WARN', message: 'slow', timestamp: Date.parse('2024-03-07T11:05:01Z') },
    ],
  ])("a row of PostgreSQL's %s", async (_, line, expected) => {
    const { badLines, serviceLogs } = await readText(line);
    expect(badLines).toEqual([]);
    expect(serviceLogs).toMatchObject([expected]);
  });

  it('a row of PostgreSQL that goes on in other lines may be the first of its log', async () => {
    const row = (message: string) =>
      `2024-03-07 11:05:01.000 UTC,,,42,,65e99d5d.2a,3,,2024-03-07 11:04:29 UTC,,0,ERROR,01000,"${message}",,,,,,,,,"","autovacuum worker"`;
    const { badLines, serviceLogs } = await readText(
      ...row('one\n\n2024-03-07 11:05:02 INFO two').split('\n'),
      row('three'),
    );
    expect(badLines).toEqual([]);
    expect(serviceLogs.map(({ message }) => message)).toEqual(['one\n\n2024-03-07 11:05:02 INFO two', 'three']);
  });

  it('a slow query has its duration, who asked, and when it began', async () => {
    const { serviceLogs } = await read(`${FOLDER}mariadb-slow.log`);
    const inserted = serviceLogs.find(({ message }) => message?.startsWith('insert'));
    expect(inserted).toMatchObject({
      ...{
        message: "insert into cart values (1, 'a # b\ntwo; lines');",
        response_time: 25.081,
        bytes: 11,
        user_id: 'root',
      },
      ...{ timestamp: 1_796_029_657_000, attributes: { Thread_id: '4', Schema: 'shop', Rows_affected: '1' } },
    });
    expect(serviceLogs.find(({ message }) => message === 'select 2;')?.ip).toBe('127.0.0.1');
  });

  it("MySQL's own log of slow queries has a time with a zone, and the connection's number", async () => {
    const { badLines, events, serviceLogs } = await readText(
      '/usr/sbin/mysqld, Version: 8.0.36 (MySQL Community Server - GPL). started with:',
      'Tcp port: 3306  Unix socket: /var/run/mysqld/mysqld.sock',
      'Time                 Id Command    Argument',
      '# Time: 2024-03-07T11:05:01.123456Z',
      '# User@Host: shop[shop] @ web-1 [192.0.2.7]  Id:     8',
      '# Query_time: 2.000245  Lock_time: 0.000001 Rows_sent: 1  Rows_examined: 0',
      'use cart;',
      'SET timestamp=1709809499;',
      'SELECT SLEEP(2),',
      'time, level',
      '-- 2024-03-07 11:05:01 ERROR none',
      ';',
      '# Time: 2024-03-07T11:05:02.000000Z',
      '# User@Host: shop[shop] @ web-1 [192.0.2.7]  Id:     8',
      '# Query_time: 0.000020  Lock_time: 0.000000 Rows_sent: 0  Rows_examined: 0',
      'SET timestamp=1709809502;',
      '# administrator command: Quit;',
    );
    expect([badLines, events]).toEqual([[], []]);
    expect(serviceLogs).toMatchObject([
      {
        ...{
          message: 'SELECT SLEEP(2),\ntime, level\n-- 2024-03-07 11:05:01 ERROR none\n;',
          response_time: 2000.245,
          level: 'INFO',
        },
        ...{
          timestamp: Date.parse('2024-03-07T11:05:01.123Z'),
          user_id: 'shop',
          ip: '192.0.2.7',
          attributes: { Id: '8' },
        },
      },
      { message: '# administrator command: Quit;', response_time: 0.02 },
    ]);
  });

  it('uvicorn says no time: a container’s runtime does', async () => {
    const bare = await read(`${FOLDER}uvicorn.log`);
    expect(new Set(bare.badLines.map(({ reason }) => reason))).toEqual(new Set(['missing-field: the time is missing']));
    const lines = (await readFile(`${FOLDER}uvicorn.log`, 'utf8')).trimEnd().split('\n');
    const { badLines, events, serviceLogs } = await readText(
      ...lines.map((line) => `2024-03-07T11:05:01.123456789Z stderr F ${line}`),
    );
    expect(badLines).toEqual([]);
    expect(events.map(brief)).toEqual([
      ...['127.0.0.1 GET / 200 null', '127.0.0.1 GET /missing 404 null', '127.0.0.1 POST /orders 500 null'],
    ]);
    expect(levels(serviceLogs)).toBe('INFO INFO INFO INFO ERROR INFO INFO INFO INFO');
    expect(serviceLogs[4]?.message).toMatch(/^Exception in ASGI application\nTraceback .*RuntimeError: no stock$/s);
  });
});

const TIME = '2024-03-07T11:05:01.000Z';

describe('what programs write by their documentation', () => {
  it.each<[string, string, string, string, string?]>([
    ['glog with a year', 'E20240307 11:05:01.000000    42 cart.cc:7] boom', 'ERROR', 'boom', 'cart.cc:7'],
    ['logcat', '2024-03-07 11:05:01.000 +0000  42  43 W Cart    : slow', 'WARN', 'slow', 'Cart'],
    [
      'logcat in Android Studio',
      '2024-03-07 11:05:01.000  42-43  Cart   com.shop   F  boom',
      'CRITICAL',
      'boom',
      'Cart',
    ],
    ['MongoDB before 4.4', '2024-03-07T11:05:01.000+0000 E STORAGE  [init] boom', 'ERROR', 'boom', 'STORAGE'],
    ['ClickHouse', '2024.03.07 11:05:01.000000 [ 42 ] {} <Error> query: boom', 'ERROR', 'boom', 'query'],
    ['Nest', '[Nest] 42  - 03/07/2024, 11:05:01 AM   ERROR [Cart] boom', 'ERROR', 'boom', 'Cart'],
    ['Celery', '[2024-03-07 11:05:01,000: WARNING/MainProcess] slow', 'WARN', 'slow', 'MainProcess'],
    ['Airflow', '[2024-03-07 11:05:01,000] {cart.py:5} ERROR - boom', 'ERROR', 'boom', 'cart.py:5'],
    ['Cassandra', 'ERROR [main] 2024-03-07 11:05:01,000 Cart.java:7 - boom', 'ERROR', 'boom', 'Cart.java:7'],
    [
      'Elasticsearch',
      '[2024-03-07T11:05:01,000][WARN ][o.e.Node  ] [node-1] slow',
      'WARN',
      '[node-1] slow',
      'o.e.Node',
    ],
    ['NLog', '2024-03-07 11:05:01.0000|ERROR|Shop.Cart|boom', 'ERROR', 'boom', 'Shop.Cart'],
    ['RabbitMQ', '2024-03-07 11:05:01.000000+00:00 [erro] <0.44.0> boom', 'ERROR', '<0.44.0> boom'],
    ['.NET on one line', '2024-03-07 11:05:01 fail: Shop.Cart[7] boom', 'ERROR', 'boom', 'Shop.Cart'],
    ['journalctl -o short-full', 'Thu 2024-03-07 11:05:01 UTC web-1 cart[42]: ERROR boom', 'ERROR', 'ERROR boom'],
    ['journalctl -o short-unix', '1709809501.000000 web-1 cart[42]: ERROR boom', 'ERROR', 'ERROR boom'],
    ['heroku logs', '2024-03-07T11:05:01.000000+00:00 app[web.1]: ERROR boom', 'ERROR', 'ERROR boom'],
  ])('%s', async (_program, line, level, message, logger) => {
    const { badLines, serviceLogs } = await readText(line);
    expect(badLines).toEqual([]);
    expect(serviceLogs).toHaveLength(1);
    expect(serviceLogs[0]).toMatchObject({ level, message, timestamp: Date.parse(TIME) });
    expect(serviceLogs[0]?.attributes?.['logger']).toBe(logger);
  });

  it(".NET's console has the message in the lines behind, farther in", async () => {
    const { serviceLogs } = await readText(
      ...['2024-03-07 11:05:01 fail: Shop.Cart[7]', '      boom', '         at Shop.Cart.Add()'],
    );
    expect(serviceLogs.map(({ message }) => message)).toEqual(['boom\n   at Shop.Cart.Add()']);
  });

  it.each<[string, string, string]>([
    ['Gin', '[GIN] 2024/03/07 - 11:05:01 | 200 |   1.5ms |     203.0.113.5 | GET      "/cart?id=7"', '0.0015'],
    [
      'chi',
      '2024/03/07 11:05:01 "GET http://shop.example/cart HTTP/1.1" from 203.0.113.5:4711 - 200 2B in 1.5ms',
      '0.0015',
    ],
    ['uvicorn with a time', '2024-03-07 11:05:01,000 INFO 203.0.113.5:4711 - "GET /cart HTTP/1.1" 200 OK', 'null'],
    [
      "Heroku's router",
      '2024-03-07T11:05:01.000000+00:00 heroku[router]: at=info method=GET path="/cart" host=shop.example fwd="1.2.3.4, 203.0.113.5" dyno=web.1 connect=1ms service=18ms status=200 bytes=5',
      '0.019',
    ],
  ])('%s writes requests', async (_program, line, took) => {
    const { badLines, events } = await readText(line);
    expect(badLines).toEqual([]);
    expect(events.map(brief)).toEqual([`203.0.113.5 GET /cart 200 ${took}`]);
    expect(events[0]?.timestamp).toBe(Date.parse(TIME));
  });

  it.each<[string, string, string, number | null]>([
    ['Django', '[07/Mar/2024 11:05:01] "GET /cart HTTP/1.1" 404 12', 'WARN', null],
    ['Serilog', '2024-03-07 11:05:01.000 +00:00 [INF] HTTP GET /cart responded 404 in 1.5 ms', 'INFO', 1.5],
    [
      'ASP.NET Core',
      '2024-03-07 11:05:01 info: Microsoft.AspNetCore.Hosting.Diagnostics[2] Request finished HTTP/1.1 GET http://shop.example/cart - 404 - text/plain 1.5ms',
      'INFO',
      1.5,
    ],
  ])('%s names no client: its requests are service logs with all that they say', async (_by, line, level, took) => {
    const { badLines, serviceLogs } = await readText(line);
    expect(badLines).toEqual([]);
    expect(serviceLogs).toHaveLength(1);
    expect(serviceLogs[0]).toMatchObject({ level, method: 'GET', endpoint: '/cart', status: 404, response_time: took });
  });

  it.each<[string, object]>([
    ['PowerShell 5', { TimeCreated: `/Date(${Date.parse(TIME)})/`, ProviderName: 'SCM', Level: 2, Message: 'boom' }],
    ['PowerShell 7', { TimeCreated: TIME, ProviderName: 'SCM', LevelDisplayName: 'Error', Message: 'boom' }],
    [
      'evtx_dump',
      {
        Event: {
          System: {
            ...{ Provider: { '#attributes': { Name: 'SCM' } }, EventID: 7, Level: 2, Computer: 'WIN-1' },
            TimeCreated: { '#attributes': { SystemTime: TIME } },
          },
        },
      },
    ],
  ])('an event of Windows in the JSON of %s', async (_by, event) => {
    const { badLines, serviceLogs } = await readText(JSON.stringify(event));
    expect(badLines).toEqual([]);
    expect(serviceLogs).toHaveLength(1);
    expect(serviceLogs[0]).toMatchObject({ level: 'ERROR', service: 'SCM', timestamp: Date.parse(TIME) });
  });

  it('how long a request took is not when it was', async () => {
    const { events } = await readText(
      't=2024-03-07T11:05:01+0000 method=GET path=/x status=500 remote_addr=203.0.113.5 time_ms=12',
    );
    expect(events.map(({ request_time, timestamp }) => [request_time, timestamp])).toEqual([[0.012, Date.parse(TIME)]]);
  });
});

describe("Rails' two lines of a request", () => {
  const ID = ['8a2f1f8e-1111-4aaa-9bbb-0123456789ab', '9b3f1f8e-2222-4aaa-9bbb-0123456789ab'];
  const tagged = (second: number, tag: string, text: string, level = 'INFO', pid = 42) =>
    `${level[0]}, [2024-03-07T11:05:${String(second).padStart(2, '0')}.000000 #${pid}] ${level.padStart(5)} -- : ${tag}${text}`;
  const started = (path: string, client: string) => `Started GET "${path}" for ${client} at 2024-03-07 11:05:01 +0000`;

  it('are one request where a tag ties them, whatever stands between', async () => {
    const [one, two] = ID.map((id) => `[${id}] `) as [string, string];
    const { badLines, events, serviceLogs } = await readText(
      tagged(1, one, started('/cart?id=7', '203.0.113.5')),
      tagged(1, two, started('/orders', '2001:db8::7')),
      tagged(1, one, 'Processing by CartController#show as HTML'),
      tagged(2, two, 'Completed 404 Not Found in 7ms (ActiveRecord: 0.0ms | Allocations: 9)'),
      tagged(3, one, 'Completed 200 OK in 1512.5ms (Views: 0.3ms)'),
    );
    expect(badLines).toEqual([]);
    expect(events.map(brief)).toEqual(['2001:db8::7 GET /orders 404 0.007', '203.0.113.5 GET /cart 200 1.5125']);
    expect(events.map(({ timestamp }) => timestamp)).toEqual([2, 3].map((s) => Date.parse(`2024-03-07T11:05:0${s}Z`)));
    expect(serviceLogs.map(({ request_id }) => request_id)).toEqual([ID[0], ID[1], ID[0]]);
  });

  it('are one request where the process ties them, and it answers one at a time', async () => {
    const { events, serviceLogs } = await readText(
      tagged(1, '', started('/a', '203.0.113.5'), 'INFO', 42),
      tagged(1, '', started('/b', '203.0.113.6'), 'INFO', 43),
      tagged(2, '', 'Completed 200 OK in 5ms', 'INFO', 42),
      tagged(2, '', 'Completed 500 Internal Server Error in 6ms', 'INFO', 43),
      // Two at once.
      tagged(3, '', started('/c', '203.0.113.7'), 'INFO', 42),
      tagged(3, '', started('/d', '203.0.113.8'), 'INFO', 42),
      tagged(4, '', 'Completed 200 OK in 5ms', 'INFO', 42),
    );
    expect(events.map(brief)).toEqual(['203.0.113.5 GET /a 200 0.005', '203.0.113.6 GET /b 500 0.006']);
    expect(serviceLogs.at(-1)?.message).toBe('Completed 200 OK in 5ms');
  });

  it.each(['', `[${ID[0]}] `])('are one request where no line has a time of its own: "%s"', async (tag) => {
    const { badLines, events, serviceLogs } = await readText(
      `${tag}${started('/cart', '203.0.113.5')}`,
      `${tag}Processing by CartController#show as HTML`,
      `${tag}  Parameters: {"id"=>"7"}`,
      `${tag}Completed 500 Internal Server Error in 12ms (ActiveRecord: 0.0ms)`,
      `${tag}  `,
      `${tag}RuntimeError (no stock):`,
      `${tag}  `,
      `${tag}app/controllers/cart_controller.rb:3:in \`show'`,
      `${tag}${started('/gone', '203.0.113.6')}`,
      `${tag}Completed 404 Not Found in 1ms`,
    );
    expect(badLines).toEqual([]);
    expect(events.map(brief)).toEqual(['203.0.113.5 GET /cart 500 0.012', '203.0.113.6 GET /gone 404 0.001']);
    expect(levels(serviceLogs)).toBe('INFO CRITICAL INFO');
    expect(serviceLogs[1]?.message).toMatch(/^RuntimeError \(no stock\):\n.*cart_controller/s);
  });
});

describe('journalctl -o export', () => {
  const MESSAGES = [
    'ready',
    'boom\n  at Cart.add (cart.js:7)\n\n__CURSOR=not one\n2024-03-07 11:05:02 INFO no',
    'colours\u0000 and \ufffd no UTF-8',
    `${'x'.repeat(10)}\n${'y'.repeat(0x0a0a - 11)}`,
    'a=b=c',
  ];

  it('is read entry by entry, with values that have newlines, and lengths that look like one', async () => {
    const { badLines, events, serviceLogs } = await read(`${FOLDER}journal.export`);
    expect([badLines, events]).toEqual([[], []]);
    expect(serviceLogs.map(({ message }) => message?.replace('\u001b[31m', ''))).toEqual(MESSAGES);
    expect(levels(serviceLogs)).toBe('INFO ERROR WARN INFO DEBUG');
    expect(serviceLogs[1]).toMatchObject({
      ...{ service: 'cart', source: 'web-1', timestamp: Date.parse('2024-03-07T11:05:03Z') },
    });
  });

  it('is read on behind the entry where reading stopped, however the bytes come', async () => {
    const folder = await temporaryFolder();
    try {
      const whole = await readFile(`${FOLDER}journal.export`);
      for (const cut of [1, 9, 300, 1000, 1100, 1500, 2000, 4000, whole.length - 1]) {
        const path = folder.path(`journal-${cut}`);
        const committed = new Committed();
        await writeFile(path, whole.subarray(0, cut));
        await committed.read(path);
        await writeFile(path, whole);
        await committed.read(path);
        const messages = committed.batches.flatMap(({ serviceLogs }) => serviceLogs.map(({ message }) => message));
        expect([cut, messages.length, new Set(messages).size]).toEqual([cut, MESSAGES.length, MESSAGES.length]);
      }
    } finally {
      await folder.remove();
    }
  });

  it('may be followed by other lines, and leaves out values that are too long', async () => {
    const entry = (message: string) => `__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1709809501000000\nMESSAGE=${message}\n`;
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(3 * 1024 * 1024));
    const dump = Buffer.concat([Buffer.from('COREDUMP\n'), size, Buffer.alloc(3 * 1024 * 1024, 10), Buffer.from('\n')]);
    const folder = await temporaryFolder();
    try {
      const path = folder.path('journal');
      await writeFile(
        path,
        Buffer.concat([
          Buffer.from(entry('one')),
          dump,
          Buffer.from(`\n${entry('two')}\n`),
          Buffer.from('2024-03-07 11:05:02 ERROR three\n'),
        ]),
      );
      const { badLines, serviceLogs } = await read(path);
      expect(badLines).toEqual([]);
      expect(serviceLogs.map(({ message }) => message)).toEqual(['one', 'two', 'three']);
    } finally {
      await folder.remove();
    }
  });
});

describe('what speaks the language of its surroundings', () => {
  it.each<[string, string, string, string]>([
    [
      'PostgreSQL in German',
      '2024-03-07 11:05:01.000 UTC [42] shop@cart FEHLER:  Relation »x« fehlt',
      'ERROR',
      'Relation »x« fehlt',
    ],
    ['PostgreSQL in French', '2024-03-07 11:05:01.000 UTC [42] ATTENTION:  lent', 'WARN', 'lent'],
    ['PostgreSQL in Russian', '2024-03-07 11:05:01.000 UTC [42] ОШИБКА:  нет', 'ERROR', 'нет'],
    [
      'Tomcat in Spanish',
      '2024-03-07 11:05:01.000 ADVERTENCIA [main] shop.Cart lento',
      'WARN',
      '[main] shop.Cart lento',
    ],
  ])('%s', async (_, line, level, message) => {
    const { badLines, serviceLogs } = await readText(line);
    expect([badLines, serviceLogs.length]).toEqual([[], 1]);
    expect(serviceLogs[0]).toMatchObject({ level, message, timestamp: Date.parse(TIME) });
  });

  it('leaves words that are no level in a message', async () => {
    const { serviceLogs } = await readText(
      '2024-03-07 11:05:01.000 UTC [42] der Fehler: Grave',
      '2024-03-07 11:05:01.000 NOTABLE',
    );
    expect(serviceLogs.map(({ level, message }) => [level, message])).toEqual([
      ['INFO', '[42] der Fehler: Grave'],
      ['INFO', 'NOTABLE'],
    ]);
  });

  it('names columns of CSV in it, with the day and the clock apart, and points between thousands', async () => {
    const { badLines, readings } = await readText(
      ...['Datum;Uhrzeit;Messstelle;Temperatur (°C);Druck (hPa)', '07.03.2024;11:05:01;kessel-1;-4,5;1.013,25'],
    );
    expect(badLines).toEqual([]);
    expect(readings).toMatchObject([
      { sensor_id: 'kessel-1', temperature: -4.5, pressure: 1013.25, timestamp: Date.parse(TIME) },
    ]);
  });
});

describe('what else programs have in forms of their own', () => {
  it("Echo's durations are nanoseconds", async () => {
    const line = {
      time: TIME,
      remote_ip: '203.0.113.5',
      method: 'GET',
      uri: '/cart',
      status: 200,
      latency: 1_500_000,
      latency_human: '1.5ms',
    };
    const { events } = await readText(JSON.stringify(line));
    expect(events.map(brief)).toEqual(['203.0.113.5 GET /cart 200 0.0015']);
  });

  it.each<[string, object]>([
    ['2.11 and later', { instant: { epochSecond: 1_709_809_501, nanoOfSecond: 123_456_789 } }],
    ['before', { timeMillis: 1_709_809_501_123 }],
  ])("log4j's JsonLayout has a time: %s", async (_, time) => {
    const { badLines, serviceLogs } = await readText(
      JSON.stringify({ ...time, level: 'ERROR', loggerName: 'shop.Cart', message: 'boom' }),
    );
    expect(badLines).toEqual([]);
    expect(serviceLogs).toMatchObject([{ level: 'ERROR', message: 'boom', timestamp: 1_709_809_501_123 }]);
  });

  it('lograge has a line of key and value for a request', async () => {
    const { serviceLogs } = await readText(
      'I, [2024-03-07T11:05:01.000000 #42]  INFO -- : method=GET path=/cart format=html controller=CartController action=show status=500 duration=12.31 view=8.10',
    );
    expect(serviceLogs).toMatchObject([{ method: 'GET', endpoint: '/cart', status: 500, response_time: 12.31 }]);
  });
});

describe('lines of services, as their programs write them', () => {
  const said = ({ level, message, service, timestamp }: ServiceLog) => [
    ...[new Date(timestamp).toISOString(), service, level, message],
  ];

  it.each<[string, string, object]>([
    [
      "of Amazon's RDS",
      '2024-03-05 13:55:37 CET:10.0.0.5(51234):app@shop:[1234]:ERROR:  deadlock detected',
      { level: 'ERROR', message: 'deadlock detected', ip: '10.0.0.5', user_id: 'app', attributes: { dbname: 'shop' } },
    ],
    [
      "of Amazon's RDS where nobody is connected",
      '2024-03-05 13:55:37 CET::@:[1234]:LOG:  checkpoint starting: time',
      { level: 'INFO', message: 'checkpoint starting: time' },
    ],
    [
      'that pgBadger wants',
      '2024-03-05 13:55:37 CET [1234]: [2-1] user=app,db=shop,app=psql,client=10.0.0.5 FATAL:  no',
      { level: 'CRITICAL', message: 'no', ip: '10.0.0.5', user_id: 'app' },
    ],
    [
      'that pgBadger wants, with a duration and as many words as a line of IIS',
      '2024-03-05 13:55:37 CET [1234]: [1-1] user=app,db=shop,app=psql,client=10.0.0.5 LOG:  duration: 1523.456 ms  statement: SELECT 1',
      { level: 'INFO', response_time: 1523.456 },
    ],
    [
      'of Debian',
      '2024-03-05 13:55:37.000 CET [1234] app@shop WARNING:  slow',
      { level: 'WARN', message: 'slow', user_id: 'app', attributes: { dbname: 'shop' } },
    ],
  ])("a line of PostgreSQL's with the prefix %s", async (_, line, expected) => {
    const { badLines, serviceLogs } = await readText(line);
    expect(badLines).toEqual([]);
    expect(serviceLogs).toMatchObject([{ timestamp: Date.parse('2024-03-05T12:55:37Z'), ...expected }]);
  });

  it('a line with as many words as one of IIS is none', async () => {
    const { badLines, serviceLogs } = await readText(
      '2024-03-05 13:55:36 INFO the order 4711 of the customer was taken and will be sent soon',
      '2024-03-05 13:55:37 ERROR no stock',
    );
    expect([badLines, levels(serviceLogs)]).toEqual([[], 'INFO ERROR']);
  });

  it('Sidekiq before version 6 has the level behind the job', async () => {
    const { badLines, serviceLogs } = await readText(
      '2015-01-25T12:34:57.790Z 12345 TID-oxabcdef PayJob JID-d1e2f3a4b5c6d7e8f9a0b1c2 INFO: done: 1.001 sec',
      '2015-01-25T12:34:58.790Z 12345 TID-oxabcdeg PayJob JID-d1e2f3a4b5c6d7e8f9a0b1c3 WARN: RuntimeError: boom',
      '2015-01-25T12:34:59.000Z 12345 TID-oxabcdeg ERROR: heartbeat: no connection',
    );
    expect([badLines, levels(serviceLogs)]).toEqual([[], 'INFO WARN ERROR']);
    expect(serviceLogs[1]).toMatchObject({ message: 'RuntimeError: boom', request_id: 'd1e2f3a4b5c6d7e8f9a0b1c3' });
  });

  it("HAProxy's lines of connections have the time in their brackets, which has a year", async () => {
    const { badLines, serviceLogs } = await readText(
      'Feb  6 12:12:56 localhost haproxy[14387]: 10.0.1.2:33313 [06/Feb/2009:12:12:51.443] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0',
      '10.0.1.5:33318 [06/Feb/2009:12:12:59.443] fnt bck/<NOSRV> -1/-1/7 0 SC 0/0/0/0/3 0/0',
    );
    expect(badLines).toEqual([]);
    expect(serviceLogs).toMatchObject([
      {
        ...{ level: 'INFO', service: 'haproxy', source: 'localhost', ip: '10.0.1.2', response_time: 5007, bytes: 212 },
        timestamp: Date.parse('2009-02-06T12:12:51.443Z'),
      },
      { level: 'WARN', response_time: 7, attributes: { termination_state: 'SC', backend: 'bck/<NOSRV>' } },
    ]);
  });

  it("zap's console with fields: of Caddy, of Kubernetes' controllers, and with its times in seconds", async () => {
    const { badLines, events, serviceLogs } = await readText(
      '2024/03/05 13:55:36.123\tINFO\thttp.log.access.log0\thandled request\t{"request": {"remote_ip": "203.0.113.7", "client_ip": "203.0.113.7", "proto": "HTTP/2.0", "method": "GET", "host": "shop.example", "uri": "/cart", "headers": {"User-Agent": ["curl/8.4.0"]}}, "bytes_read": 0, "user_id": "", "duration": 0.001234, "size": 1256, "status": 200}',
      '2024/03/05 13:55:38.123\tINFO\ttls.obtain\tacquiring lock\t{"identifier": "shop.example"}',
      '2024-03-05T13:55:37.123Z\tERROR\tcontrollers/pod.go:42\tReconciler error\t{"controller": "pod", "error": "boom"}',
      '1.709646938123e+09\tERROR\tsetup\tunable to start\t{"error": "no"}',
    );
    expect(badLines).toEqual([]);
    expect(events).toMatchObject([
      { client_ip: '203.0.113.7', host: 'shop.example', path: '/cart', request_time: 0.001234, bytes: 1256 },
    ]);
    expect(serviceLogs.map(said)).toEqual([
      ['2024-03-05T13:55:38.123Z', 'unknown', 'INFO', 'acquiring lock'],
      ['2024-03-05T13:55:37.123Z', 'unknown', 'ERROR', 'Reconciler error'],
      ['2024-03-05T13:55:38.123Z', 'unknown', 'ERROR', 'unable to start'],
    ]);
    expect(serviceLogs[0]).toMatchObject({ attributes: { logger: 'tls.obtain', identifier: 'shop.example' } });
  });

  it("a slow query of MongoDB's has its duration", async () => {
    const { serviceLogs } = await readText(
      '{"t":{"$date":"2020-05-20T19:18:41.604+00:00"},"s":"I","c":"COMMAND","id":51803,"ctx":"conn281","msg":"Slow query","attr":{"ns":"stocks.trades","durationMillis":3216}}',
    );
    expect(serviceLogs).toMatchObject([{ message: 'Slow query', response_time: 3216 }]);
  });

  it('CEF and LEEF, bare and in syslog, name the product, how grave it is, and from where', async () => {
    const { badLines, events, serviceLogs } = await readText(
      'CEF:0|Security|threatmanager|1.0|100|worm successfully stopped|10|src=10.0.0.1 msg=a\\=b and more rt=1709646936123',
      'Sep 19 08:26:11 fw1 CEF:0|Palo Alto Networks|PAN-OS|10.0|end|TRAFFIC|1|rt=Mar 05 2024 13:55:36 GMT src=10.0.0.2 suser=bob',
      'LEEF:1.0|Microsoft|MSExchange|4.0 SP1|15345|src=192.0.2.1\tsev=5\tusrName=joe.black\tdevTime=Mar 05 2024 13:55:36',
      'LEEF:2.0|Lancope|StealthWatch|1.0|41|^|src=10.0.1.8^sev=8^devTime=Mar 05 2024 13:55:37^msg=there are spaces',
    );
    expect([badLines, events]).toEqual([[], []]);
    expect(serviceLogs.map(said)).toEqual([
      ['2024-03-05T13:55:36.123Z', 'threatmanager', 'CRITICAL', 'worm successfully stopped'],
      ['2024-03-05T13:55:36.000Z', 'PAN-OS', 'INFO', 'TRAFFIC'],
      ['2024-03-05T13:55:36.000Z', 'MSExchange', 'WARN', '15345'],
      ['2024-03-05T13:55:37.000Z', 'StealthWatch', 'ERROR', 'there are spaces'],
    ]);
    expect(serviceLogs).toMatchObject([
      { ip: '10.0.0.1', attributes: { vendor: 'Security', event_id: '100', msg: 'a=b and more' } },
      { ip: '10.0.0.2', user_id: 'bob', source: 'fw1' },
      { ip: '192.0.2.1', user_id: 'joe.black' },
      { ip: '10.0.1.8' },
    ]);
  });

  it("Suricata's events are its own, and only its requests are requests", async () => {
    const { badLines, events, serviceLogs } = await readText(
      '{"timestamp":"2017-04-07T22:24:37.251547+0100","event_type":"alert","src_ip":"192.168.2.14","dest_ip":"209.53.113.5","proto":"TCP","alert":{"signature_id":2018358,"signature":"ET HUNTING POST to Dotted Quad","severity":2}}',
      '{"timestamp":"2017-04-07T22:24:38.251547+0100","event_type":"http","src_ip":"192.168.2.14","http":{"hostname":"shop.example","url":"/cart","http_method":"GET","protocol":"HTTP/1.1","status":200,"length":1234}}',
      '{"timestamp":"2017-04-07T22:24:39.251547+0100","event_type":"dns","src_ip":"192.168.2.14","dns":{"type":"query","rrname":"shop.example"}}',
    );
    expect([badLines, events.map(brief)]).toEqual([[], ['192.168.2.14 GET /cart 200 null']]);
    expect(serviceLogs.map(said)).toEqual([
      ['2017-04-07T21:24:37.251Z', 'suricata', 'WARN', 'ET HUNTING POST to Dotted Quad'],
      ['2017-04-07T21:24:39.251Z', 'suricata', 'INFO', 'dns'],
    ]);
    expect(serviceLogs[0]).toMatchObject({ ip: '192.168.2.14', attributes: { 'alert.signature_id': '2018358' } });
  });
});

describe('requests, as their servers write them', () => {
  const all = ({ bytes, client_ip, host, path, request_time, status, user_agent }: AccessLog) =>
    [client_ip, host, path, status, bytes, request_time, user_agent].join(' ');

  it.each<[string, string, string]>([
    [
      "APISIX's text has the host between the time and the request",
      '203.0.113.5 - - [10/Jul/2023:08:34:28 +0000] shop.example:9080 "GET /cart HTTP/1.1" 200 390 0.412 "-" "curl/7.81.0" 34.205.150.168:80 200 0.410 "http://10.0.0.5"',
      '203.0.113.5 shop.example /cart 200 390 0.412 curl/7.81.0',
    ],
    [
      "Lighttpd's has it before the user",
      '192.0.2.4 www.shop.example - [12/Mar/2024:09:15:22 +0000] "GET /cart HTTP/1.1" 200 5432 "-" "Mozilla/5.0"',
      '192.0.2.4 www.shop.example /cart 200 5432  Mozilla/5.0',
    ],
    [
      'PHP-FPM has no brackets around the time',
      '127.0.0.1 -  05/Mar/2024:13:55:36 +0100 "GET /index.php" 200',
      '127.0.0.1 unknown /index.php 200   ',
    ],
    [
      'PHP-FPM with its details has milliseconds',
      '127.0.0.1 - bob 05/Mar/2024:13:55:36 +0100 "GET /index.php?a=b" 500 /srv/index.php 112.345 2048 8.90%',
      '127.0.0.1 unknown /index.php 500  0.112345 ',
    ],
  ])('%s', async (_, line, expected) => {
    const { badLines, events } = await readText(line);
    expect([badLines, events.map(all)]).toEqual([[], [expected]]);
  });
});
