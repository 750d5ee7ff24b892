import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../until.js';
import { type Finished, Millrace, millrace, temporaryDirectory } from './millrace.js';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let dataDir: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  dataDir = join(directory.path, 'data');
});

afterEach(() => directory.remove());

async function once(content: string, ...args: readonly string[]): Promise<Finished> {
  const input = join(directory.path, 'access.log');
  await writeFile(input, content);
  return millrace(['start', '--input', input, '--once', '--data-dir', dataDir, ...args]);
}

function combined(second: number, client: string, agent = 'curl/8'): string {
  const time = `17/May/2015:10:05:${String(second).padStart(2, '0')} +0000`;
  return `${client} - - [${time}] "GET / HTTP/1.1" 200 512 "-" "${agent}"\n`;
}

function lines(text: string): string[] {
  return text.trimEnd().split('\n');
}

describe('what a user has done wrong', () => {
  it.each([
    [['start', '--grace', '60'], '60 what? give a unit: 60s, 60ms, 1m'],
    [['start', '--goal1-size', '20'], '20 what? give a unit'],
    [['start', '--idle', '30d'], 'It must be 24 days or less'],
    [['start', '--goal1-size', '500ms'], '--goal1-size, 500ms, is less than --goal1-advance, 1s'],
    [['start', '--goal2-size', '30d'], 'is more than 3600 times --goal2-advance, 1s'],
    [['start', '--application-id', '..'], 'letters, digits'],
    [['start', '--application-id', '../../x'], 'letters, digits'],
    [['start', '--log-format', '$status', '--input', '-'], '--log-format: '],
    [['serve', '--listen'], '--listen of serve needs --brokers'],
    [['start', '--rate', '1e12'], 'It must be 100000 or less'],
    [['analyze', '--since', '5'], '5 what? give a unit'],
    [['lake', 'vacuum', '--retain', '5'], '5 what? give a unit'],
    [['query', 'SELECT 1', '--timeout', '5'], '5 what? give a unit'],
  ])('%j is told in a line, with exit code 2, before anything is made', async (args, message) => {
    const { code, stderr, stdout } = await millrace([...args, '--data-dir', dataDir]);
    expect(stderr).toContain(message);
    expect(lines(stderr).filter((line) => line !== '(--help shows the options)')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it('a command that there is not is no success, and what there is is named, also with --help', async () => {
    const unknown = await millrace(['nosuch', '--help']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/unknown command 'nosuch'[\s\S]*there are: start, produce, consume/);
    const misspelt = await millrace(['lake', 'optimise', '--help']);
    expect(misspelt.code).toBe(2);
    expect(misspelt.stderr).toContain('Did you mean optimize?');
  });
});

it('prints the version', async () => {
  const { version } = (await import('../../package.json', { with: { type: 'json' } })).default;
  expect(await millrace(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

describe('lines that cannot be used', () => {
  it('are counted by their reason, and the first three are shown; with none that can, the exit code is 1', async () => {
    const refused = [
      'first line',
      'second line',
      'third line',
      'fourth line',
      combined(0, '192.0.2.1').replace('May', 'Foo'),
    ];
    const { code, stderr, stdout } = await once(`${refused.map((line) => line.trimEnd()).join('\n')}\n`);
    expect(code).toBe(1);
    expect(stdout).toContain('5 lines refused: not-in-format 4, wrong-timestamp 1\n');
    for (const [index, text] of ['first line', 'second line', 'third line'].entries()) {
      expect(stdout).toMatch(new RegExp(`access\\.log:${index + 1}: not-in-format: .*\n {8}${text}\n`));
    }
    expect(stdout).not.toContain('fourth line');
    expect(stderr).toBe('millrace: no line of the input could be used; the reasons are above\n');
  });

  it('are told of beside the events that there were, with exit code 0', async () => {
    const { code, stdout } = await once(`nothing\n${combined(0, '192.0.2.1')}`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 event in .*\n1 line refused: not-in-format 1\n/);
  });
});

it('an input that was read before has its results told again, not zeros', async () => {
  const content = Array.from({ length: 12 }, (_, second) => combined(second, '203.0.113.5')).join('');
  const first = await once(content);
  const second = await once(content);
  expect(second.code).toBe(0);
  expect(second.stdout).toMatch(/^nothing new in .*access\.log; the results stand:$/m);
  const [best] = lines(first.stdout).filter((line) => line.includes('203.0.113.5 12 requests'));
  expect(best).toBeDefined();
  expect(lines(second.stdout)).toContain(best);
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'a run with an end that %s interrupts says that it is of a part, with exit code %d',
  async (signal, exitCode) => {
    const input = join(directory.path, 'access.log');
    await writeFile(input, Array.from({ length: 60 }, (_, second) => combined(second, '203.0.113.5')).join(''));
    const run = new Millrace(['start', '--input', input, '--once', '--speed', '2', '--data-dir', dataDir]);
    await until(() => (/[1-9]\d* events/.test(run.stderr) ? true : undefined));
    const { code, stderr, stdout } = await run.kill(signal);
    expect(code).toBe(exitCode);
    expect(stdout).toMatch(/^\d+ events? in /);
    expect(stderr).toContain('interrupted: this is of a part of the input');
  },
);

it('what others write reaches no terminal as it is, wherever it is printed', async () => {
  const hostile = '\x1b[2J\x9b31m\u202e\u2066\u200b\x7f\r';
  const content = Array.from({ length: 12 }, (_, second) => {
    const event = {
      client_ip: '203.0.113.5',
      host: `h${hostile}`,
      country: `C${hostile}`,
      status: 404,
      request_time: 0.1,
    };
    return JSON.stringify({ ...event, method: 'GET', '@timestamp': 1_431_857_100 + second / 1000 });
  });
  const bursts = [...content, ...content].map((line, index) => line.replace('0.1', `0.${index}1`));
  const { stdout, stderr } = await once(`${bursts.join('\n')}\n{"evil": "${hostile}\n`, '--lake');
  const consumed: Finished[] = [];
  for (const topic of ['test-inter', 'test-inter-dlq', 'goal2-topic', 'goal4-topic']) {
    consumed.push(await millrace(['consume', topic, '--from-beginning', '--data-dir', dataDir]));
  }
  for (const format of ['table', 'csv', 'json']) {
    consumed.push(
      await millrace(['query', 'SELECT host, country FROM access', '--format', format, '--data-dir', dataDir]),
    );
    consumed.push(await millrace(['analyze', '--format', format, '--data-dir', dataDir]));
  }
  consumed.push(await millrace(['query', `SELECT 1 AS "a${hostile}"`, '--data-dir', dataDir]));
  consumed.push(await millrace(['query', `SELECT ${hostile}`, '--data-dir', dataDir]));
  consumed.push(await millrace(['consume', `t${hostile}`, '--data-dir', dataDir]));
  consumed.push(await millrace(['start', '--input', `f${hostile}`, '--once', '--data-dir', dataDir]));
  consumed.push(await millrace([`c${hostile}`]), await millrace(['start', `--${hostile}`]));
  expect(stdout).toContain('h\\x1b[2j\\x9b31m\\u202e');
  for (const said of [stdout, stderr, ...consumed.flatMap((run) => [run.stdout, run.stderr])]) {
    expect(said.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
  expect(consumed.filter((run) => /\\x1b|\\u001b/.test(run.stdout + run.stderr)).length).toBeGreaterThan(10);
});

it('keeps what it writes for its user alone: files 0600, directories and the socket 0700', async () => {
  const before = process.umask(0o022);
  try {
    const running = new Millrace(['start', '--count', '3000', '--lake', '--data-dir', join(dataDir, 'deeper')]);
    await until(() => (running.stderr.includes('the input has ended') ? true : undefined));
    const all = () =>
      ['.', ...readdirSync(dataDir, { recursive: true, encoding: 'utf8' })].map(
        (name) => [name, lstatSync(join(dataDir, name))] as const,
      );
    const live = all();
    await running.kill('SIGTERM');
    const modes = [...live, ...all()];
    expect(modes.filter(([, stats]) => (stats.mode & 0o077) !== 0).map(([name]) => name)).toEqual([]);
    expect(modes.some(([, stats]) => stats.isSocket())).toBe(true);
    expect(modes.some(([name]) => name.includes('.parquet'))).toBe(true);
  } finally {
    process.umask(before);
  }
});

describe.skipIf(process.getuid?.() !== 0)('a disk that takes nothing', () => {
  const mount = (...args: readonly string[]) => spawnSync('mount', args).status === 0;

  it('that is full is told in a line that says what to do', async (test) => {
    const disk = join(directory.path, 'disk');
    mkdirSync(disk);
    if (!mount('-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', disk)) test.skip('nothing can be mounted here');
    try {
      const { code, stderr } = await millrace([
        'start',
        '--count',
        '200000',
        '--once',
        '--data-dir',
        join(disk, 'data'),
      ]);
      expect(code).toBe(1);
      expect(lines(stderr).filter((line) => line.startsWith('millrace: '))).toEqual([
        expect.stringMatching(/^millrace: .*the disk is full; free some space, or move the data directory/),
      ]);
      expect(stderr).not.toMatch(/^\s+at /m);
    } finally {
      spawnSync('umount', [disk]);
    }
  });

  it('that is read-only is told in a line that says what to do', async (test) => {
    const disk = join(directory.path, 'disk');
    mkdirSync(disk);
    await millrace(['start', '--count', '10', '--once', '--data-dir', join(disk, 'data')]);
    if (!mount('--bind', disk, disk) || !mount('-o', 'remount,ro,bind', disk)) test.skip('nothing can be mounted here');
    try {
      for (const data of ['data', 'new']) {
        const { code, stderr } = await millrace(['start', '--count', '10', '--once', '--data-dir', join(disk, data)]);
        expect(code).toBe(1);
        expect(stderr).toMatch(/^millrace: .*the disk is read-only; choose another directory, or mount it writable\n$/);
      }
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});

describe('settings of a file', () => {
  it('a start takes its options from millrace.yaml, and one with a mistake is refused before anything is made', async () => {
    const input = join(directory.path, 'access.log');
    const config = join(directory.path, 'settings.yaml');
    const settings = (more: string) => `input: [${input}]\nonce: true\ndata-dir: ${dataDir}\n${more}`;
    await writeFile(input, combined(1, '192.0.2.1') + combined(2, '192.0.2.1'));
    await writeFile(config, settings('goal1-treshold: 1\n'));
    const refused = await millrace(['start', '--config', config]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(
      `${config}:4:1: there is no setting goal1-treshold; did you mean goal1-threshold?`,
    );
    expect(readdirSync(directory.path)).toEqual(['access.log', 'settings.yaml']);
    await writeFile(config, settings('goal1-threshold: 1\n'));
    const { code, stdout } = await millrace(['start'], { env: { MILLRACE_CONFIG: config } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/goal 1, abusive clients: [1-9]/);
    const { stdout: shown } = await millrace(['config', 'show', 'start', '--config', config, '--changed', '--json']);
    expect(shown).toContain(`{"name":"goal1-threshold","text":"1","from":"${config}:4:18"}`);
  });
});

describe('messages for programs', () => {
  it('with --log-output json every line of standard error is a record with time and level, those of HTTP with the id of the request', async () => {
    const server = new Millrace(
      ['start', '--rate', '5', '--no-auth', '--http', '0', '--data-dir', dataDir, '--log-output', 'json'],
      { env: { MILLRACE_LOG_LEVEL: 'debug' } },
    );
    const records = () =>
      lines(server.stderr)
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    await until(() => /dashboard: http/.test(server.stderr));
    const [url = ''] = /http:\/\/[\d.:]+/.exec(server.stderr) ?? [];
    const response = await fetch(`${url}/api/v1/none?token=s3cret`);
    const requestId = response.headers.get('x-request-id');
    await until(() => records().some((record) => record['requestId'] === requestId));
    expect(records().find((record) => record['requestId'] === requestId)).toMatchObject({
      ...{ level: 'debug', method: 'GET', path: '/api/v1/none', status: 404, msg: 'request' },
    });
    await server.kill('SIGTERM');
    for (const record of records()) {
      expect(record).toMatchObject({
        level: expect.any(String),
        time: expect.stringMatching(/Z$/),
        msg: expect.any(String),
      });
    }
    expect(server.stderr).not.toContain('s3cret');
  });

  it('with --log-level error warnings are left out, and a failure is told', async () => {
    const { code, stderr } = await millrace(['query', 'SELECT 1', '--data-dir', dataDir, '--log-output', 'json']);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error' });
    const env = { MILLRACE_LOG_LEVEL: 'error', MILLRACE_SEEDS: '1' };
    const quiet = await millrace(['query', 'SELECT 1', '--data-dir', dataDir], { env });
    expect(lines(quiet.stderr)).toEqual([expect.stringMatching(/^millrace: /)]);
  });
});

describe('a port that is named and taken', () => {
  it.each([
    ['--http', (port: number) => `127.0.0.1:${port}`],
    ['--syslog', (port: number) => `tcp://127.0.0.1:${port}`],
    ['--application-server', (port: number) => `127.0.0.1:${port}`],
  ])('ends start before anything is read: %s', async (option, place) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { code, stderr } = await millrace(['start', '--data-dir', dataDir, option, place(port)]);
      expect(lines(stderr).at(-1)).toContain(`${option}: port ${port} of 127.0.0.1 is taken`);
      expect([code, existsSync(join(dataDir, 'log'))]).toEqual([2, false]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
