import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readServed } from '../../streams/log/embedded/log-socket.js';
import type { TopologyDescription } from '../../streams/topology/description.js';
import { until } from '../until.js';
import { jsonLines, Millrace, millrace, temporaryDirectory } from './millrace.js';

interface Consumed {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: unknown;
  readonly headers?: Record<string, string>;
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let dataDir: string;
const running: Millrace[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
  dataDir = join(directory.path, 'data');
});

afterEach(async () => {
  for (const run of running.splice(0)) await run.kill('SIGKILL');
  await directory.remove();
});

function startInBackground(...args: readonly string[]): Millrace {
  const run = new Millrace(['start', '--data-dir', dataDir, ...args]);
  running.push(run);
  return run;
}

async function consume(topic: string, ...args: readonly string[]): Promise<Consumed[]> {
  const { code, stderr, stdout } = await millrace(['consume', topic, '--data-dir', dataDir, ...args]);
  expect(code, stderr).toBe(0);
  return jsonLines<Consumed>(stdout);
}

async function once(content: string | Buffer, name = 'access.log', ...args: readonly string[]) {
  const input = join(directory.path, name);
  await writeFile(input, content);
  const run = await millrace(['start', '--input', input, '--once', '--data-dir', dataDir, ...args]);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  return run;
}

function combined(second: number, client = '83.149.9.216', status = '200'): string {
  const time = `17/May/2015:10:05:${String(second).padStart(2, '0')} +0000`;
  return `${client} - - [${time}] "GET /index.html HTTP/1.1" ${status} 512 "-" "curl/8"\n`;
}

