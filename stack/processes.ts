import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { StackError } from './stack-error.js';

const POLL_MS = 50;
const AFTER_SIGKILL_MS = 10_000;

const run = promisify(execFile);

/** A process, told apart from a later one that has got the same id. */
export const processIdentity = z.object({
  pid: z.int().positive(),
  /** When it started, in the words of the system; on Linux with the boot that it started in. */
  startTime: z.string(),
});

export type ProcessIdentity = z.infer<typeof processIdentity>;

/** A program to run. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The file that the archive of its classes is to be, which it makes when it ends in order. */
  readonly classArchive?: string;
}

/**
 * Starts a program that outlives this process; its output goes to the log file, the previous one's to `<file>.1`.
 *
 * @throws StackError PROGRAM_MISSING
 */
export async function startDetached(launch: Launch, directory: string, logFile: string): Promise<ProcessIdentity> {
  await rename(logFile, `${logFile}.1`).catch(() => {});
  const output = openSync(logFile, 'a');
  try {
    const child = spawn(launch.program, launch.args, {
      cwd: directory,
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, ...launch.env },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => {
        reject(new StackError('PROGRAM_MISSING', `${launch.program} cannot be run: ${cause.message}`, { cause }));
      });
    });
    child.unref();
    return await identityOf(child.pid ?? 0);
  } finally {
    closeSync(output);
  }
}

/** Of a process that runs. One that has ended already is nobody: `isRunning` is false for ever. */
export async function identityOf(pid: number): Promise<ProcessIdentity> {
  return { pid, startTime: (await startTimeOf(pid)) ?? 'ended' };
}

export async function isRunning({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await startTimeOf(pid)) === startTime;
}

export interface EndOptions {
  /** Default SIGTERM. */
  readonly signal?: NodeJS.Signals;
  /** How long it may take, in milliseconds, before SIGKILL follows. */
  readonly withinMs: number;
}

/**
 * Ends exactly this process, if it still runs, and waits until it is gone.
 *
 * @returns whether it took until SIGKILL
 * @throws StackError SERVICE_NOT_STOPPED
 */
export async function end(
  identity: ProcessIdentity,
  { signal = 'SIGTERM', withinMs }: EndOptions,
): Promise<{ readonly killed: boolean }> {
  if (await endedAfter(identity, signal, withinMs)) return { killed: signal === 'SIGKILL' };
  if (await endedAfter(identity, 'SIGKILL', AFTER_SIGKILL_MS)) return { killed: true };
  throw new StackError('SERVICE_NOT_STOPPED', `process ${identity.pid} goes on after SIGKILL`);
}

async function endedAfter(identity: ProcessIdentity, signal: NodeJS.Signals, withinMs: number): Promise<boolean> {
  if (!(await isRunning(identity))) return true;
  try {
    process.kill(identity.pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return true;
    throw new StackError('SERVICE_NOT_STOPPED', `process ${identity.pid} cannot be stopped: ${String(cause)}`, {
      cause,
    });
  }
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (!(await isRunning(identity))) return true;
    await delay(POLL_MS);
  }
  return false;
}

/** @returns undefined when no such process runs, also when it is a zombie that nobody has waited for */
async function startTimeOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid);
}

async function startTimeFromProc(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    if (state === 'Z' || state === 'X') return undefined;
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

async function startTimeFromPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-p', `${pid}`, '-o', 'stat=,lstart=']);
    const [state = '', ...startTime] = stdout.trim().split(/\s+/);
    return state.startsWith('Z') || startTime.length === 0 ? undefined : startTime.join(' ');
  } catch {
    return undefined;
  }
}
