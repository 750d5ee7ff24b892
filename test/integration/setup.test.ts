import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin', import.meta.url));

/**
 * Stands for npm: `npm ci` takes its time, installs the compiler below, a program and what the Kafka client is made of,
 * and notes that it ran; `npm rebuild` makes the Kafka client.
 */
const NPM = `#!/bin/sh
echo "npm $* $CKJS_LINKING" | sed 's/ $//' >> calls.txt
client=node_modules/@confluentinc/kafka-javascript
if [ "$1" = rebuild ]; then
  [ -f build-fails ] && { echo 'no compiler'; exit 1; }
  mkdir -p $client/build/Release && touch $client/build/Release/confluent-kafka-javascript.node
  exit 0
fi
[ -f npm-fails ] && { echo 'npm error no network'; exit 7; }
while [ -f npm-hangs ]; do sleep 0.05; done
[ "$1" = ci ] && rm -rf node_modules
mkdir -p node_modules/.bin node_modules/classic-level
cp compiler.cjs node_modules/.bin/esbuild
cp program.sh node_modules/.bin/program
touch node_modules/classic-level/index.js
mkdir -p $client node_modules/@mapbox/node-pre-gyp/bin
echo "require('fs').statSync(__dirname + '/build/Release/confluent-kafka-javascript.node')" > $client/index.js
cp download.cjs node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp
`;
const COMPILER = `#!/usr/bin/env node
const fs = require('node:fs');
if (!process.argv.includes('--outbase=streams')) fs.appendFileSync('calls.txt', 'esbuild\\n');
fs.mkdirSync('dist/schemas', { recursive: true });
fs.mkdirSync('streams/dist', { recursive: true });
for (const name of fs.readdirSync('streams')) {
  if (name.endsWith('.ts')) fs.writeFileSync('streams/dist/' + name.replace(/ts$/, 'js'), '');
}
`;
/** Stands for what downloads the ready-made binary. */
const DOWNLOAD = `
const fs = require('node:fs');
const { join } = require('node:path');
fs.appendFileSync('calls.txt', 'download\\n');
if (fs.existsSync('no-binary')) process.exit(1);
const folder = join(process.argv[4], 'build/Release');
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(join(folder, 'confluent-kafka-javascript.node'), '');
`;
const CI = 'npm ci --omit=dev --ignore-scripts --no-audit --no-fund';
/** What is copied as it is. */
const FOLDERS = ['deploy/grafana/dashboards', 'deploy/grafana/provisioning/datasources', 'deploy/kibana/dashboards'];
const PROGRAM = `#!/bin/sh
[ "$1" = wait ] && { trap 'exit 42' TERM; echo ready; while true; do sleep 0.05; done; }
echo "program $*"; exit 3
`;

let checkout: string;

beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'millrace-setup-'));
  await cp(BIN, join(checkout, 'bin'), { recursive: true });
  for (const folder of ['path', 'streams', 'schemas', ...FOLDERS]) {
    await mkdir(join(checkout, folder), { recursive: true });
  }
  await write('package-lock.json', '{"version": 1}');
  await write('schemas/a.avsc', '"int"');
  await write('deploy/kibana/millrace.ndjson', '{}');
  await write('streams/kept.ts', '');
  await write('path/npm', NPM);
  await write('program.sh', PROGRAM);
  await write('compiler.cjs', COMPILER);
  await write('download.cjs', DOWNLOAD);
  for (const name of ['path/npm', 'program.sh', 'compiler.cjs']) await chmod(join(checkout, name), 0o755);
});

afterEach(() => rm(checkout, { recursive: true, force: true }));

function write(name: string, text: string): Promise<void> {
  return writeFile(join(checkout, name), text);
}

async function calls(): Promise<string[]> {
  const text = await readFile(join(checkout, 'calls.txt'), 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

interface SetUp {
  readonly process: ChildProcess;
  readonly said: () => string;
  readonly code: Promise<number | null>;
}

function setUp(...args: string[]): SetUp {
  const env = { ...process.env, PATH: `${join(checkout, 'path')}${delimiter}${process.env['PATH']}` };
  const child = spawn(process.execPath, [join(checkout, 'bin/setup.mjs'), ...args], { env, stdio: 'pipe' });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      said += data.toString();
    });
  }
  const code = new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  return { process: child, said: () => said, code };
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await delay(20);
}

