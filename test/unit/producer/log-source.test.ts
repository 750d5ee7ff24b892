import { getEventListeners } from 'node:events';
import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LogBatch, readLogs } from '../../../producer/log-source.js';
import type { Positions, SourcePosition } from '../../../producer/source-position.js';
import type { AccessLog } from '../../../schemas/records.js';
import { until } from '../../until.js';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-logs-'));
  path = join(directory, 'access.log');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

interface ReadOptions {
  readonly positions?: Positions;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  readonly format?: string;
}

function read(options: ReadOptions = {}): AsyncGenerator<LogBatch> {
  return readLogs({
    inputs: [path],
    format: options.format ?? 'auto',
    host: 'h',
    server: 's',
    maxFutureMs: 86_400_000,
    follow: options.follow ?? false,
    signal: options.signal ?? new AbortController().signal,
    positions: options.positions ?? new Map(),
  });
}

async function readAll(options: ReadOptions = {}) {
  const methods: string[] = [];
  const reasons: string[] = [];
  const positions = new Map<string, SourcePosition>();
  for await (const batch of read(options)) {
    methods.push(...batch.events.map(({ method }) => method));
    reasons.push(...batch.badLines.map(({ line, reason }) => `${line} ${reason.split(':')[0]}`));
    for (const [key, position] of batch.positions) if (position !== null) positions.set(key, position);
  }
  return { methods, reasons, positions };
}

async function events(options: ReadOptions = {}): Promise<AccessLog[]> {
  const all: AccessLog[] = [];
  for await (const batch of read(options)) all.push(...batch.events);
  return all;
}

/** A line that is known by its method. */
function line(method: string): string {
  return `1.2.3.4 - - [17/May/2015:10:05:03 +0200] "${method} / HTTP/1.1" 200 1 "-" "-"`;
}

describe('reading a log file', () => {
  it('leaves no listener when it is over, or cannot begin', async () => {
    const { signal } = new AbortController();
    await expect(readAll({ signal })).rejects.toThrow();
    await writeFile(path, `${line('A')}\n`);
    await readAll({ signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('goes on at its position, when the file has grown', async () => {
    await writeFile(path, `${line('A')}\n${line('B')}\n`);
    const first = await readAll();
    await appendFile(path, `${line('C')}\n`);
    expect(first.methods).toEqual(['A', 'B']);
    expect((await readAll({ positions: first.positions })).methods).toEqual(['C']);
  });

  it('starts anew when another file stands in its place', async () => {
    await writeFile(path, `${line('A')}\n${line('B')}\n`);
    const { positions } = await readAll();
    await writeFile(path, `${line('X')}\n${line('Y')}\n${line('Z')}\n`);
    expect((await readAll({ positions })).methods).toEqual(['X', 'Y', 'Z']);
  });

  it('gives a last line without a newline, and does not give its rest again', async () => {
    await writeFile(path, `${line('A')}\n${line('B')}`);
    const { methods, positions } = await readAll();
    expect(methods).toEqual(['A', 'B']);
    await appendFile(path, ` and more\n${line('C')}\n`);
    expect((await readAll({ positions })).methods).toEqual(['C']);
  });

  it('refuses what syslog wrote without a time: when it came is known of none of its lines', async () => {
    await writeFile(path, '<34>su: failed for root\n<34>1 2026-03-07T10:00:00Z web-1 su 7 - - failed again\n');
    expect((await readAll()).reasons).toEqual(['1 missing-field']);
  });

  it('takes the zone of a local time into account', async () => {
    await writeFile(path, line('A'));
    const [event] = await events();
    expect(event?.timestamp).toBe(Date.UTC(2015, 4, 17, 8, 5, 3));
  });

  it("reads the contract's JSON, with numbers as texts", async () => {
    const event = {
      server: 'w1',
      client_ip: '2.2.2.2',
      method: 'GET',
      status: '404',
      request_time: '0.5',
      host: 'api',
      country: 'FR',
    };
    await writeFile(path, `\ufeff${JSON.stringify({ ...event, '@timestamp': '1431857103.25' })}\n`);
    const typed = { status: 404, request_time: 0.5, timestamp: 1_431_857_103_250, bytes: null };
    expect(await events()).toEqual([{ ...event, ...typed }]);
  });

  it('takes quotes and blanks inside quoted fields', async () => {
    const format = '$remote_addr [$time_iso8601] "$request" $status "$http_user_agent" "$host"';
    await writeFile(
      path,
      '9.9.9.9 [2026-01-01T00:00:00+00:00] "GET /a \\" b HTTP/1.1" 200 "a \\"b\\" c" "shop.example"\n',
    );
    expect((await events({ format }))[0]).toMatchObject({ method: 'GET', host: 'shop.example', status: 200 });
  });

  it.each([
    ['31/Feb/2026:10:00:00 +0000', 'wrong-timestamp'],
    ['17/May/2015:25:00:00 +0000', 'wrong-timestamp'],
    ['17/May/2999:10:00:00 +0000', 'timestamp-in-future'],
  ])('refuses the time %s', async (time, reason) => {
    await writeFile(path, line('A').replace('17/May/2015:10:05:03 +0200', time));
    expect((await readAll()).reasons).toEqual([`1 ${reason}`]);
  });

  it('follows a file across rotation and truncation', async () => {
    await writeFile(path, `${line('A')}\n`);
    const stop = new AbortController();
    const methods: string[] = [];
    const reading = (async () => {
      for await (const batch of read({ follow: true, signal: stop.signal })) {
        methods.push(...batch.events.map(({ method }) => method));
      }
    })();
    const have = (count: number) => until(() => (methods.length >= count ? true : undefined));
    await have(1);
    await appendFile(path, `${line('B')}\n`);
    await have(2);
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, `${line('C')}\n`);
    await writeFile(path, `${line('D')}\n`);
    await have(4);
    await truncate(path, 0);
    // Shorter than what was cut: the file is seen to be smaller.
    await appendFile(path, `${line('E').replace('"-" "-"', '"-" ""')}\n`);
    await have(5);
    stop.abort();
    await reading;
    expect(methods).toEqual(['A', 'B', 'C', 'D', 'E']);
  });
});

it('files of one kind are told of once, and a file of another or of several kinds for itself', async () => {
  const request = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5\n';
  const line = '{"level":30,"time":1714000000000,"msg":"x","name":"cart"}\n';
  const files = {
    a: request.repeat(30),
    b: request.replace('GET /', 'GET /b').repeat(30),
    c: line.repeat(30),
    d: (request + line).repeat(15),
  };
  const folder = await mkdtemp(join(tmpdir(), 'millrace-producer-'));
  const inputs: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    inputs.push(join(folder, name));
    await writeFile(join(folder, name), text);
  }
  const told: string[] = [];
  const batches = readLogs({
    ...{ inputs, format: 'auto', host: 'h', server: 's', maxFutureMs: 86_400_000, follow: false },
    ...{ signal: new AbortController().signal, positions: new Map() },
    onDecision: (message) => told.push(message.slice(folder.length + 1)),
  });
  for await (const _ of batches);
  await rm(folder, { recursive: true });
  expect(told.toSorted()).toEqual([
    'a: taken for a combined access log, as 20 of the first 20 lines are',
    'c: taken for JSON, as 20 of the first 20 lines are',
    'd: taken for a combined access log, as 10 of the first 20 lines are, 10 are JSON',
  ]);
});
