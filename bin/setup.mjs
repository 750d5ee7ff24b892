/**
 * Makes a bare clone ready: installs what is missing, builds what has changed. With arguments it then runs a local
 * program, which is one of the development packages: `node bin/setup.mjs vitest run`. `--kafka` before it makes the
 * Kafka client as well. Plain Node, for nothing is installed yet when it runs.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, isBuilt } from './build.mjs';
import { setUpKafkaClient } from './kafka-client.mjs';
import { isMain, loads, locked, orEnd, ROOT, runProgram, SetUpError, step } from './steps.mjs';

const MIN_NODE = 20;
const STAMP = join(ROOT, 'node_modules', '.millrace-setup');
const WITHOUT_DEVELOPMENT = ' --omit=dev';
const NATIVE = 'classic-level';
/** No package's install script runs: what is native has a ready-made part in its package, the Kafka client apart. */
const QUIETLY = ['--ignore-scripts', '--no-audit', '--no-fund'];

function lockFileHash() {
  const lockFile = readFileSync(join(ROOT, 'package-lock.json'));
  return createHash('sha256').update(lockFile).update(process.version).digest('hex');
}

/** What is installed of the lock file that is there: all, all but the development packages, or nothing. */
function installed() {
  const stamp = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : '';
  const hash = lockFileHash();
  if (stamp === hash) return 'all';
  return stamp === hash + WITHOUT_DEVELOPMENT ? 'to run' : 'nothing';
}

function isInstalled(development) {
  const there = installed();
  return there === 'all' || (there === 'to run' && !development);
}

async function install(development) {
  const hash = lockFileHash();
  if (installed() === 'to run') {
    // What is there stays, for a pipeline may be running with it.
    process.stderr.write('installing development packages (once)…\n');
    await step('npm', ['install', '--no-save', '--include=dev', ...QUIETLY], 'npm install');
  } else {
    process.stderr.write('installing packages (once)…\n');
    rmSync(STAMP, { force: true });
    // Said either way: npm would go by NODE_ENV.
    await step('npm', ['ci', development ? '--include=dev' : '--omit=dev', ...QUIETLY], 'npm ci');
  }
  if (!(await loads(NATIVE)))
    await step('npm', ['rebuild', NATIVE, '--ignore-scripts=false'], `the build of ${NATIVE}`);
  writeFileSync(STAMP, development ? hash : hash + WITHOUT_DEVELOPMENT);
}

async function prepare(development) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < MIN_NODE) throw new SetUpError(`Millrace needs Node ${MIN_NODE} or newer; this is ${process.version}`);
  // Mostly there is nothing to do, and then nothing is written either.
  if (isInstalled(development) && isBuilt()) return;
  await locked(async () => {
    if (!isInstalled(development)) await install(development);
    if (!isBuilt()) await build();
  });
}

/** Installs and builds what is missing; ends the process with a message when that cannot be done. */
export function setUp({ development = false } = {}) {
  return orEnd(() => prepare(development));
}

if (isMain(import.meta.url)) {
  const args = process.argv.slice(2);
  const kafka = args[0] === '--kafka';
  const [program, ...programArgs] = kafka ? args.slice(1) : args;
  await setUp({ development: program !== undefined });
  if (kafka) await orEnd(setUpKafkaClient);
  if (program !== undefined) {
    const { code } = await runProgram(join(ROOT, 'node_modules', '.bin', program), programArgs, {
      stdio: 'inherit',
      // A terminal sends Ctrl-C to the program as well, and two of them would break off its clean-up.
      forward: (signal) => signal !== 'SIGINT' || !process.stdin.isTTY,
    });
    process.exit(code);
  }
}
