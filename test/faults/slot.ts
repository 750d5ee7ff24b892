import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../producer/random.js';
import { type Finished, Millrace } from '../integration/millrace.js';
import { type CrashPoint, drawCrashPoint } from './crash-point.js';
import type { Journal } from './journal.js';

const CRASH_POINTS = new URL('./crash-points.mjs', import.meta.url).href;
const MILLRACE_OF_PARTS = fileURLToPath(new URL('./millrace.mjs', import.meta.url));
const WATCH_INTERVAL_MS = 50;
const STOP_WITHIN_MS = 60_000;
const REPORT_WITHIN_MS = 5000;

export interface SlotOptions {
  readonly name: string;
  readonly program?: string;
  readonly args: () => readonly string[];
  /** Which steps its processes may be struck at. */
  readonly steps: Parameters<typeof drawCrashPoint>[1];
  readonly random: Random;
  readonly journal: Journal;
  /** Where its processes' output and reports are kept. */
  readonly directory: string;
  /** Whether a process may end by itself with this on standard error. */
  readonly mayEnd: (stderr: string) => boolean;
  readonly onFailure: (error: Error) => void;
}

/**
 * A place for one process at a time. Most processes are made to strike themselves somewhere in their commit cycle; one
 * that has is replaced, one that is frozen is thawed, after a random time. One that ends in another way fails the run.
 */
