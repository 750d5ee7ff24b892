import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type LogBatch, type LogSourceOptions, readLogs } from '../../../producer/log-source.js';
import type { AccessLog, ServiceLog } from '../../../schemas/records.js';
import { sourceOptions } from './log-inputs.js';

const FOLDER = new URL('../../fixtures/dialects/', import.meta.url).pathname;

async function readFixture(name: string, options: Partial<LogSourceOptions> = {}): Promise<LogBatch> {
  const batches: LogBatch[] = [];
  const given = sourceOptions(`${FOLDER}${name}`, { details: () => true, ...options });
  for await (const batch of readLogs(given)) batches.push(batch);
  const [batch, ...others] = batches;
  if (batch === undefined || others.length > 0) throw new Error(`${name} gives ${batches.length} batches`);
  return batch;
}

/** Each program wrote something, a warning, and an error with its stack trace where it has one; most a line to debug. */
const SERVICES: Readonly<Record<string, { service: string; levels: string; first: string; trace?: string }>> = {
  'pino.log': {
    service: 'auth-service',
    levels: 'INFO WARN ERROR CRITICAL',
    first: 'signed in',
    trace: 'at JSON.parse',
  },
  'winston.log': {
    service: 'cart-service',
    levels: 'INFO WARN ERROR DEBUG',
    first: 'cart opened',
    trace: 'at JSON.parse',
  },
  'winston-printf.log': {
    service: 'unknown',
    levels: 'INFO WARN ERROR DEBUG',
    first: 'cart opened',
    trace: 'at JSON.parse',
  },
  'bunyan.log': {
    service: 'mail-service',
    levels: 'INFO WARN ERROR DEBUG',
    first: 'mail sent',
    trace: 'at JSON.parse',
  },
  'zap.log': { service: 'unknown', levels: 'INFO WARN ERROR', first: 'invoice written', trace: 'main.go:27' },
  'zap-console.log': {
    ...{
      service: 'unknown',
      levels: 'INFO WARN ERROR',
      first: 'invoice written',
      trace: 'main.go:27',
    },
  },
  'slog-json.log': { service: 'unknown', levels: 'INFO WARN ERROR', first: 'invoice written' },
  'slog-text.log': { service: 'unknown', levels: 'INFO WARN ERROR', first: 'invoice written' },
  'go-log.log': { service: 'unknown', levels: 'INFO INFO', first: 'listening on :8080' },
  'logback.log': {
    service: 'unknown',
    levels: 'INFO WARN ERROR DEBUG',
    first: 'order 4711 accepted',
    trace: 'Caused by: ',
  },
  'logback-iso.log': {
    service: 'unknown',
    levels: 'INFO WARN ERROR DEBUG',
    first: 'order 4711 accepted',
    trace: 'Caused by: ',
  },
  'spring-boot.log': {
    service: 'shop',
    levels: 'INFO WARN ERROR DEBUG',
    first: 'order 4711 accepted',
    trace: 'Caused by: ',
  },
  'logstash.log': {
    service: 'unknown',
    levels: 'INFO WARN ERROR DEBUG',
    first: 'order 4711 accepted',
    trace: 'Caused by: ',
  },
  'ecs.log': { service: 'orders', levels: 'INFO WARN ERROR DEBUG', first: 'order 4711 accepted', trace: 'Caused by: ' },
  'gelf.log': {
    service: 'unknown',
    levels: 'INFO WARN ERROR DEBUG',
    first: 'order 4711 accepted',
    trace: 'Caused by: ',
  },
  'python-logging.log': {
    service: 'unknown',
    levels: 'INFO WARN ERROR CRITICAL',
    first: 'job 7 started',
    trace: "KeyError: 'missing'",
  },
  'python-brackets.log': {
    service: 'unknown',
    levels: 'INFO WARN ERROR CRITICAL',
    first: 'job 7 started',
    trace: "KeyError: 'missing'",
  },
};
/** Of the formats that are read without being named: seven requests each, the second with a query. */
const REQUESTS = [
  'nginx-combined.log',
  'nginx-json.log',
  'apache-combined.log',
  'apache-common.log',
  'apache-vhost-combined.log',
];

