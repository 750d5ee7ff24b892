import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessLog, SensorReading, ServiceLog } from '../../schemas/records.js';
import { freePort } from '../free-port.js';
import { temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';
import { PipelineProcess } from './pipeline-process.js';

const PROGRAM = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url));

/** Senders as Debian has them: `apt-get install rsyslog mosquitto mosquitto-clients nginx-light apache2`. */
const RSYSLOG = installed('rsyslogd');
const MOSQUITTO = installed('mosquitto');
const PUBLISHER = installed('mosquitto_pub');
const NGINX = installed('nginx');
const APACHE = installed('apache2');

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let pipeline: PipelineProcess;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
  pipeline = await PipelineProcess.create();
});

afterEach(async () => {
  // Killed, a server would leave its workers behind.
  for (const child of children.splice(0)) await ended(child, 'SIGTERM');
  await pipeline.close();
  await directory.remove();
});

/** @returns where a program is; '' where it is not, which is told */
function installed(name: string): string {
  const path = [`/usr/sbin/${name}`, `/usr/bin/${name}`].find((place) => existsSync(place));
  if (path === undefined) console.warn(`skipped, for ${name} is not installed here`);
  return path ?? '';
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

function run(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  children.push(child);
  return child;
}

async function configured(name: string, text: string): Promise<string> {
  const path = join(directory.path, name);
  await writeFile(path, text);
  return path;
}

function untilListens(port: number): Promise<boolean> {
  return until(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1');
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      }),
  );
}

function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, number) => from + number);
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}

interface Asking {
  readonly port: number;
  readonly requests: number;
  readonly from?: number;
}

/** Four clients ask for `/?0`, `/?1` and so on; each number is answered once. */
async function ask({ from = 0, port, requests }: Asking): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  let next = from;
  const client = async () => {
    for (let number = next++; number < from + requests; number = next++) await answered(agent, port, number);
  };
  await Promise.all([client(), client(), client(), client()]);
  agent.destroy();
}

function answered(agent: Agent, port: number, number: number): Promise<void> {
  const headers = { 'User-Agent': `client "${number}" \\` };
  return new Promise((resolve, reject) => {
    const request = get({ agent, port, host: '127.0.0.1', path: `/?${number}`, headers }, (response) => {
      response.resume().once('end', resolve);
    });
    request.once('error', (error: NodeJS.ErrnoException) => {
      // A server that begins its log anew closes connections, new ones too: who asked on one of them was not heard.
      if (error.code === 'ECONNRESET') answered(agent, port, number).then(resolve, reject);
      else reject(error);
    });
  });
}

function asked(requests: readonly AccessLog[]): number[] {
  return sorted(requests.map(({ query }) => Number(query)));
}

const NGINX_STATUS = 204;
/** Workers of root's server are nobody otherwise, and could not begin a log in a directory of root's. */
const USER = process.getuid?.() === 0 ? 'user root;' : '';

