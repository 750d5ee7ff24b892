/** What the set-up is made of: programs that it runs, one set-up at a time. Plain Node, for nothing is installed yet. */
import { spawn } from 'node:child_process';
import { readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SHOWN_LINES = 20;
const LOCK = join(ROOT, '.millrace-setup.lock');
const LOCK_POLL_MS = 100;
/** A lock file without a process id in it is this old when whoever made it has died in between. */
const LOCK_WRITE_MS = 5000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** What went wrong for the user to see, without a stack trace. */
export class SetUpError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Whether a module is the program that Node was started with. */
export function isMain(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}

/** Does work of the set-up; where it fails, says so and ends the process. */
export async function orEnd(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(error.exitCode);
  }
}

/** Runs a program until it ends, also when this process is told to end meanwhile. */
export async function runProgram(program, args, { stdio, forward, env = process.env }) {
  let child;
  let interrupted;
  const onSignal = (signal) => {
    interrupted = signal;
    if (forward(signal)) child.kill(signal);
  };
  // Before the program runs, which may otherwise be ready for a signal before this process is, and be left alone by it.
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    child = spawn(program, args, { cwd: ROOT, stdio, env, shell: process.platform === 'win32' });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => (output += text));
    }
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

/** Runs a step of the set-up; its output, or what `shown` takes of it, is shown when it fails. */
export async function step(program, args, what, { env = process.env, shown = (lines) => lines } = {}) {
  const { code, output, interrupted } = await runProgram(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    forward: () => true,
    env,
  });
  if (interrupted !== undefined) throw new SetUpError(`${what} was interrupted`, 128 + constants.signals[interrupted]);
  if (code === 0) return;
  throw new SetUpError([`${what} failed:`, ...shown(output.trim().split('\n')).slice(0, SHOWN_LINES)].join('\n'));
}

/** Whether an installed package can be loaded, native parts and all, tried in a process of its own. */
export async function loads(name) {
  const { code } = await runProgram(process.execPath, ['--eval', `require('${name}')`], {
    stdio: 'ignore',
    forward: () => true,
  });
  return code === 0;
}

/** One set-up at a time: a second one waits for the first. */
export async function locked(work) {
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
