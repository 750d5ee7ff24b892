import { gzipSync } from 'node:zlib';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Served, served } from './served.js';

const READING = { format: 'auto', host: 'shop.example', server: 'web-1', excludedPaths: [] };
const NOW = Math.floor(Date.now() / 1000) * 1000;

let server: Served | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function receiving(auth = false): Promise<Served> {
  server = await served({ auth, receives: READING });
  return server;
}

function line(path: string): string {
  const time = new Date(NOW);
  const month = time.toLocaleString('en', { month: 'short', timeZone: 'UTC' });
  const [day, clock] = [String(time.getUTCDate()).padStart(2, '0'), time.toISOString().slice(11, 19)];
  return `203.0.113.5 - - [${day}/${month}/${time.getUTCFullYear()}:${clock} +0000] "GET ${path} HTTP/1.1" 200 5`;
}

/** All values of a topic, in the order of its log. */
async function valuesOf<V>(
  { log, serdes }: Served,
  role: 'accessLog' | 'serviceLogs' | 'sensorReadings',
  topic: string,
) {
  const values: V[] = [];
  const at = { topic, partition: 0 };
  const end = await log.endOffset(at);
  const consumer = log.consumer();
  consumer.assign(at, 0);
  for (let next = 0; next < end; ) {
    for (const cursor of await consumer.poll(1000)) {
      while (cursor.next()) {
        values.push(serdes[role].deserialize(topic, cursor.valueBytes, cursor.valueStart, cursor.valueEnd) as V);
      }
      next = cursor.nextOffset;
    }
  }
  await consumer.close();
  return values;
}

interface Line {
  readonly service: string;
  readonly level: string;
  readonly message: string;
  readonly timestamp: number;
  readonly endpoint: string | null;
  readonly status: number | null;
  readonly source: string | null;
}

