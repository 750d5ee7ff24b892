import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type EventBatch, readLogs } from '../../../producer/log-source.js';
import type { AccessLog, ServiceLog } from '../../../schemas/records.js';
import { sourceOptions, temporaryFolder } from './log-inputs.js';

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
  'java-gc.log': { levels: 'INFO '.repeat(19).trim(), message: 'Using G1' },
  'redis.log': {
    levels: 'WARN WARN WARN INFO INFO WARN WARN INFO INFO INFO INFO WARN WARN',
    message: 'Ready to accept connections',
  },
  'php-error.log': { levels: 'WARN INFO CRITICAL', message: 'Undefined variable $x in Command line code on line 1' },
};

describe('what programs write, as they wrote it', () => {
  it('has a test for every fixture', () => {
    const others = ['uvicorn.log', 'werkzeug.log', 'postgres.json', 'postgres.log'];
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