describe('the set-up', () => {
  it('installs and builds once, and says nothing when there is nothing to do', async () => {
    const first = setUp();
    expect(await first.code).toBe(0);
    expect(first.said()).toBe('installing packages (once)…\nbuilding…\n');
    const second = setUp();
    expect(await second.code).toBe(0);
    expect(second.said()).toBe('');
    expect(await calls()).toEqual([CI, 'esbuild']);
    expect(await readFile(join(checkout, 'dist/schemas/a.avsc'), 'utf8')).toBe('"int"');
  });

  it('installs again when the lock file has changed, and builds again when a source has', async () => {
    await setUp().code;
    await write('package-lock.json', '{"version": 2}');
    const installed = setUp();
    await installed.code;
    expect(installed.said()).toBe('installing packages (once)…\n');
    await write('streams/new.ts', '');
    const built = setUp();
    await built.code;
    expect(built.said()).toBe('building…\n');
  });

  it('deletes what was built of a source that is gone', async () => {
    await write('streams/gone.ts', '');
    await setUp().code;
    await rm(join(checkout, 'streams/gone.ts'));
    await setUp().code;
    expect(await readdir(join(checkout, 'dist/streams'))).toEqual(['kept.js']);
  });

  it('waits for another set-up, and does not repeat its work', async () => {
    await write('npm-hangs', '');
    const first = setUp();
    await until(async () => (await calls()).length === 1);
    const second = setUp();
    await until(() => second.said().includes('waiting for another set-up'));
    await rm(join(checkout, 'npm-hangs'));
    expect([await first.code, await second.code]).toEqual([0, 0]);
    expect(await calls()).toEqual([CI, 'esbuild']);
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('is not held up by one that was ended by %s', async (signal) => {
    await write('npm-hangs', '');
    const first = setUp();
    await until(async () => (await calls()).length === 1);
    first.process.kill(signal);
    await rm(join(checkout, 'npm-hangs'));
    expect(await first.code).toBe(signal === 'SIGINT' ? 130 : null);
    expect(await setUp().code).toBe(0);
  });

  it('shows what npm says when it fails', async () => {
    await write('npm-fails', '');
    const failed = setUp();
    expect(await failed.code).toBe(1);
    expect(failed.said()).toContain('npm ci failed:\nnpm error no network\n');
  });

  it('installs the development packages when a program of theirs is run, and leaves what is there', async () => {
    await setUp().code;
    await write('node_modules/kept', '');
    const run = setUp('program');
    await run.code;
    expect(run.said()).toContain('installing development packages (once)…\n');
    expect(await calls()).toEqual([
      CI,
      'esbuild',
      'npm install --no-save --include=dev --ignore-scripts --no-audit --no-fund',
    ]);
    expect(await readdir(join(checkout, 'node_modules'))).toContain('kept');
  });

  it('installs everything at once where a program of the development packages comes first', async () => {
    await setUp('program').code;
    await setUp().code;
    expect(await calls()).toEqual(['npm ci --include=dev --ignore-scripts --no-audit --no-fund', 'esbuild']);
  });

  it('gets the Kafka client when it is asked for, once, and says how long that took', async () => {
    await setUp().code;
    expect(await calls()).toEqual([CI, 'esbuild']);
    const first = setUp('--kafka');
    expect(await first.code).toBe(0);
    expect(first.said()).toMatch(/^getting the Kafka client.*\nthe Kafka client is there after \d+ s\n$/);
    const second = setUp('--kafka', 'program');
    expect(await second.code).toBe(3);
    expect(second.said()).not.toContain('Kafka client');
    expect((await calls()).filter((call) => call === 'download')).toHaveLength(1);
  });

  it("builds the Kafka client with the system's libraries where its binary cannot be had, and says so", async () => {
    await write('no-binary', '');
    const built = setUp('--kafka');
    expect(await built.code).toBe(0);
    expect(built.said()).toMatch(/ready-made binary cannot be had here: building it/);
    expect((await calls()).slice(-2)).toEqual([
      'download',
      'npm rebuild @confluentinc/kafka-javascript --ignore-scripts=false dynamic',
    ]);
  });

  it('says what the Kafka client needs where it can neither be had nor built, and all else goes on', async () => {
    await write('no-binary', '');
    await write('build-fails', '');
    const failed = setUp('--kafka', 'program');
    expect(await failed.code).toBe(1);
    expect(failed.said()).toContain('the build of the Kafka client failed:\nno compiler\n');
    expect(failed.said()).toMatch(/C\+\+ compiler.*npm run setup:kafka.*Without it everything but Kafka works/);
    expect(await setUp('program').code).toBe(3);
  });

  it('makes the Kafka client once where two processes want it at a time', async () => {
    await setUp().code;
    const both = [setUp('--kafka'), setUp('--kafka')];
    expect(await Promise.all(both.map(({ code }) => code))).toEqual([0, 0]);
    expect((await calls()).filter((call) => call === 'download')).toHaveLength(1);
  });

  it('runs a local program, with its arguments and its exit code', async () => {
    const run = setUp('program', 'a', 'b c');
    expect(await run.code).toBe(3);
    expect(run.said()).toContain('program a b c\n');
  });

  it('hands signals on to the program', async () => {
    const run = setUp('program', 'wait');
    await until(() => run.said().includes('ready'));
    run.process.kill('SIGTERM');
    expect(await run.code).toBe(42);
  });
});
