import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';

const STOP_WITHIN_MS = 30_000;

/** All that run, so that none outlives a test that fails. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A Java program that lives no longer than the test. */
export class JavaProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;
  #hasEnded = false;

  constructor(args: readonly string[], logFile: string, env: Readonly<Record<string, string>> = {}) {
    const child = spawn('java', args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child = child;
    running.add(child);
    const log = createWriteStream(logFile, { flags: 'a' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    this.ended = new Promise((resolve) => {
      child.on('close', () => {
        running.delete(child);
        this.#hasEnded = true;
        log.end(resolve);
      });
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it, by force if it does not end by itself. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.ended;
    clearTimeout(timer);
  }
}
