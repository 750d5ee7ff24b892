import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../free-port.js';
import { jsonLines, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** No variable of whoever runs the tests reaches the program or npm. */
const ENVIRONMENT = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' };

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let project: string;
let archive: string;

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, env: ENVIRONMENT, maxBuffer: 1e8 });
  return stdout;
}

/** As it would be published, packed in a copy of what is under version control, for other tests run what is built here. */
async function pack(target: string): Promise<string> {
  const files = (await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], ROOT)).split('\0');
  const isThere = await Promise.all(files.map((name) => name !== '' && stat(join(ROOT, name)).catch(() => false)));
  for (const name of files.filter((_, index) => isThere[index])) await cp(join(ROOT, name), join(target, name));
  await symlink(join(ROOT, 'node_modules'), join(target, 'node_modules'));
  await run('npm', ['run', 'pack', '--', '--pack-destination', target], target);
  return join(target, (await readdir(target)).find((name) => name.endsWith('.tgz')) ?? '');
}

interface Started {
  readonly process: ChildProcess;
  readonly said: () => string;
}

/** Without a shell or `npx` between, which would keep a signal to itself. */
function start(...args: readonly string[]): Started {
  const child = spawn(join(project, 'node_modules/.bin/millrace'), args, { cwd: project, env: ENVIRONMENT });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      said += data.toString();
    });
  }
  return { process: child, said: () => said };
}

describe('the application, packed and installed into an empty project', () => {
  beforeAll(async () => {
    directory = await temporaryDirectory();
    archive = await pack(join(directory.path, 'checkout'));
    project = join(directory.path, 'project');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), JSON.stringify({ private: true }));
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', archive], project);
  });

  afterAll(() => directory.remove());

  it('is less than 3 MB, and has what runs in it: nothing of tests and benches, no sources, no source maps', async () => {
    expect((await stat(archive)).size).toBeLessThan(3e6);
    const files = (await run('tar', ['-tzf', archive], project)).split('\n');
    const folders = new Set(files.map((name) => name.split('/').slice(0, 2).join('/')).filter((name) => name !== ''));
    expect([...folders].sort()).toEqual([
      'package/CHANGELOG.md',
      'package/LICENSE',
      'package/README.md',
      'package/bin',
      'package/dist',
      'package/package.json',
      'package/web',
    ]);
    expect(files.filter((name) => /\.(ts|tsx|map)$|^package\/dist\/(bench|examples|test)\//.test(name))).toEqual([]);
    for (const ending of ['js', 'js.br', 'js.gz']) {
      expect(
        files.filter((name) => name.startsWith('package/web/dist/assets/') && name.endsWith(`.${ending}`)),
      ).not.toEqual([]);
    }
  });

  it('is installed without its development packages, the Kafka client, or another package of Millrace', async () => {
    const installed = await readdir(join(project, 'node_modules'), { recursive: false });
    for (const name of ['@millrace', '@confluentinc', 'esbuild', 'typescript', 'vitest', 'react']) {
      expect(installed).not.toContain(name);
    }
    const manifest = await readFile(join(project, 'node_modules/millrace/package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await run('npx', ['--no-install', 'millrace', '--version'], project)).toBe(`${version}\n`);
  });

  it('starts with simulated traffic, serves the dashboard, and ends in order; its results can be read', async () => {
    const port = await freePort();
    const started = start('start', '--rate', '500', '--no-auth', '--http', `127.0.0.1:${port}`, '--data-dir', 'data');
    const ended = new Promise((resolve) => started.process.on('exit', resolve));
    const get = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'accept-encoding': 'br, gzip' } });
    try {
      await until(async () => (await get('/health/ready').catch(() => undefined))?.ok, {
        patienceMs: 60_000,
        progress: started.said,
      });
      const page = await (await get('/')).text();
      expect(page).toContain('<title>Millrace</title>');
      const [, script = ''] = /src="(\/assets\/main-[^"]+\.js)"/.exec(page) ?? [];
      expect((await get(script)).headers.get('content-encoding')).toBe('br');
      const topology = await get('/api/v1/topology');
      expect(topology.status, await topology.text()).toBe(200);
      const consume = ['consume', 'goal1-topic', '--from-beginning', '--max', '1', '--data-dir', 'data'];
      const [result] = await until(
        async () => {
          const results = jsonLines<{ value: { client_ip: string; count: number } }>(
            await run('npx', ['--no-install', 'millrace', ...consume], project),
          );
          return results.length > 0 && results;
        },
        { progress: started.said },
      );
      expect(result?.value.count).toBeGreaterThan(10);
    } finally {
      started.process.kill('SIGTERM');
    }
    expect(await ended, started.said()).toBe(0);
  });

  it('says which command installs the Kafka client when Kafka is wanted', () => {
    const kafka = ['--brokers', '127.0.0.1:1', '--registry', 'http://127.0.0.1:1'];
    const args = ['--no-install', 'millrace', 'consume', 'goal1-topic', ...kafka];
    const { status, stderr } = spawnSync('npx', args, { cwd: project, encoding: 'utf8', env: ENVIRONMENT });
    expect(status).toBe(1);
    expect(stderr).toContain('`npm install @confluentinc/kafka-javascript`');
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
