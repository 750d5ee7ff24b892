import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { applyConnectors } from '../../../connectors/apply-connectors.js';
import { ConnectClient, failureOf, isRunning } from '../../../connectors/connect-client.js';

/** Answers of a worker in trouble, which a healthy one does not give. */
type Script = (request: IncomingMessage, count: number) => { readonly status: number; readonly body?: unknown };

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function worker(script: Script): Promise<string> {
  let count = 0;
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { body, status } = script(request, ++count);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const REBALANCE = { status: 409, body: { error_code: 409, message: 'Cannot complete request: rebalance' } };

it('asks again while the workers rebalance, without a word', async () => {
  const url = await worker((_request, count) => (count < 3 ? REBALANCE : { status: 200, body: ['a'] }));
  const said: string[] = [];

  const names = await new ConnectClient({ url, onWait: (why) => said.push(why) }).names();

  expect(names).toEqual(['a']);
  expect(said).toEqual([]);
});

it('waits for a worker that is away, and says so once', async () => {
  const url = await worker(() => ({ status: 200, body: ['a'] }));
  const { port } = new URL(url);
  await new Promise((resolve) => server?.close(resolve));
  const said: string[] = [];
  const client = new ConnectClient({
    url,
    onWait: (why) => {
      said.push(why);
      server?.listen(Number(port), '127.0.0.1');
    },
  });

  expect(await client.names()).toEqual(['a']);
  expect(said).toEqual([`Kafka Connect does not answer at ${url} (ECONNREFUSED)`]);
});

it('gives up when the time is over, with what Connect said last', async () => {
  const url = await worker(() => REBALANCE);

  await expect(new ConnectClient({ url, waitMs: 600 }).names()).rejects.toMatchObject({
    code: 'SERVICE_BUSY',
    message: expect.stringContaining('Cannot complete request: rebalance'),
  });
});

it('tells a worker that is away in one line', async () => {
  const url = await worker(() => ({ status: 200 }));
  await new Promise((resolve) => server?.close(resolve));

  await expect(new ConnectClient({ url, waitMs: 0 }).names()).rejects.toMatchObject({
    code: 'SERVICE_AWAY',
    message: `Kafka Connect does not answer at ${url} (ECONNREFUSED)`,
  });
});

it('does not ask again what Connect refuses', async () => {
  let requests = 0;
  const url = await worker((_request, count) => {
    requests = count;
    return { status: 400, body: { error_code: 400, message: 'Connector configuration is invalid' } };
  });

  await expect(new ConnectClient({ url }).putConfig('a', {})).rejects.toMatchObject({
    code: 'SERVICE_REFUSED',
    message: expect.stringContaining('PUT connectors/a/config → HTTP 400: Connector configuration is invalid'),
  });
  expect(requests).toBe(1);
});

it('tells something else that answers from Connect', async () => {
  const url = await worker(() => ({ status: 200, body: '<html>It works!</html>' }));

  await expect(new ConnectClient({ url }).names()).rejects.toThrow('is not Kafka Connect');
});

it('sends the credentials of the URL, and prints them nowhere', async () => {
  let authorization: string | undefined;
  const url = await worker(({ headers }) => {
    authorization = headers.authorization;
    return { status: 403, body: { message: 'no' } };
  });

  const asking = new ConnectClient({ url: url.replace('//', '//admin:p%40ss@') }).names();

  await expect(asking).rejects.toThrow(new RegExp(`^Kafka Connect at ${url} refuses`));
  expect(Buffer.from(authorization?.slice('Basic '.length) ?? '', 'base64').toString()).toBe('admin:p@ss');
});

const RUNNING = { state: 'RUNNING', worker_id: 'w:1' } as const;
const CONNECTOR = { name: 'a', config: { 'connector.class': 'x.Sink', 'my.password': 'hunter2' }, file: 'a.json' };

it('prints what is wrong with each setting, with secrets masked, and changes nothing', async () => {
  const changes: string[] = [];
  const url = await worker(({ method, url: path }) => {
    if (path === '/connector-plugins') return { status: 200, body: [{ class: 'x.Sink', type: 'sink' }] };
    if (path?.endsWith('/config/validate')) {
      const value = { name: 'my.password', errors: ['Invalid value hunter2 for configuration my.password'] };
      return { status: 200, body: { configs: [{ value }] } };
    }
    changes.push(`${method} ${path}`);
    return { status: 500 };
  });

  const applying = applyConnectors(new ConnectClient({ url, waitMs: 0 }), [CONNECTOR], { runningWithinMs: 1000 });

  await expect(applying).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('a: my.password: Invalid value ******** for configuration my.password (a.json)'),
  });
  expect(changes).toEqual([]);
});

it('tells the first line of why a task has failed', async () => {
  const trace = 'org.apache.kafka.connect.errors.ConnectException: hunter2 is refused\n\tat x.Sink.put(Sink.java:1)';
  const url = await worker(({ method, url: path }) => {
    if (path === '/connector-plugins') return { status: 200, body: [{ class: 'x.Sink', type: 'sink' }] };
    if (path?.endsWith('/config/validate')) return { status: 200, body: { configs: [] } };
    if (path?.endsWith('/status')) {
      const tasks = [{ id: 0, state: 'FAILED', worker_id: 'w:1', trace }];
      return { status: 200, body: { name: 'a', connector: RUNNING, tasks } };
    }
    return method === 'GET' ? { status: 404, body: { message: 'not found' } } : { status: 201, body: {} };
  });

  const applying = applyConnectors(new ConnectClient({ url }), [CONNECTOR], { runningWithinMs: 500 });

  await expect(applying).rejects.toMatchObject({
    code: 'TASK_FAILED',
    message: 'a: task 0 has failed: org.apache.kafka.connect.errors.ConnectException: ******** is refused',
  });
});

it('takes a connector for running when all of its tasks run, and it has some', () => {
  const task = { id: 0, ...RUNNING };

  expect(isRunning({ name: 'a', connector: RUNNING, tasks: [task] })).toBe(true);
  expect(isRunning({ name: 'a', connector: RUNNING, tasks: [] })).toBe(false);
  expect(isRunning({ name: 'a', connector: RUNNING, tasks: [task, { ...task, state: 'UNASSIGNED' }] })).toBe(false);
});

it('tells a connector that has failed without tasks', () => {
  const failed = {
    name: 'a',
    connector: { state: 'FAILED', worker_id: 'w:1', trace: 'why\n\tat' },
    tasks: [],
  } as const;

  expect(failureOf({ ...failed, tasks: [] })).toBe('the connector has failed: why');
});