export class Slot {
  readonly #options: SlotOptions;
  #running: Millrace | undefined;
  #point: (CrashPoint & { readonly report: string }) | undefined;
  #generation = 0;
  /** Whether its end was asked for from here. */
  #told = false;
  #frozen = false;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** No crash points any more, and what has ended is replaced at once. */
  #quiet = false;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get isFrozen(): boolean {
    return this.#frozen;
  }

  start(): void {
    if (this.#running !== undefined) return;
    const { args, directory, journal, name, program, random, steps } = this.#options;
    const generation = ++this.#generation;
    const point = this.#quiet || random.below(4) === 0 ? undefined : drawCrashPoint(random, steps);
    const report = join(directory, `${name}-${generation}.struck`);
    this.#point = point && { ...point, report };
    this.#told = false;
    this.#frozen = false;
    const running = new Millrace(args(), {
      program: program ?? MILLRACE_OF_PARTS,
      env: {
        NODE_OPTIONS: [
          `--report-on-signal --report-directory=${directory} --report-filename=${name}-${generation}.report.json`,
          ...(point === undefined ? [] : [`--import ${CRASH_POINTS}`]),
        ].join(' '),
        ...(point === undefined
          ? {}
          : { MILLRACE_CRASH_POINT: JSON.stringify({ ...point, report, kafka: steps !== 'embedded' }) }),
      },
    });
    this.#running = running;
    const armed = point === undefined ? '' : `, to be struck ${inWords(point)}`;
    journal.note(`${name}: process ${running.process.pid} starts${armed}`);
    const watch = setInterval(() => this.#watch(running), WATCH_INTERVAL_MS);
    void running.finished.then(async (finished) => {
      clearInterval(watch);
      await writeFile(join(directory, `${name}-${generation}.log`), `${finished.stdout}\n${finished.stderr}`);
      if (this.#running === running) this.#ended(finished);
    });
  }

  startLater(): void {
    this.#later(this.#options.random.below(2000), () => {
      // Once it is quiet, what runs has been started.
      if (!this.#quiet) this.start();
    });
  }

  /** Ends the process as a crash does. Another one comes when it is started. */
  async kill(): Promise<void> {
    this.#clearTimers();
    const running = this.#take();
    if (running === undefined) return;
    this.#options.journal.action('kill -9 from outside', `${this.name}: kill -9`);
    await running.kill('SIGKILL');
  }

  /** Asks the process to stop, which it must do in order. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#told = true;
    if (this.#frozen) this.#thaw(running);
    this.#options.journal.action('stopped by SIGTERM', `${this.name}: SIGTERM`);
    running.process.kill('SIGTERM');
    const finished = await Promise.race([running.finished, delay(STOP_WITHIN_MS, undefined, { ref: false })]);
    if (finished === undefined) {
      this.#options.onFailure(
        new Error(`${this.name} did not stop within ${STOP_WITHIN_MS} ms; see ${await this.report()}`),
      );
      return;
    }
    this.#running = undefined;
    if (this.#hasStruck)
      this.#options.journal.action(`kill -9 at ${this.#point?.step}`, `${this.name}: struck while it stopped`);
    // One that has hardly begun does not know the signal yet.
    else if (finished.code !== 0 && finished.signal !== 'SIGTERM') this.#failed(finished);
  }

  /** Stops the process's clock for a time. */
  freeze(milliseconds: number): void {
    const running = this.#running;
    if (running === undefined || this.#frozen) return;
    this.#options.journal.action('frozen from outside', `${this.name}: SIGSTOP for ${milliseconds} ms`);
    running.process.kill('SIGSTOP');
    this.#frozen = true;
    this.#later(milliseconds, () => this.#thaw(running));
  }

  /** From now on nothing more happens to it by itself. */
  calm(): void {
    this.#quiet = true;
    if (this.#running === undefined) this.start();
  }

  rouse(): void {
    this.#quiet = false;
  }

  /** Has Node write down what the process is doing. @returns the directory */
  async report(): Promise<string> {
    const { directory } = this.#options;
    const running = this.#running;
    if (running !== undefined) {
      running.process.kill('SIGUSR2');
      const file = join(directory, `${this.name}-${this.#generation}.report.json`);
      for (const until = Date.now() + REPORT_WITHIN_MS; !existsSync(file) && Date.now() < until; ) await delay(100);
      await writeFile(join(directory, `${this.name}-${this.#generation}.log`), `${running.stdout}\n${running.stderr}`);
    }
    return directory;
  }

  async close(): Promise<void> {
    this.#clearTimers();
    await this.#take()?.kill('SIGKILL');
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #take(): Millrace | undefined {
    const running = this.#running;
    this.#running = undefined;
    this.#frozen = false;
    return running;
  }

  get #hasStruck(): boolean {
    return this.#point?.signal === 'SIGKILL' && existsSync(this.#point.report);
  }

  #ended(finished: Finished): void {
    if (this.#told) return;
    const { journal, mayEnd } = this.#options;
    this.#running = undefined;
    if (this.#hasStruck && finished.signal === 'SIGKILL' && this.#point !== undefined) {
      journal.action(`kill -9 at ${this.#point.step}`, `${this.name}: killed itself ${inWords(this.#point)}`);
    } else if (mayEnd(finished.stderr)) {
      journal.note(`${this.name}: ended: ${lastLine(finished.stderr)}`);
    } else {
      this.#failed(finished);
      return;
    }
    if (this.#quiet) this.start();
    else this.startLater();
  }

  #failed({ code, signal, stderr }: Finished): void {
    this.#options.onFailure(new Error(`${this.name} ended by itself (${signal ?? code}): ${stderr}`));
  }

  /** Sees whether the process has frozen itself. */
  #watch(running: Millrace): void {
    const { journal, random } = this.#options;
    const point = this.#point;
    if (point?.signal !== 'SIGSTOP' || this.#frozen || this.#running !== running || !existsSync(point.report)) return;
    this.#point = undefined;
    this.#frozen = true;
    // Beyond the session as often as not.
    const milliseconds = 200 + random.below(14_000);
    journal.action(`frozen at ${point.step}`, `${this.name}: froze itself ${inWords(point)}, for ${milliseconds} ms`);
    this.#later(milliseconds, () => this.#thaw(running));
  }

  #thaw(running: Millrace): void {
    if (this.#running !== running || !this.#frozen) return;
    running.process.kill('SIGCONT');
    this.#frozen = false;
    this.#options.journal.note(`${this.name}: SIGCONT`);
  }

  #later(milliseconds: number, what: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, milliseconds);
    this.#timers.add(timer);
  }
}

function inWords({ delayMs, moment, pass, signal, step }: CrashPoint): string {
  const when = moment === 'during' ? `${delayMs} ms into` : moment;
  return `(${signal}) ${when} ${step} number ${pass}`;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