/** NGINX in the foreground, without a place of the system's. */
function nginxConfiguration(
  port: number,
  { errors, log, path }: { log: string; errors: string; path: string },
): string {
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${path}/${kind};`)
    .join(' ');
  return `${USER} daemon off; pid ${path}/nginx.pid; error_log ${errors}; events { worker_connections 256; }
http { access_log ${log}; ${places}
  server { listen 127.0.0.1:${port}; root ${path}; location / { return ${NGINX_STATUS}; } location /files/ { } } }
`;
}

function apacheConfiguration(port: number, { log, path }: { log: string; path: string }): string {
  return `ServerRoot ${path}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${path}/apache.pid
DefaultRuntimeDir ${path}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
ErrorLog ${path}/error.log
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
CustomLog "${log}" combined
Redirect gone /
`;
}

describe.skipIf(RSYSLOG === '')('rsyslog', () => {
  it.each(['tcp', 'udp'] as const)('forwards by %s: each line is in the log once', async (protocol) => {
    const [from, to] = [await freePort(), await freePort()];
    const lines = protocol === 'tcp' ? 20_000 : 2_000;
    const framing = protocol === 'tcp' ? 'TCP_Framing="octet-counted"' : '';
    const configuration = await configured(
      'rsyslog.conf',
      `global(workDirectory="${directory.path}")
module(load="imtcp")
input(type="imtcp" port="${from}" address="127.0.0.1")
action(type="omfwd" target="127.0.0.1" port="${to}" protocol="${protocol}" ${framing}
       queue.type="LinkedList" queue.size="100000" action.resumeRetryCount="-1" action.resumeInterval="1")
`,
    );
    await pipeline.start('--syslog', `${protocol}://127.0.0.1:${to}`, '--no-http', '--pipelines', 'goals');
    if (protocol === 'tcp') await untilListens(to);
    else await untilReceives(to);
    run(RSYSLOG, ['-n', '-f', configuration, '-i', join(directory.path, 'rsyslog.pid')]);
    await untilListens(from);
    const socket = connect(from, '127.0.0.1');
    for (const number of numbers(lines)) {
      const line = `203.0.113.${number % 250} - - [17/May/2015:10:05:03 +0000] "GET /?${number} HTTP/1.1" 200 5`;
      const wasTaken = socket.write(`<134>May 17 10:05:03 web nginx: ${line}\n`);
      if (!wasTaken) await new Promise((resolve) => socket.once('drain', resolve));
      // Nobody holds up who sends datagrams.
      if (protocol === 'udp' && number % 100 === 0) await delay(10);
    }
    socket.end();
    await pipeline.untilEvents('accessLog', lines);
    await pipeline.end('SIGTERM');
    expect(asked(await pipeline.events('accessLog'))).toEqual(numbers(lines));
  });
});

describe.skipIf(MOSQUITTO === '' || PUBLISHER === '')('mosquitto', () => {
  it('keeps what is published with QoS 1: each reading is in the log once, though the pipeline is killed', async () => {
    const port = await freePort();
    const readings = 5_000;
    const configuration = await configured(
      'mosquitto.conf',
      `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`,
    );
    run(MOSQUITTO, ['-c', configuration]);
    await untilListens(port);
    const url = `mqtt://127.0.0.1:${port}/plant/#`;
    const start = () => pipeline.start('--mqtt', url, '--no-http', '--pipelines', 'sensors');
    await start();
    const publisher = run(PUBLISHER, ['-p', String(port), '-q', '1', '-t', 'plant/boiler', '-l']);
    const published = new Promise((resolve) => publisher.once('exit', resolve));
    const publish = (number: number) =>
      publisher.stdin?.write(`${JSON.stringify({ sensor_id: 'boiler', timestamp: number, temperature: 20 })}\n`);
    // The session begins with the subscription: what comes before nobody keeps.
    const begun = Date.now();
    let before = 0;
    await until(async () => {
      publish(begun - 1_000_000 - before++);
      return (await pipeline.events('sensorReadings').catch(() => [])).length > 0;
    });
    for (const number of numbers(readings)) {
      publish(begun + number);
      if (number === 1_500 || number === 3_000) {
        await pipeline.untilEvents('sensorReadings', number / 3);
        await pipeline.end('SIGKILL');
        await start();
      }
    }
    publisher.stdin?.end();
    await published;
    const all = await pipeline.eventsWhenQuiet<SensorReading>('sensorReadings', 3_000);
    const times = all.map(({ timestamp }) => timestamp - begun).filter((number) => number >= 0);
    expect(sorted(times)).toEqual(numbers(readings));
  });
});

