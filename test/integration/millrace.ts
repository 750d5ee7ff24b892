import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface MillraceOptions {
  readonly stdin?: string | Buffer;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program of a test's own instead. */
  readonly program?: string;
}

/** The `millrace` program, as a process of its own. */
export class Millrace {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], options: MillraceOptions = {}) {
    this.process = spawn(process.execPath, [options.program ?? PROGRAM, ...args], {
      stdio: 'pipe',
      // What a test reads has no colours, whatever its own output has.
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...options.env },
    });
    this.process.stdout?.on('data', (data: Buffer) => {
      this.stdout += data.toString();
    });
    this.process.stderr?.on('data', (data: Buffer) => {
      this.stderr += data.toString();
    });
    // A process that ends before it has read its input breaks the pipe.
    this.process.stdin?.on('error', () => {});
    this.process.stdin?.end(options.stdin);
    this.finished = new Promise((resolve) => {
      this.process.on('close', (code, signal) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  kill(signal: NodeJS.Signals): Promise<Finished> {
    this.process.kill(signal);
    return this.finished;
  }
}

export function millrace(args: readonly string[], options?: MillraceOptions): Promise<Finished> {
  return new Millrace(args, options).finished;
}

export async function temporaryDirectory(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** The JSON lines that a consume has printed. */
export function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
