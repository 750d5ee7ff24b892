/**
 * Makes a bare clone ready: installs what is missing, builds what has changed. With arguments it then runs a local
 * program: `node bin/setup.mjs vitest run`. Plain Node, for nothing is installed yet when it runs.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LEAST_NODE = 20;
const SHOWN_LINES = 20;
const SOURCES = ['streams', 'topology', 'producer', 'schemas', 'cli', 'bench'];
const LOCK = join(ROOT, '.millrace-setup.lock');
const LOCK_TIMEOUT_MS = 10 * 60_000;

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Runs a program quietly; its output is shown when it fails. */
function run(program, args, what) {
  const result = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' });
  if (result.status === 0) return;
  const said = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`.trim().split('\n');
  fail([`${what} failed:`, ...said.slice(0, SHOWN_LINES)].join('\n'));
}

function newest(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function install() {
  const lockFile = readFileSync(join(ROOT, 'package-lock.json'));
  const hash = createHash('sha256').update(lockFile).update(process.version).digest('hex');
  const stamp = join(ROOT, 'node_modules', '.millrace-setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  process.stderr.write('installing packages (once)…\n');
  run('npm', ['ci', '--no-audit', '--no-fund'], 'npm ci');
  writeFileSync(stamp, hash);
}

function build() {
  const stamp = join(ROOT, 'dist', '.built');
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const inputs = [...SOURCES, 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(ROOT, name));
  if (Math.max(...inputs.filter(existsSync).map(newest)) <= built) return;
  process.stderr.write('building…\n');
  const startedAt = new Date();
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], 'the build');
  for (const name of readdirSync(join(ROOT, 'schemas'))) {
    if (name.endsWith('.avsc')) cpSync(join(ROOT, 'schemas', name), join(ROOT, 'dist', 'schemas', name));
  }
  writeFileSync(stamp, startedAt.toISOString());
}

/** One set-up at a time: a second one waits for the first. */
function locked(work) {
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    try {
      mkdirSync(LOCK);
      break;
    } catch {
      const age = existsSync(LOCK) ? Date.now() - statSync(LOCK).mtimeMs : 0;
      if (age > LOCK_TIMEOUT_MS) rmSync(LOCK, { recursive: true, force: true });
      if (Date.now() > deadline) fail(`another set-up seems to be running; if not, delete ${LOCK}`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  // A Ctrl-C ends npm as well; the lock must not outlive this process.
  process.once('exit', () => rmSync(LOCK, { recursive: true, force: true }));
  work();
  rmSync(LOCK, { recursive: true, force: true });
}

export function setUp() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < LEAST_NODE) fail(`Millrace needs Node ${LEAST_NODE} or newer; this is ${process.version}`);
  locked(() => {
    install();
    build();
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  setUp();
  const [program, ...args] = process.argv.slice(2);
  if (program !== undefined) {
    const path = join(ROOT, 'node_modules', '.bin', program);
    const result = spawnSync(path, args, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' });
    process.exit(result.status ?? 1);
  }
}
