import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { freePort } from '../free-port.js';
import { temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(() => directory.remove());

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of a Dockerfile, with lines that go on put together, by stage. */
function stagesOf(dockerfile: string): Instruction[][] {
  const text = readFileSync(dockerfile, 'utf8')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ');
  const stages: Instruction[][] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, text: rest });
  }
  return stages;
}

/** Whether Docker leaves a path of the context out: the last pattern that matches it, or a directory above it, decides. */
function ignores(dockerfile: string): (path: string) => boolean {
  const patterns = readFileSync(`${dockerfile}.dockerignore`, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => ({ isException: line.startsWith('!'), matches: matcher(line.replace(/^!/, '').trim()) }));
  return (path) => patterns.findLast(({ matches }) => matches.test(path))?.isException === false;
}

function matcher(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'));
  return new RegExp(`^${source}(?:/.*)?$`);
}

/** Copies what Docker would take from the context for a source: a file, or what is in a directory. */
function copyFromContext(source: string, target: string, isIgnored: (path: string) => boolean): number {
  const path = source === '.' ? '' : source;
  const files = filesIn(path).filter((file) => !isIgnored(file));
  for (const file of files) {
    const isFile = file === path;
    const to = isFile
      ? join(target, target.endsWith('/') ? basename(file) : '')
      : join(target, file.slice(path.length));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(ROOT, file), to);
  }
  return files.length;
}

function filesIn(path: string): string[] {
  // They are left out by each of the two, and are too many to ask about one by one.
  if (['node_modules', '.git', 'dist', 'streams/dist'].includes(path)) return [];
  const full = join(ROOT, path);
  if (path !== '' && !existsSync(full)) return [];
  return readdirSync(dirname(full), { withFileTypes: true }).some(
    (entry) => entry.name === basename(full) && entry.isFile(),
  )
    ? [path]
    : readdirSync(full).flatMap((name) => filesIn(path === '' ? name : `${path}/${name}`));
}

/** The packages of this checkout, and the workspace of the image. */
function linkModules(app: string): void {
  const scope = join(app, 'node_modules/@millrace');
  mkdirSync(scope, { recursive: true });
  symlinkSync('../../streams', join(scope, 'streams'));
  for (const name of readdirSync(MODULES)) {
    if (name !== basename(scope)) symlinkSync(join(MODULES, name), join(app, 'node_modules', name));
  }
}

/** Runs what a shell command of the Dockerfile runs of Millrace: the packages are those of this checkout. */
function runInstruction(text: string, cwd: string): void {
  const command = text
    .split('&&')
    .map((part) => part.trim())
    .filter((part) => part.startsWith('node ') && !part.includes('kafka'))
    .join(' && ');
  if (command === '') return;
  const { status, stderr, stdout } = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8' });
  expect(status, `${command}\n${stdout}${stderr}`).toBe(0);
}

it('the image of Millrace builds of what its .dockerignore lets in, and the program in it runs', async () => {
  const dockerfile = join(ROOT, 'docker/millrace/Dockerfile');
  const isIgnored = ignores(dockerfile);
  expect(isIgnored('test/reference/goals.ts')).toBe(true);
  const stages = stagesOf(dockerfile);
  const directories = stages.map((_, index) => join(directory.path, `stage-${index}`));
  for (const [index, stage] of stages.entries()) {
    const app = directories[index] ?? '';
    mkdirSync(app);
    linkModules(app);
    for (const { name, text } of stage) {
      const words = text.split(/\s+/);
      const paths = words.filter((word) => !word.startsWith('--'));
      const target = paths.at(-1) ?? '';
      if (name === 'RUN') runInstruction(text, app);
      if (name !== 'COPY') continue;
      for (const source of paths.slice(0, -1)) {
        if (!words.some((word) => word.startsWith('--from='))) {
          const to = `${join(app, target)}${target.endsWith('/') ? '/' : ''}`;
          expect(copyFromContext(source, to, isIgnored), source).toBeGreaterThan(0);
        } else if (!source.endsWith('node_modules')) {
          const from = join(directories[0] ?? '', source.replace('/app/', ''));
          cpSync(from, target.endsWith('/') ? join(app, target, basename(from)) : join(app, target), {
            recursive: true,
          });
        }
      }
    }
  }
  const program = (...args: readonly string[]) =>
    spawnSync(process.execPath, ['millrace.mjs', ...args], { cwd: directories.at(-1), encoding: 'utf8' });
  expect(program('--help')).toMatchObject({ status: 0, stderr: '' });
  expect(program('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(program('describe').stdout).toContain('Sub-topology: 0');
  const data = join(directory.path, 'data');
  const run = program('start', '--count', '500', '--once', '--data-dir', data);
  expect(run.status, run.stderr).toBe(0);
  expect(run.stdout).toMatch(/goal 3, .*: \d+ results/);

  // What the image starts, with its settings: the pipeline over simulated traffic, and the dashboard.
  const last = stages.at(-1) ?? [];
  const text = (wanted: string) => last.find(({ name }) => name === wanted)?.text ?? '';
  const http = `127.0.0.1:${await freePort()}`;
  const env = { ...process.env, MILLRACE_HTTP: http, MILLRACE_DATA_DIR: join(directory.path, 'live') };
  const [, ...entry] = (JSON.parse(text('ENTRYPOINT')) as string[]).map((part) => part.replace('/app/', ''));
  const arguments_ = [...entry, ...(JSON.parse(text('CMD')) as string[])];
  const cwd = directories.at(-1);
  const started = spawn(process.execPath, arguments_, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => started.on('exit', (code) => resolve(code)));
  const isHealthy = () => spawnSync(process.execPath, ['health.mjs'], { cwd, env }).status === 0;
  expect(isHealthy()).toBe(false);
  await until(() => isHealthy() || undefined, { patienceMs: 60_000 });
  const page = await fetch(`http://${http}/`);
  expect(await page.text()).toContain('<title>');
  started.kill('SIGTERM');
  expect(await ended).toBe(0);
});

it('the image of Millrace runs as a user without rights, by a program that gets its signals, and says how it does', () => {
  const last = stagesOf(join(ROOT, 'docker/millrace/Dockerfile')).at(-1) ?? [];
  const user = last.findIndex(({ name }) => name === 'USER');
  expect(last[user]?.text).toBe('node');
  expect(last.slice(user).some(({ name }) => name === 'RUN' || name === 'COPY')).toBe(false);
  for (const wanted of ['ENTRYPOINT', 'CMD']) {
    const found = last.filter(({ name }) => name === wanted);
    expect(found).toHaveLength(1);
    // A shell, or npm, as the first process would keep signals to itself.
    expect(z.array(z.string()).parse(JSON.parse(found[0]?.text ?? ''))[0]).not.toMatch(/npm|sh$/);
  }
  expect(last.find(({ name }) => name === 'HEALTHCHECK')?.text).toContain('CMD ["node", "/app/health.mjs"]');
});

it('the image of the Connect worker gets from the context what it copies, and nothing else', () => {
  const dockerfile = join(ROOT, 'docker/connect/Dockerfile');
  const isIgnored = ignores(dockerfile);
  const copied = stagesOf(dockerfile)
    .flat()
    .filter(({ name, text }) => name === 'COPY' && !text.includes('--from='))
    .map(({ text }) => text.split(/\s+/)[0] ?? '');
  expect(copied).toEqual(['stack/java']);
  for (const source of copied) {
    expect(copyFromContext(source, join(directory.path, 'sources'), isIgnored)).toBeGreaterThan(0);
  }
  expect(isIgnored('package.json')).toBe(true);
});
