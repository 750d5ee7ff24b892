import { execFile, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { KafkaJS } from '@confluentinc/kafka-javascript';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { freePorts, HOST, type PortName, type StackPorts } from '../../stack/ports.js';
import { SERVICE_NAMES, type ServiceName } from '../../stack/service.js';
import { writeServiceRecord } from '../../stack/service-record.js';
import { portOption, Stack } from '../../stack/stack.js';
import { millrace, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';
import { whyNoStack } from './services.js';

const run = promisify(execFile);

const noKafka = await whyNoStack(['kafka']);
const noServices = noKafka ?? (await whyNoStack(SERVICE_NAMES));

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let ports: StackPorts;

beforeEach(async () => {
  directory = await temporaryDirectory();
  ports = await freePorts();
});

afterEach(async () => {
  await (await Stack.open({ directory: directory.path })).down();
  await directory.remove();
});

function stack(...args: string[]): ReturnType<typeof millrace> {
  return millrace(['stack', ...args, '--directory', directory.path]);
}

/** The options that have services listen on this test's ports. */
function portArgs(names = Object.keys(ports) as PortName[]): string[] {
  return names.flatMap((name) => [portOption(name), `${ports[name]}`]);
}

async function pidOf(service: ServiceName): Promise<number> {
  const record: unknown = JSON.parse(await readFile(join(directory.path, service, 'service.json'), 'utf8'));
  return (record as { process: { pid: number } }).process.pid;
}

/** Asks the system, not the stack. A zombie is one that nobody has waited for yet. */
async function lives(pid: number): Promise<boolean> {
  const state = await run('ps', ['-o', 'stat=', '-p', `${pid}`]).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
  return state !== '' && !state.startsWith('Z');
}

async function kill(service: ServiceName): Promise<void> {
  const pid = await pidOf(service);
  process.kill(pid, 'SIGKILL');
  await until(async () => ((await lives(pid)) ? undefined : true));
}

/** The cells of each service's row. */
async function status(): Promise<Record<string, { address: string; state: string; pid: string }>> {
  const rows = (await stack('status')).stdout.split('\n').map((line) => line.split('│').map((cell) => cell.trim()));
  return Object.fromEntries(
    rows.map(([, service = '', address = '', state = '', pid = '']) => [service, { address, state, pid }]),
  );
}

async function withAdmin<T>(work: (admin: KafkaJS.Admin) => Promise<T>): Promise<T> {
  const brokers = [`${HOST}:${ports.kafka}`];
  const admin = new KafkaJS.Kafka({ kafkaJS: { brokers, logLevel: KafkaJS.logLevel.NOTHING } }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

function makeTopic(topic: string): Promise<boolean> {
  return withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }));
}

async function request(url: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, init);
  const text = await response.text();
  expect(response.ok, `${url}: ${response.status} ${text}`).toBe(true);
  return text === '' ? undefined : JSON.parse(text);
}