describe('millrace start', () => {
  it('reports a client with more than 10 requests in 20 s, as of a file', async () => {
    const lines = Array.from({ length: 11 }, (_, second) => combined(second)).join('');
    const { code, stdout } = await once(lines);
    expect(code).toBe(0);
    expect(stdout).toContain('11 events');
    const results = await consume('goal1-topic', '--latest-by-key');
    // All eleven are in the windows that start from 09:04:51 to 10:05:00 and end after 10:05:10.
    const start = Date.UTC(2015, 4, 17, 10, 5, 0);
    expect(results).toHaveLength(10);
    expect(results.at(-1)).toMatchObject({
      key: `83.149.9.216@${start}`,
      value: { client_ip: '83.149.9.216', window_start: start, window_end: start + 20_000, count: 11 },
    });
  });

  it('finds the country of an address, and leaves out of goal 4 what has no request time', async () => {
    await once(combined(0));
    expect(await consume('goal3-topic', '--from-beginning')).toMatchObject([{ value: { country: 'RU', count: 1 } }]);
    expect(await consume('goal4-topic', '--from-beginning')).toEqual([]);
  });

  it('does not read a file twice, and reads what it has grown by', async () => {
    await once(combined(0));
    expect((await once(combined(0))).stdout).toMatch(/^nothing new in .*access\.log; the results stand:$/m);
    expect((await once(combined(0) + combined(1))).stdout).toMatch(/^1 event in /);
    expect(await consume('test-inter', '--from-beginning')).toHaveLength(2);
  });

  it('reads standard input, gzip, CRLF and a given log format', async () => {
    const stdin = await millrace(['start', '--input', '-', '--once', '--data-dir', dataDir], {
      stdin: combined(0).replace('\n', '\r\n'),
    });
    expect(stdin.stdout).toMatch(/^1 event in /);
    expect((await once(gzipSync(combined(1)), 'a.log.gz')).stdout).toMatch(/^1 event in /);
    const format = '$remote_addr|$msec|$request_method|$status|$request_time|$host';
    await once('1.2.3.4|1431857103.500|GET|200|0.25|shop.example\n', 'own.log', '--log-format', format);
    const [record] = (await consume('test-inter', '--from-beginning')).slice(-1);
    expect(record?.value).toMatchObject({ client_ip: '1.2.3.4', request_time: 0.25, host: 'shop.example' });
    expect(record?.timestamp).toBe(1_431_857_103_500);
  });

  it('sends lines that it cannot use to the dead-letter topic with the reason, and goes on', async () => {
    const bad = [
      'no access log\n',
      combined(0, 'unix:'),
      combined(0).replace('May', 'Foo'),
      combined(0).replace('2015', '2100'),
      combined(0).replace('17/May/2015:10:05:00', '01/Jan/1970:00:00:00'),
      `${'x'.repeat(10 * 1024 * 1024)}\n`,
      '{"client_ip": "1.1.1.1"\n',
    ];
    const content = Buffer.concat([
      ...bad.map((line) => Buffer.from(line)),
      Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]),
      Buffer.from(combined(5)),
    ]);
    const { code, stdout } = await once(content);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 event in /);
    const letters = await consume('test-inter-dlq', '--from-beginning');
    expect(letters.map(({ headers }) => [headers?.['line'], headers?.['reason']?.split(':')[0]])).toEqual([
      ['1', 'not-in-format'],
      ['2', 'wrong-client'],
      ['3', 'wrong-timestamp'],
      ['4', 'timestamp-in-future'],
      ['5', 'wrong-timestamp'],
      ['6', 'line-too-long'],
      ['7', 'not-json'],
      ['8', 'not-in-format'],
    ]);
  });

  it('does nothing, and says so, with an empty file', async () => {
    const { code, stdout } = await once('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^nothing new in .*access\.log, and there are no results$/m);
  });

  it('keeps what a truncated gzip holds, and says that it is truncated', async () => {
    const whole = gzipSync(
      Array.from({ length: 2000 }, (_, i) => combined(i % 60, `10.0.${i % 250}.${i % 199}`)).join(''),
    );
    const { code, stderr } = await once(whole.subarray(0, whole.length - 50), 'cut.log.gz');
    expect(code).toBe(1);
    expect(stderr).toContain('cut.log.gz ends in the middle');
    expect((await consume('test-inter', '--from-beginning')).length).toBeGreaterThan(0);
  });

  it('counts a whole gzip with something behind it, warns of that, and ends well', async () => {
    const whole = gzipSync(Array.from({ length: 20 }, (_, second) => combined(second)).join(''));
    const { code, stderr, stdout } = await once(Buffer.concat([whole, Buffer.from('garbage')]), 'tail.log.gz');
    expect(code).toBe(0);
    expect(stderr).toContain('something else stands behind the compressed text');
    expect(stdout).toContain('20 events');
  });

  it('reads other inputs beside one that breaks off, counts both, and ends with 1', async () => {
    const text = Array.from({ length: 2000 }, (_, i) => combined(i % 60, `10.0.${i % 250}.${i % 199}`)).join('');
    const [cut, other] = [join(directory.path, 'cut.log.gz'), join(directory.path, 'other.log')];
    const compressed = gzipSync(text);
    await writeFile(cut, compressed.subarray(0, compressed.length - 50));
    await writeFile(other, Array.from({ length: 11 }, (_, second) => combined(second)).join(''));
    const { code, stderr } = await millrace(['start', '--input', cut, other, '--once', '--data-dir', dataDir]);
    expect(code).toBe(1);
    expect(stderr).toContain('cut.log.gz ends in the middle');
    expect(stderr).toContain('what could be read is counted');
    const clients = (await consume('test-inter', '--from-beginning')).map(({ key }) => key);
    expect(clients.filter((key) => key === '83.149.9.216')).toHaveLength(11);
    expect(clients.length).toBeGreaterThan(1000);
  });

  it('counts each line once when another process writes the same file at the same time, or refuses one of the two', async () => {
    const input = join(directory.path, 'access.log');
    const lines = 60_000;
    await writeFile(
      input,
      Array.from({ length: lines }, (_, i) => combined(Math.floor(i / 1000), `10.0.${i % 250}.${i % 199}`)).join(''),
    );
    const pipeline = startInBackground('--input', input, '--follow');
    // As soon as it serves the log, two others come.
    await until(async () => (await readServed(join(dataDir, 'log'))) && true);
    const producers = await Promise.all(
      [1, 2].map(() => millrace(['produce', '--input', input, '--data-dir', dataDir])),
    );
    for (const { code, stderr } of producers) {
      expect([0, 1]).toContain(code);
      if (code === 1) expect(stderr).toMatch(/^millrace: another process reads .*access\.log into the same log/m);
    }
    await pipeline.kill('SIGTERM');
    // Whoever was refused has left the rest to the other; what is still missing then, a last run adds.
    await millrace(['produce', '--input', input, '--data-dir', dataDir]);
    expect(await consume('test-inter', '--from-beginning')).toHaveLength(lines);
  });

  it.each([
    { what: 'a missing file', input: 'none.log', message: 'there is no file' },
    { what: 'an empty directory', input: 'folder', message: 'there is no file in the directory' },
  ])('says what is wrong with $what', async ({ input, message }) => {
    await mkdir(join(directory.path, 'folder'));
    const path = join(directory.path, input);
    const { code, stderr } = await millrace(['start', '--input', path, '--once', '--data-dir', dataDir]);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['--bogus'],
    ['--grace', 'soon'],
    ['--partitions', '0'],
    ['--goals', '5'],
    ['--once'],
    ['--log-format', '$status', '--input', 'x'],
  ])('refuses %s %s', async (...args) => {
    await writeFile(join(directory.path, 'x'), '');
    const replaced = args
      .filter((arg) => arg !== undefined)
      .map((arg) => (arg === 'x' ? join(directory.path, 'x') : arg));
    const { code, stderr } = await millrace(['start', '--data-dir', dataDir, ...replaced]);
    expect(code).not.toBe(0);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr.length).toBeGreaterThan(20);
  });

  it('says how late records were, and which grace counts them', async () => {
    const { stdout } = await once(combined(59) + combined(10), 'late.log', '--grace', '5s');
    expect(stdout).toContain('--grace 49s counts them');
    const late = await consume('test-inter-late', '--from-beginning');
    expect(late).toMatchObject([{ headers: { 'late-for': 'goal1,server-errors,traffic', 'late-by-ms': '49000' } }]);
  });

  it('counts what is out of order in a file, and says how late it may be', async () => {
    const { stderr, stdout } = await once(combined(59) + combined(10), 'disorder.log');
    expect(stderr).toContain('lines are out of order by up to 49 seconds: they count up to 2m late (--grace)');
    expect(stdout).not.toContain('too late');
  });

  it('keeps a second process out, and lets it consume and produce meanwhile', async () => {
    startInBackground('--rate', '200', '--partitions', '2');
    const [alert] = await until(async () => {
      const { code, stdout } = await millrace([
        'consume',
        'goal1-topic',
        '--data-dir',
        dataDir,
        '--from-beginning',
        '--max',
        '1',
      ]);
      const records = code === 0 ? jsonLines<Consumed>(stdout) : [];
      return records.length > 0 ? records : undefined;
    });
    expect(alert?.value).toMatchObject({ client_ip: '203.0.113.1' });
    const second = await millrace(['start', '--data-dir', dataDir]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('in use');
    const produced = await millrace(['produce', '--data-dir', dataDir, '--count', '500']);
    expect(produced.stdout, produced.stderr).toContain('500 events written');
  });

  it('commits and ends with exit code 0 on SIGTERM', async () => {
    const run = startInBackground('--rate', '500');
    await until(async () => (run.stderr.includes('events') ? true : undefined));
    const { code, stdout } = await run.kill('SIGTERM');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[\d,]+ events \(.+\) in \d/);
  });
});