describe('lines that the programs themselves wrote', () => {
  it('of every fixture have a test', () => {
    const named = [...Object.keys(SERVICES), ...REQUESTS, 'apache-own.log', 'nginx-error.log', 'apache-error.log'];
    expect(readdirSync(FOLDER).filter((name) => name.endsWith('.log'))).toEqual(named.sort());
  });

  it.each(Object.keys(SERVICES))('%s are service logs, a stack trace within its line', async (name) => {
    const { first, levels, service, trace } = SERVICES[name] as (typeof SERVICES)[string];
    const { badLines, events, serviceLogs } = await readFixture(name);
    expect(badLines).toEqual([]);
    expect(events).toEqual([]);
    expect(serviceLogs.map(({ level }) => level).join(' ')).toBe(levels);
    expect(serviceLogs[0]).toMatchObject({ service, message: first });
    expect(serviceLogs.map((line) => line.service)).toEqual(serviceLogs.map(() => service));
    // All were written within these two minutes, in UTC; logback's default says the time of day alone.
    if (name !== 'logback.log') for (const line of serviceLogs) expect(time(line)).toMatch(/^2026-11-29T09:1[67]:/);
    const failed = serviceLogs.find(({ level }) => level === 'ERROR');
    if (trace !== undefined) expect(failed?.message).toContain(`\n`);
    if (trace !== undefined) expect(failed?.message).toContain(trace);
  });

  it.each(REQUESTS)('%s are requests with all that they say', async (name) => {
    const { badLines, events } = await readFixture(name);
    expect(badLines).toEqual([]);
    expect(events).toHaveLength(7);
    const hasAgent = name !== 'apache-common.log';
    expect(events[1]).toMatchObject({
      ...{ client_ip: '127.0.0.1', method: 'GET', path: '/index.html', query: 'q=1', protocol: 'HTTP/1.1', user: null },
      user_agent: hasAgent ? 'Mozilla/5.0 (X11) "quoted"' : null,
      referrer: hasAgent ? 'https://example.com/?a=b' : null,
    });
    expect(events.map(({ path }) => path).slice(2)).toEqual([
      '/index.html',
      '/missing.html',
      '/secret',
      '/away',
      '/%E2%82%AC',
    ]);
  });

  it.each([
    ['the LogFormat', '%a [%{%Y-%m-%dT%H:%M:%S}t] %V "%m %U%q %H" %>s %D'],
    ["Apache's configuration", `@${FOLDER}make/apache2.conf`],
  ])('of a LogFormat of one’s own are requests by %s', async (_by, format) => {
    const { badLines, events } = await readFixture('apache-own.log', { format });
    expect(badLines).toEqual([]);
    expect(events).toHaveLength(7);
    expect(events[1]).toMatchObject({ path: '/index.html', query: 'q=1', status: 200, request_time: 0.000232 });
    expect(events[2]).toMatchObject({ host: 'shop.example', path: '/index.html', query: null });
    expect(time(events[0])).toBe('2026-11-29T09:17:51.000Z');
  });

  it('of two formats of one nginx.conf are requests, each with its own fields', async () => {
    const format = `@${FOLDER}make/nginx.conf`;
    const json = await readFixture('nginx-json.log', { format });
    expect(json.badLines).toEqual([]);
    expect(json.events[5]).toMatchObject({
      status: 502,
      request_time: 0.001,
      request_id: '6641a43120c4f6bdc43e79533309e7c9',
    });
    const combined = await readFixture('nginx-combined.log', { format });
    expect(combined.events).toHaveLength(7);
  });

  it("of NGINX's error log are service logs of nginx, with the request that went wrong", async () => {
    const { badLines, serviceLogs } = await readFixture('nginx-error.log');
    expect(badLines).toEqual([]);
    expect(serviceLogs).toHaveLength(26);
    expect(serviceLogs.find(({ endpoint }) => endpoint === '/away')).toMatchObject({
      ...{ service: 'nginx', level: 'ERROR', method: 'GET', ip: '127.0.0.1' },
      message: 'connect() failed (111: Connection refused) while connecting to upstream',
      attributes: { upstream: 'http://127.0.0.1:9/away', host: 'shop.example' },
    });
  });

  it("of Apache's error log are service logs of apache", async () => {
    const { badLines, serviceLogs } = await readFixture('apache-error.log');
    expect(badLines).toEqual([]);
    expect(serviceLogs).toHaveLength(13);
    expect(serviceLogs[8]).toMatchObject({
      ...{ service: 'apache', level: 'ERROR', ip: '127.0.0.1', attributes: { module: 'authz_core', pid: '3318' } },
      message: 'AH01630: client denied by server configuration: /srv/www/secret',
    });
    expect(time(serviceLogs[8])).toBe('2026-11-29T09:17:51.420Z');
  });
});

function time(event: AccessLog | ServiceLog | undefined): string {
  return new Date(event?.timestamp ?? 0).toISOString();
}