function sends(method: 'PUT' | 'POST', body: unknown): RequestInit {
  return { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

describe.skipIf(noKafka)('the stack with Kafka alone', () => {
  const up = (...args: string[]): ReturnType<typeof millrace> => stack('up', '--only', 'kafka', ...args);
  const onItsPorts = (): string[] => portArgs(['kafka', 'kafkaController']);

  it('starts, is left alone, tells its state, stops, and keeps its data and ports', async () => {
    const address = `${HOST}:${ports.kafka}`;
    const first = await up(...onItsPorts());
    expect(first.stderr).toMatch(new RegExp(`^kafka … ready in \\d+ s at ${address}$`, 'm'));
    expect(first.code).toBe(0);
    const pid = await pidOf('kafka');
    await makeTopic('kept');

    expect(await up()).toMatchObject({ code: 0, stderr: `kafka … runs already at ${address}\n` });
    expect(await pidOf('kafka')).toBe(pid);
    expect(await status()).toMatchObject({
      kafka: { address, state: 'ready', pid: `${pid}` },
      registry: { state: 'stopped', pid: '' },
    });

    expect(await stack('down')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^kafka … stopped in \d+ s\n$/),
    });
    expect(await lives(pid)).toBe(false);
    expect(await status()).toMatchObject({ kafka: { address, state: 'stopped', pid: '' } });

    expect(await up()).toMatchObject({ code: 0 });
    expect(await withAdmin((admin) => admin.listTopics())).toContain('kept');
  });

  it('says that it was killed, and starts again on its data and port', async () => {
    await up(...onItsPorts());
    await makeTopic('kept');
    await kill('kafka');
    expect(await status()).toMatchObject({ kafka: { state: 'ended' } });
    expect(await up()).toMatchObject({ code: 0, stderr: expect.stringContaining('kafka … ready in') });
    expect(await withAdmin((admin) => admin.listTopics())).toContain('kept');
  });

  it('is started once by two that start it at the same time', async () => {
    const both = await Promise.all([up(...onItsPorts()), up(...onItsPorts())]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const said = both.map(({ stderr }) => stderr).join('');
    expect(said.match(/… ready in/g)).toHaveLength(1);
    expect(said.match(/… runs already/g)).toHaveLength(1);
    expect(said).toContain('waiting for another "millrace stack"');
  });

  it('does not move to another port while it runs', async () => {
    await up(...onItsPorts());
    expect(await up('--kafka-port', '20001')).toMatchObject({
      code: 1,
      stderr: `millrace: kafka runs with --kafka-port ${ports.kafka}; it can move to 20001 after "millrace stack down"\n`,
    });
  });

  it('shows its last lines when it ends while it starts', async () => {
    // A broker does not start on a directory that was not formatted for it.
    await mkdir(join(directory.path, 'kafka', 'data'), { recursive: true });
    const { code, stderr } = await up(...onItsPorts());
    expect(code).toBe(1);
    expect(stderr).toContain(`kafka has ended; its last lines, of ${join(directory.path, 'kafka', 'kafka.log')}:\n`);
    expect(stderr).toMatch(/meta[.]properties/);
  });

  it('says which port is taken, and by which option to choose another', async () => {
    const other = createServer().listen(ports.kafkaController, HOST);
    onTestFinished(() => void other.close());
    expect(await up(...onItsPorts())).toMatchObject({
      code: 1,
      stderr: `millrace: port ${ports.kafkaController}, where kafka is to listen, is taken; choose another with --kafka-controller-port\n`,
    });
    expect(await status()).toMatchObject({ kafka: { state: 'stopped' } });
  });
});

describe('the stack', () => {
  it('has nothing to stop where nothing was started, and makes no directory for that', async () => {
    const none = join(directory.path, 'none');
    expect(await millrace(['stack', 'down', '--directory', none])).toMatchObject({
      code: 0,
      stderr: `nothing runs in ${none}\n`,
    });
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('deletes nothing that it has not made', async () => {
    const file = join(directory.path, 'kafka', 'thesis.txt');
    await mkdir(dirname(file));
    await writeFile(file, 'a thesis');
    await stack('down', '--delete');
    expect(await readFile(file, 'utf8')).toBe('a thesis');
  });

  it('leaves a process alone that has got the id of one that it had started', async () => {
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    onTestFinished(() => void bystander.kill('SIGKILL'));
    const pid = bystander.pid ?? 0;
    await writeServiceRecord(join(directory.path, 'kafka'), {
      ports: {},
      process: { pid, startTime: 'before the reboot' },
    });
    expect(await status()).toMatchObject({ kafka: { state: 'ended' } });
    expect(await stack('down')).toMatchObject({ code: 0 });
    expect(await lives(pid)).toBe(true);
  });

  it('refuses services that it does not know, and ports that cannot be', async () => {
    expect(await stack('up', '--only', 'kafka,zookeeper')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'kafka,zookeeper' is invalid. It must be some of kafka,registry,connect"),
    });
    expect(await stack('up', '--elasticsearch-port', '19200')).toMatchObject({
      code: 1,
      stderr: 'millrace: --elasticsearch-port 19200: it must be a port from 9201 to 9299\n',
    });
  });
});

describe.skipIf(noServices)('the stack with all services', () => {
  it('starts all, starts those again that were killed, on their data, and leaves nothing running', async () => {
    const services = await Stack.open({ directory: directory.path, ports });
    const { connectUrl, elasticsearchUrl, influxUrl, registryUrl } = services.addresses;
    expect(await stack('up', ...portArgs())).toMatchObject({ code: 0 });

    const subject = `${registryUrl}/subjects/kept-value/versions`;
    const { id } = (await request(subject, sends('POST', { schema: '"int"' }))) as { id: number };
    await request(`${elasticsearchUrl}/kept/_doc/1?refresh`, sends('PUT', { of: 'Elasticsearch' }));
    await request(`${influxUrl}/query?q=CREATE+DATABASE+kept`, { method: 'POST' });
    await request(`${influxUrl}/write?db=kept`, { method: 'POST', body: 'point value=1 1000' });
    expect(await request(`${connectUrl}/connector-plugins`)).toContainEqual(expect.objectContaining({ type: 'sink' }));

    for (const name of ['registry', 'elasticsearch', 'influxdb'] as const) await kill(name);
    const again = await stack('up');
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('kafka … runs already') });
    expect(again.stderr.match(/… ready in/g)).toHaveLength(3);
    for (const { state } of await services.status()) expect(state).toBe('ready');

    expect(await request(`${registryUrl}/schemas/ids/${id}`)).toMatchObject({ schema: '"int"' });
    expect(await request(`${elasticsearchUrl}/kept/_doc/1`)).toMatchObject({ _source: { of: 'Elasticsearch' } });
    const points = await request(`${influxUrl}/query?db=kept&q=SELECT+*+FROM+point`);
    expect(points).toMatchObject({ results: [{ series: [{ name: 'point' }] }] });

    const pids = await Promise.all(SERVICE_NAMES.map(pidOf));
    expect(await stack('down', '--delete')).toMatchObject({ code: 0 });
    for (const pid of pids) expect(await lives(pid)).toBe(false);
    expect(await readdir(directory.path).catch(() => [])).toEqual([]);
  });
});