describe('millrace inspect', () => {
  it('tells how the records of a topic are read, and of a name that is none says where it was looked for', async () => {
    await once(combined(1) + combined(2));
    const { code, stdout } = await millrace(['inspect', 'test-inter', '--lines', '1', '--data-dir', dataDir]);
    expect(stdout).toMatch(/^topic test-inter: 1 event, 0 lines refused, and more lines\n/);
    expect(stdout).toContain('83.149.9.216');
    expect(code).toBe(0);
    const neither = await millrace(['inspect', 'test-intra', '--data-dir', dataDir]);
    expect(neither.code).toBe(1);
    expect(neither.stderr).toMatch(/no file test-intra;.*Nor is there a topic test-intra at .*: it has .*/);
    expect(neither.stderr).not.toMatch(/^\s+at /m);
  });
});

it('inspect tells of standard input which formats read its lines, and prints JSON', async () => {
  const { stdout } = await millrace(['inspect', '-', '--json'], { stdin: `${combined(1)}what is this\n` });
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ name: '-', kind: 'file', events: 1, guesses: [{ format: 'combined', read: 1, of: 2 }] },
    refused: { total: 1, reasons: { 'not-in-format': 1 } },
  });
});

it('inspect ends in order when nobody reads on what it prints', async () => {
  const file = join(directory.path, 'access.log');
  await writeFile(file, combined(1));
  const run = new Millrace(['inspect', file]);
  run.process.stdout?.destroy();
  expect(await run.finished).toMatchObject({ code: 0, stderr: '' });
});

describe('millrace consume', () => {
  it('says which topics there are when there is none of that name', async () => {
    await once(combined(0));
    const { code, stderr } = await millrace(['consume', 'nothing', '--data-dir', dataDir]);
    expect(code).toBe(2);
    expect(stderr).toContain('goal1-topic');
  });

  it('says that there is no log where there is none', async () => {
    const { code, stderr } = await millrace(['consume', 'goal1-topic', '--data-dir', dataDir]);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no log');
  });
});

describe('millrace describe', () => {
  it('prints the sub-topologies as Kafka Streams does', async () => {
    const { code, stdout } = await millrace(['describe']);
    expect(code).toBe(0);
    expect(stdout).toContain('   Sub-topology: 0\n    Source: requests (topics: [test-inter])');
    expect(stdout).toContain('(topic: goal1-repartition, combined per commit)');
  });

  it('prints it as data, in which every operator has a name that says what it does', async () => {
    const { code, stdout } = await millrace(['describe', '--json']);
    expect(code).toBe(0);
    const { subtopologies, version } = JSON.parse(stdout) as TopologyDescription;
    expect(version).toBe(1);
    const nodes = subtopologies.flatMap((subtopology) => subtopology.nodes);
    expect(nodes.map(({ name }) => name)).toEqual(expect.arrayContaining(['requests', 'by-client', 'send-goal1']));
    expect(nodes.filter(({ name }) => /\d{10}/.test(name))).toEqual([]);
  });
});
