import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Alert, ServiceLog } from '../../../schemas/records.js';
import { until } from '../../until.js';
import { type Served, served } from './served.js';

let server: Served;
const streams: Stream[] = [];

beforeEach(async () => {
  server = await served({ auth: false });
  await until(() => server.services.live.isReady);
});

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await server.stop();
});

interface Event {
  readonly id?: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** A reader of server-sent events. */
class Stream {
  readonly events: Event[] = [];
  readonly #stop = new AbortController();
  #text = '';

  static async open(path: string, lastId?: string): Promise<Stream> {
    const stream = new Stream();
    streams.push(stream);
    const response = await fetch(`${server.url}/api/v1/events${path}`, {
      signal: stream.#stop.signal,
      headers: lastId === undefined ? {} : { 'last-event-id': lastId },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    void stream.#read(response);
    await until(() => stream.events.some(({ event }) => event === 'hello'));
    return stream;
  }

  of(type: string): Event[] {
    return this.events.filter(({ event }) => event === type);
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(response: Response): Promise<void> {
    try {
      for await (const chunk of response.body ?? []) {
        this.#text += Buffer.from(chunk as Uint8Array).toString();
        const parts = this.#text.split('\n\n');
        this.#text = parts.pop() ?? '';
        for (const part of parts) {
          const fields = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s, 2))) as Record<
            string,
            string
          >;
          if (fields['event'] === undefined) continue;
          this.events.push({
            ...(fields['id'] === undefined ? {} : { id: fields['id'] }),
            event: fields['event'],
            data: JSON.parse(fields['data'] ?? 'null') as Record<string, unknown>,
          });
        }
      }
    } catch {
      // It was closed.
    }
  }
}

function line(number: number, more: Partial<ServiceLog> = {}): ServiceLog {
  return {
    ...{ timestamp: Date.now(), service: 'web-api', level: 'INFO', message: `line ${number}`, response_time: 5 },
    ...{ endpoint: null, method: null, status: null, user_id: null, session_id: null, request_id: null },
    ...{ ip: null, bytes: null, source: null, is_anomaly: false },
    ...more,
  };
}

const alert: Alert = {
  ...{
    id: 'a-1',
    time: 1,
    source_kind: 'service',
    entity: 'web-api',
    scope: 'web-api',
    detector: 'd',
    state: 'opened',
  },
  ...{ severity: 'critical', value: 9, expected_low: 0, expected_high: 1, window_start: 0, window_end: 1 },
  ...{ explanation: 'It is high.', fields: ['level'] },
};

const messages = (stream: Stream) => stream.of('log').map(({ data }) => data['message']);

it('sends lines that fit the search, and only events of the types asked for', async () => {
  const errors = await Stream.open('?types=log&q=level:ERROR');
  const alerts = await Stream.open('?types=alert');
  await server.append('serviceLogs', [line(1), line(2, { level: 'ERROR' }), line(3)]);
  await server.append('alerts', [alert]);
  await until(() => errors.of('log').length > 0 && alerts.of('alert').length > 0);
  expect(messages(errors)).toEqual(['line 2']);
  expect(alerts.of('alert')[0]?.data).toMatchObject({ id: 'a-1', severity: 'critical' });
  expect(errors.of('alert')).toEqual([]);
  expect(alerts.of('log')).toEqual([]);
});

it('gives who comes back what came meanwhile, in order and once', async () => {
  const first = await Stream.open('?types=log');
  await server.append('serviceLogs', [line(1), line(2)]);
  await until(() => first.of('log').length === 2);
  first.close();
  const last = first.of('log').at(-1)?.id;
  const other = await Stream.open('?types=log');
  await server.append('serviceLogs', [line(3), line(4)]);
  await until(() => other.of('log').length === 2);
  const again = await Stream.open('?types=log', last);
  await until(() => again.of('log').length === 2);
  await server.append('serviceLogs', [line(5)]);
  await until(() => again.of('log').length === 3);
  expect(messages(again)).toEqual(['line 3', 'line 4', 'line 5']);
  expect(again.of('gap')).toEqual([]);
});

it('tells who comes back to a restarted server that nobody knows what was missed', async () => {
  const stream = await Stream.open('?types=log', '0123abcd-17');
  await until(() => stream.of('gap').length > 0);
  expect(stream.of('gap')[0]?.data).toEqual({ type: 'all', missed: null });
});

it('leaves lines out beyond the rate asked for, and counts them', async () => {
  const stream = await Stream.open('?types=log&lines_per_second=10');
  await server.append(
    'serviceLogs',
    Array.from({ length: 500 }, (_, number) => line(number)),
  );
  const missed = () => stream.of('gap').reduce((sum, { data }) => sum + Number(data['missed']), 0);
  await until(() => stream.of('log').length + missed() >= 500);
  expect(stream.of('log').length + missed()).toBe(500);
  expect(missed()).toBeGreaterThan(400);
});

it('keeps a bounded queue for a client that does not read, and others get all', async () => {
  const { hostname, port } = new URL(server.url);
  const slow: Socket = connect(Number(port), hostname);
  slow.write(`GET /api/v1/events?types=log&lines_per_second=1000 HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
  slow.pause();
  const quick = await Stream.open('?types=log&q=service:other');
  await until(() => server.services.events.listeners === 2);
  const before = process.memoryUsage().rss;
  const message = 'x'.repeat(20_000);
  for (let round = 0; round < 20; round++) {
    await server.append(
      'serviceLogs',
      Array.from({ length: 200 }, (_, number) => line(number, { message })),
    );
  }
  await server.append('serviceLogs', [line(1, { service: 'other' })]);
  await until(() => quick.of('log').length === 1);
  // 80 MB of lines went by; two copies of them would be more than this.
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20);
  slow.destroy();
  await until(() => server.services.events.listeners === 1);
});

it('refuses types that there are not, and searches that cannot be read', async () => {
  for (const query of ['types=nonsense', 'q=level:', 'q=%22open']) {
    const response = await fetch(`${server.url}/api/v1/events?${query}`);
    expect(response.status, query).toBe(400);
    expect(((await response.json()) as { errors: unknown[] }).errors).toHaveLength(1);
  }
});