describe.skipIf(NGINX === '')('NGINX', () => {
  it('has its log followed: each request is in it once, though it is rotated and the pipeline is killed', async () => {
    const port = await freePort();
    const path = directory.path;
    const log = join(path, 'access.log');
    const errors = join(path, 'error.log');
    const file = await configured('nginx.conf', nginxConfiguration(port, { path, errors, log: `${log} combined` }));
    const nginx = run(NGINX, ['-c', file]);
    await followed({ log, port, reopen: () => nginx.kill('SIGUSR1') });
  });

  it('sends its logs by syslog: each request and each error is in the log once', async () => {
    const [port, to] = [await freePort(), await freePort()];
    const path = directory.path;
    const server = `syslog:server=127.0.0.1:${to},tag=nginx`;
    const file = await configured(
      'nginx.conf',
      nginxConfiguration(port, { path, log: `${server} combined`, errors: `${server} error` }),
    );
    await pipeline.start('--syslog', `udp://127.0.0.1:${to}`, '--no-http', '--pipelines', 'goals,services');
    await untilReceives(to);
    run(NGINX, ['-c', file]);
    await untilListens(port);
    await ask({ port, requests: 2_000 });
    // NGINX decodes the path in its message: who asks writes what it likes there.
    const names = ['one', 'x,%20client:%206.6.6.6,%20server:%20b'];
    for (const name of names) await fetch(`http://127.0.0.1:${port}/files/${name}`);
    await pipeline.untilEvents('accessLog', 2_002);
    await pipeline.untilEvents('serviceLogs', 2);
    await pipeline.end('SIGTERM');
    const requests = await pipeline.events<AccessLog>('accessLog');
    expect(asked(requests.filter(({ status }) => status === NGINX_STATUS))).toEqual(numbers(2_000));
    expect(requests.find(({ query }) => query === '77')).toMatchObject({
      ...{ client_ip: '127.0.0.1', method: 'GET', path: '/', user_agent: 'client "77" \\' },
    });
    const lines = await pipeline.events<ServiceLog>('serviceLogs');
    expect(lines.map(({ endpoint, ip, level, service }) => ({ endpoint, ip, level, service }))).toEqual(
      names.map((name) => ({
        ...{ endpoint: `/files/${name}`, ip: '127.0.0.1', level: 'ERROR', service: 'nginx' },
      })),
    );
  });
});

describe.skipIf(APACHE === '')('Apache httpd', () => {
  it('has its log followed: each request is in it once, though it is rotated and the pipeline is killed', async () => {
    const port = await freePort();
    const path = directory.path;
    const log = join(path, 'access.log');
    const file = await configured('httpd.conf', apacheConfiguration(port, { path, log }));
    const apache = run(APACHE, ['-D', 'FOREGROUND', '-f', file]);
    await followed({ log, port, reopen: () => apache.kill('SIGUSR1') });
  });

  it('pipes its log into `millrace produce`: each request is in the log once, to the last before the server ends', async () => {
    const port = await freePort();
    const path = directory.path;
    await pipeline.start('--syslog', `tcp://127.0.0.1:${await freePort()}`, '--no-http', '--pipelines', 'goals');
    const reader = [process.execPath, PROGRAM, 'produce', '--input', '-', '--data-dir', pipeline.dataDirectory].join(
      ' ',
    );
    const file = await configured('httpd.conf', apacheConfiguration(port, { path, log: `|${reader}` }));
    const apache = run(APACHE, ['-D', 'FOREGROUND', '-f', file]);
    await untilListens(port);
    await ask({ port, requests: 5_000 });
    await ended(apache, 'SIGTERM');
    await pipeline.untilEvents('accessLog', 5_000);
    expect(asked(await pipeline.events('accessLog'))).toEqual(numbers(5_000));
  });
});

/** Datagrams are lost until somebody listens: one that nothing reads is sent until it is in the dead letters. */
async function untilReceives(port: number): Promise<void> {
  const { createSocket } = await import('node:dgram');
  const socket = createSocket('udp4');
  // Told by the kernel that nobody listens.
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
  let refused = true;
  socket.on('error', () => {
    refused = true;
  });
  await until(async () => {
    refused = false;
    socket.send('nobody reads this');
    await delay(100);
    return !refused;
  });
  socket.close();
}

interface Followed {
  readonly log: string;
  readonly port: number;
  /** Has the server write to a new file. */
  reopen(): void;
}

async function followed({ log, port, reopen }: Followed): Promise<void> {
  const requests = 6_000;
  const start = () => pipeline.start('--input', log, '--follow', '--no-http', '--pipelines', 'goals');
  await untilListens(port);
  await until(() => existsSync(log));
  await start();
  const rotate = async (after: number) => {
    await pipeline.untilEvents('accessLog', after + 1);
    await rename(log, `${log}.${requests - after}`);
    reopen();
    await pipeline.end('SIGKILL');
    await start();
  };
  const third = requests / 3;
  await Promise.all([ask({ port, requests: third }), rotate(0)]);
  await Promise.all([ask({ port, requests: third, from: third }), rotate(third)]);
  await ask({ port, requests: third, from: 2 * third });
  await pipeline.untilEvents('accessLog', requests);
  await pipeline.end('SIGTERM');
  expect(asked(await pipeline.events('accessLog'))).toEqual(numbers(requests));
}