async function post(url: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** The server's address, under which senders reach it. */
function at({ url }: Served, path: string): string {
  return `${url}${path}`;
}

function logRecord(body: object, more: object = {}): object {
  return { timeUnixNano: `${NOW}000000`, severityNumber: 9, body, ...more };
}

function otlp(...records: readonly object[]): string {
  const attributes = [{ key: 'service.name', value: { stringValue: 'auth' } }];
  return JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: records }] }] });
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('OTLP over HTTP', () => {
  it.each([
    ['JSON', JsonExporter],
    ['protobuf', ProtobufExporter],
  ])(
    "takes what OpenTelemetry's own exporter sends as %s, with the service, level, endpoint and time of each record",
    async (_, Exporter) => {
      const running = await receiving();
      const provider = new LoggerProvider({
        resource: resourceFromAttributes({ 'service.name': 'payments', 'service.instance.id': 'payments-7' }),
        processors: [new BatchLogRecordProcessor({ exporter: new Exporter({ url: at(running, '/v1/logs') }) })],
      });
      const logger = provider.getLogger('checkout');
      for (let number = 0; number < 1000; number++) {
        logger.emit({
          timestamp: new Date(NOW + number),
          severityNumber: number % 10 === 0 ? SeverityNumber.ERROR : SeverityNumber.INFO,
          body: `payment ${number}`,
          attributes: { 'http.route': '/pay', 'http.response.status_code': 200, nested: { deep: [1, 'two', true] } },
        });
      }
      await provider.shutdown();
      const lines = await valuesOf<Line>(running, 'serviceLogs', 'logs');
      expect(lines.length).toBe(1000);
      const expected = { service: 'payments', source: 'payments-7', endpoint: '/pay', status: 200 };
      expect(lines[10]).toMatchObject({ ...expected, level: 'ERROR', message: 'payment 10', timestamp: NOW + 10 });
      expect(lines[999]).toMatchObject({ ...expected, level: 'INFO', message: 'payment 999', timestamp: NOW + 999 });
    },
  );

  it('writes a request once that comes twice, because its sender had no answer', async () => {
    const running = await receiving();
    const body = otlp(logRecord({ stringValue: 'once' }));
    for (let sent = 0; sent < 3; sent++) {
      expect(await post(at(running, '/v1/logs'), body, JSON_TYPE)).toMatchObject({ status: 200, body: {} });
    }
    const together = await Promise.all(
      [1, 2, 3].map(() => post(at(running, '/v1/logs'), otlp(logRecord({ stringValue: 'twice' })), JSON_TYPE)),
    );
    expect(together.map(({ status }) => status)).toEqual([200, 200, 200]);
    const lines = await valuesOf<Line>(running, 'serviceLogs', 'logs');
    expect(lines.map(({ message }) => message)).toEqual(['once', 'twice']);
  });

  it('says how many records of a request it cannot use and why, and takes the others', async () => {
    const running = await receiving();
    const future = { timeUnixNano: `${NOW + 400 * 86_400_000}000000` };
    const body = otlp(logRecord({ stringValue: 'good' }), logRecord({ stringValue: 'too late' }, future));
    const { body: answer } = await post(at(running, '/v1/logs'), body, JSON_TYPE);
    expect(answer.partialSuccess.rejectedLogRecords).toBe('1');
    expect(answer.partialSuccess.errorMessage).toMatch(/^timestamp-in-future: /);
    expect((await valuesOf<Line>(running, 'serviceLogs', 'logs')).map(({ message }) => message)).toEqual(['good']);
    expect(await running.log.endOffset({ topic: 'test-inter-dlq', partition: 0 })).toBe(1);
  });

  it('makes an event of each record of an object that holds a list, and of each list that is a line', async () => {
    const one = await receiving();
    const event = (n: number) => ({ time: NOW, level: 'INFO', service: 'cart', message: `line ${n}` });
    const body = `${JSON.stringify({ Records: [event(1), event(2)] })}\n${JSON.stringify([event(3), event(4)])}\n`;
    const response = await fetch(`${one.url}/api/v1/events`, { method: 'POST', body });
    expect(await response.json()).toMatchObject({ accepted: 4, refused: 0 });
    const lines = await valuesOf<Line>(one, 'serviceLogs', 'logs');
    expect(lines.map(({ message }) => message)).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
  });

  it('reads a line of a file that a collector sends as it is for what the line says', async () => {
    const running = await receiving();
    const raw = { timeUnixNano: `${NOW}000000`, body: { stringValue: line('/raw') } };
    expect(await post(at(running, '/v1/logs'), otlp(raw), JSON_TYPE)).toMatchObject({ status: 200, body: {} });
    const requests = await valuesOf<{ client_ip: string; host: string }>(running, 'accessLog', 'test-inter');
    expect(requests).toMatchObject([{ client_ip: '203.0.113.5', host: 'shop.example', timestamp: NOW }]);
  });

  it('refuses a body that it cannot read with a status that is not tried again', async () => {
    const running = await receiving();
    const cases = [
      ['{', JSON_TYPE, 400],
      ['[]', JSON_TYPE, 400],
      ['{"resourceLogs":7}', JSON_TYPE, 400],
      ['{}', { 'Content-Type': 'text/plain' }, 415],
      ['{}', { ...JSON_TYPE, 'Content-Encoding': 'br' }, 415],
      ['{}', { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, 400],
      // It becomes too large when it is decompressed.
      [gzipSync(Buffer.alloc(65 * 1024 * 1024)), { ...JSON_TYPE, 'Content-Encoding': 'gzip' }, 413],
    ] as const;
    for (const [body, headers, status] of cases) {
      const answer = await post(at(running, '/v1/logs'), body, { ...headers });
      expect(answer).toMatchObject({ status, body: { message: expect.any(String) } });
      expect(answer.headers.has('retry-after')).toBe(false);
    }
  });

  it('refuses protobuf that ends in the middle with a status in protobuf', async () => {
    const running = await receiving();
    const response = await fetch(at(running, '/v1/logs'), {
      method: 'POST',
      body: new Uint8Array([0x0a, 0x20, 0x12]),
      headers: { 'Content-Type': 'application/x-protobuf' },
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/x-protobuf']);
    const bytes = Buffer.from(await response.arrayBuffer());
    // google.rpc.Status: code 3, INVALID_ARGUMENT, and a message.
    expect([...bytes.subarray(0, 3)]).toEqual([0x08, 3, 0x12]);
  });
});

describe("Elasticsearch's _bulk", () => {
  it('answers each document of its own, and takes those that it can use', async () => {
    const running = await receiving();
    const time = new Date(NOW).toISOString();
    const body = [
      '{"create":{"_index":"filebeat-8.17.0"}}',
      JSON.stringify({ '@timestamp': time, message: line('/one') }),
      '{"index":{"_id":"7"}}',
      JSON.stringify({ '@timestamp': time, remote_addr: '203.0.113.9', status: 200, host: 'shop.example' }),
      '{"create":{}}',
      '{"message":',
      '{"delete":{"_id":"7"}}',
      '',
    ].join('\n');
    const { body: answer, headers } = await post(at(running, '/logs-web/_bulk'), gzipSync(body), {
      'Content-Type': 'application/x-ndjson',
      'Content-Encoding': 'gzip',
    });
    expect(headers.get('x-elastic-product')).toBe('Elasticsearch');
    expect(answer).toMatchObject({
      errors: true,
      items: [
        { create: { _index: 'filebeat-8.17.0', status: 201 } },
        { index: { _index: 'logs-web', _id: '7', status: 201 } },
        { create: { status: 400, error: { reason: expect.stringMatching(/^not-/) } } },
        { delete: { status: 400 } },
      ],
    });
    expect(await valuesOf<object>(running, 'accessLog', 'test-inter')).toMatchObject([
      { client_ip: '203.0.113.5', timestamp: NOW },
      { client_ip: '203.0.113.9', timestamp: NOW },
    ]);
  });

  it('answers what senders ask before they send, at the root and below /elasticsearch', async () => {
    const running = await receiving();
    const json = { Accept: 'application/json' };
    for (const path of ['/', '/elasticsearch', '/elasticsearch/']) {
      const response = await fetch(at(running, path), { headers: json });
      expect(response.headers.get('x-elastic-product')).toBe('Elasticsearch');
      expect(await response.json()).toMatchObject({ version: { number: expect.stringMatching(/^8\./) } });
    }
    const asked = async (method: string, path: string) =>
      (await fetch(at(running, path), { method, headers: json })).status;
    expect(await asked('GET', '/_license')).toBe(200);
    expect(await asked('HEAD', '/_index_template/filebeat')).toBe(404);
    expect(await asked('PUT', '/elasticsearch/_index_template/filebeat')).toBe(200);
    expect(await asked('PUT', '/_ilm/policy/filebeat')).toBe(200);
  });
});

describe('lines over HTTP', () => {
  it('takes lines, JSON lines and a list of objects, and says what it cannot use', async () => {
    const running = await receiving();
    const object = { time: new Date(NOW).toISOString(), remote_addr: '203.0.113.6', status: 200 };
    expect(await post(at(running, '/api/v1/events'), `${line('/1')}\n${line('/2')}\nwhat is this\n`)).toMatchObject({
      status: 200,
      body: { accepted: 2, refused: 1, reasons: { 'not-in-format': 1 } },
    });
    const list = JSON.stringify([object, { ...object, remote_addr: '203.0.113.7' }]);
    expect(await post(at(running, '/api/v1/ingest'), list)).toMatchObject({ body: { accepted: 2, refused: 0 } });
    const pretty = JSON.stringify({ ...object, remote_addr: '203.0.113.8' }, null, 2);
    expect(await post(at(running, '/api/v1/events'), pretty)).toMatchObject({ body: { accepted: 1, refused: 0 } });
    expect(await post(at(running, '/api/v1/events'), 'nothing of it\n')).toMatchObject({ status: 422 });
    const requests = await valuesOf<{ client_ip: string }>(running, 'accessLog', 'test-inter');
    expect(requests.map(({ client_ip: client }) => client.at(-1)).join('')).toBe('55678');
  });

  it('writes what has the same Idempotency-Key once', async () => {
    const running = await receiving();
    const key = { 'Idempotency-Key': 'batch-17' };
    await post(at(running, '/api/v1/events'), line('/1'), key);
    await post(at(running, '/api/v1/events'), `${line('/1')}\n`, key);
    expect((await valuesOf<object>(running, 'accessLog', 'test-inter')).length).toBe(1);
  });

  it('are taken with a token of the role ingest, which may do nothing else', async () => {
    const running = await receiving(true);
    const { accounts } = running.services;
    const { token } = (await accounts?.addMachineToken('filebeat', 'ingest', null, 'ada')) ?? { token: '' };
    const { token: viewer } = (await accounts?.addMachineToken('grafana', 'viewer', null, 'ada')) ?? { token: '' };
    const basic = `Basic ${Buffer.from(`elastic:${token}`).toString('base64')}`;
    const apiKey = `ApiKey ${Buffer.from(`id:${token}`).toString('base64')}`;
    const sent = async (path: string, authorization: string) =>
      (await post(at(running, '/api/v1/events'), line(path), { Authorization: authorization })).status;
    expect(await sent('/1', `Bearer ${token}`)).toBe(200);
    expect(await sent('/2', basic)).toBe(200);
    expect(await sent('/3', apiKey)).toBe(200);
    expect(await sent('/4', `Bearer ${viewer}`)).toBe(403);
    expect(await sent('/5', 'Bearer mlr_nobody')).toBe(401);
    expect((await post(at(running, '/v1/logs'), otlp(), JSON_TYPE)).status).toBe(401);
    const read = await fetch(at(running, '/api/v1/incidents'), { headers: { Authorization: `Bearer ${token}` } });
    expect(read.status).toBe(403);
  });

  it('are taken from the dashboard by the session of an operator, with the header that no other page can send', async () => {
    const running = await receiving(true);
    const sessionOf = async (name: string, role: 'viewer' | 'operator') => {
      await running.services.accounts?.addUser(name, role, 'correct horse battery');
      const body = JSON.stringify({ name, password: 'correct horse battery' });
      const { headers } = await post(at(running, '/api/v1/auth/token'), body, JSON_TYPE);
      return headers
        .getSetCookie()
        .map((cookie) => cookie.split(';')[0])
        .join('; ');
    };
    const sent = async (path: string, headers: Readonly<Record<string, string>>) =>
      (await post(at(running, '/api/v1/events'), line(path), headers)).status;
    const operator = await sessionOf('olga', 'operator');
    expect(await sent('/1', { Cookie: operator, 'X-Millrace': '1' })).toBe(200);
    expect(await sent('/2', { Cookie: operator })).toBe(403);
    expect(await sent('/3', { Cookie: await sessionOf('vera', 'viewer'), 'X-Millrace': '1' })).toBe(403);
    expect((await valuesOf<object>(running, 'accessLog', 'test-inter')).length).toBe(1);
  });

  it('are not taken from a page of another server', async () => {
    const running = await receiving();
    expect((await post(at(running, '/api/v1/events'), line('/1'), { Origin: 'http://evil.example' })).status).toBe(403);
  });

  it('are not taken where the pipeline has other sources', async () => {
    server = await served({ auth: false });
    const answer = await post(at(server, '/v1/logs'), otlp(), JSON_TYPE);
    expect(answer).toMatchObject({ status: 404, body: { type: 'urn:millrace:problem:not-receiving' } });
  });
});
