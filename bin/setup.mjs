/**
 * Makes a bare clone ready: installs what is missing, builds what has changed. With arguments it then runs a local
 * program: `node bin/setup.mjs vitest run`. Plain Node, for nothing is installed yet when it runs.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LEAST_NODE = 20;
const SHOWN_LINES = 20;
const KAFKA_CLIENT = '@confluentinc/kafka-javascript';
// The bench compares results with the reference of the tests.
const SOURCES = [
  'streams',
  'detection',
  'topology',
  'producer',
  'schemas',
  'connectors',
  'stack',
  'lake',
  'cli',
  'bench',
  'test/reference',
];
const ASSET = /\.(avsc|json|xml|properties|java|py)$/;
const DIST = join(ROOT, 'dist');
const INSTALL_STAMP = join(ROOT, 'node_modules', '.millrace-setup');
const BUILD_STAMP = join(DIST, '.built');
const LOCK = join(ROOT, '.millrace-setup.lock');
const LOCK_POLL_MS = 100;
/** A lock file without a process id in it is this old when whoever made it has died in between. */
const LOCK_WRITE_MS = 5000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** What went wrong for the user to see, without a stack trace. */
class SetUpError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Runs a program until it ends, also when this process is told to end meanwhile. */
async function runProgram(program, args, { stdio, forward, env = process.env }) {
  const child = spawn(program, args, { cwd: ROOT, stdio, env, shell: process.platform === 'win32' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text));
  let interrupted;
  const onSignal = (signal) => {
    interrupted = signal;
    if (forward(signal)) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await new Promise((resolve) => {
      child.on('error', (error) => resolve({ code: 1, output: error.message, interrupted }));
      child.on('close', (code, signal) => {
        resolve({ code: code ?? 128 + (constants.signals[signal] ?? 0), output, interrupted });
      });
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** Runs a step of the set-up; its output is shown when it fails. */
async function step(program, args, what, env = process.env) {
  const { code, output, interrupted } = await runProgram(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    forward: () => true,
    env,
  });
  if (interrupted !== undefined) throw new SetUpError(`${what} was interrupted`, 128 + constants.signals[interrupted]);
  if (code === 0) return;
  throw new SetUpError([`${what} failed:`, ...output.trim().split('\n').slice(0, SHOWN_LINES)].join('\n'));
}

function lockFileHash() {
  const lockFile = readFileSync(join(ROOT, 'package-lock.json'));
  return createHash('sha256').update(lockFile).update(process.version).digest('hex');
}

function isInstalled() {
  return existsSync(INSTALL_STAMP) && readFileSync(INSTALL_STAMP, 'utf8') === lockFileHash();
}

async function install() {
  const hash = lockFileHash();
  process.stderr.write('installing packages (once)…\n');
  // The build needs the development packages, also where NODE_ENV is production.
  const ci = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  try {
    await step('npm', ci, 'npm ci');
  } catch (error) {
    // The Kafka client's binary, or what its bundled build downloads, may be out of reach where the packages are not.
    if (error.exitCode !== 1 || !error.message.includes(KAFKA_CLIENT)) throw error;
    process.stderr.write(
      `the ready-made binary of ${KAFKA_CLIENT} cannot be had here: building it with the system's libraries (1-2 minutes)…\n`,
    );
    await step('npm', ci, 'npm ci', { ...process.env, CKJS_LINKING: 'dynamic' });
  }
  writeFileSync(INSTALL_STAMP, hash);
}

/** When the file, or anything in the folder, was last changed, made or deleted. */
function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function isBuilt() {
  const built = statSync(BUILD_STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [...SOURCES, 'tsconfig.json', 'tsconfig.build.json'].every((name) => newest(join(ROOT, name)) <= built);
}

/** Builds in place, for a pipeline may be running from there. */
async function build() {
  const startedAt = new Date();
  process.stderr.write('building…\n');
  await step(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
    'the build',
  );
  for (const folder of SOURCES) {
    copyAssets(folder);
    removeOrphans(folder);
  }
  writeFileSync(BUILD_STAMP, '');
  // What is changed while it builds is newer than the stamp.
  utimesSync(BUILD_STAMP, startedAt, startedAt);
}

/** Copies what the code reads at run time from beside itself: schemas, connector configurations and the like. */
function copyAssets(folder) {
  if (!existsSync(join(ROOT, folder))) return;
  for (const name of readdirSync(join(ROOT, folder), { recursive: true })) {
    if (!ASSET.test(name)) continue;
    mkdirSync(dirname(join(DIST, folder, name)), { recursive: true });
    copyFileSync(join(ROOT, folder, name), join(DIST, folder, name));
  }
}

/** Deletes what an earlier build made of a source that is gone. */
function removeOrphans(folder) {
  if (!existsSync(join(DIST, folder))) return;
  for (const entry of readdirSync(join(DIST, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOrphans(path);
    const source = path.replace(/\.js(\.map)?$/, '.ts');
    if (!existsSync(join(ROOT, source))) rmSync(join(DIST, path), { recursive: true });
  }
}

/** Whether the process that made the lock file has ended without deleting it. */
function isAbandoned() {
  try {
    const holder = Number(readFileSync(LOCK, 'utf8'));
    if (holder === 0) return Date.now() - statSync(LOCK).mtimeMs > LOCK_WRITE_MS;
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** One set-up at a time: a second one waits for the first. */
async function locked(work) {
  for (let waiting = false; ; waiting = true) {
    try {
      writeFileSync(LOCK, `${process.pid}`, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') {
        throw new SetUpError(
          `Millrace must be installed and built first, but ${ROOT} cannot be written: ${error.code}`,
        );
      }
    }
    if (isAbandoned()) {
      rmSync(LOCK, { force: true });
      continue;
    }
    if (!waiting) process.stderr.write('waiting for another set-up…\n');
    await setTimeout(LOCK_POLL_MS);
  }
  try {
    await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

async function prepare() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < LEAST_NODE)
    throw new SetUpError(`Millrace needs Node ${LEAST_NODE} or newer; this is ${process.version}`);
  // Mostly there is nothing to do, and then nothing is written either.
  if (isInstalled() && isBuilt()) return;
  await locked(async () => {
    if (!isInstalled()) await install();
    if (!isBuilt()) await build();
  });
}

/** Installs and builds what is missing; ends the process with a message when that cannot be done. */
export async function setUp() {
  try {
    await prepare();
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(error.exitCode);
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await setUp();
  const [program, ...args] = process.argv.slice(2);
  if (program !== undefined) {
    const { code } = await runProgram(join(ROOT, 'node_modules', '.bin', program), args, {
      stdio: 'inherit',
      // A terminal sends Ctrl-C to the program as well, and two of them would break off its clean-up.
      forward: (signal) => signal !== 'SIGINT' || !process.stdin.isTTY,
    });
    process.exit(code);
  }
}
