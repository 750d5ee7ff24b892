import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '@millrace/streams';
import type { Launch } from '../../stack/processes.js';
import type { Broker, Offsets } from './broker.js';
import type { Setup, Start } from './peer.js';
import { bytesSentBy, cpuSecondsOf, ProcessTree } from './process-tree.js';
import { type Written, WrittenTopics } from './written-topics.js';

const TICK_MS = 100;
const FIND_EVERY_TICKS = 5;
/** How often the broker is asked before it has begun to send: its answers to this program are not to be taken for that. */
const FIRST_LOOK_EVERY_TICKS = 20;
/** A peer is done when nothing has moved for so long after it has ended or, where it does not end, has read everything. */
const STILL_MS = 3000;
const STOP_WITHIN_MS = 30_000;
/** Less than a broker sends at once to a consumer that is behind, and more than it sends and writes beside in a start. */
const FIRST_READ_BYTES = 256 * 1024;
/** In a row. For so long a run's end would not be noticed. */
const MAX_FAILED_LOOKS = 20;
const SHOWN_LINES = 15;

export interface Figures {
  /** From the start of the process to the last result, or the last progress, that the broker was told of. */
  readonly seconds: number;
  /** The same from the moment when the broker began to send the raw topic. */
  readonly processingSeconds: number;
  /** Of the peer's processes, to the same end. */
  readonly cpuSeconds: number;
  readonly brokerCpuSeconds: number;
  /** The most memory that each process has held, added up. */
  readonly peakBytes: number;
  /** What they have written to files. */
  readonly filesBytes: number;
  readonly changelog: Written;
  readonly repartition: Written;
  readonly results: Written;
}

/** What a run takes place on. */
export interface Surroundings {
  readonly broker: Broker;
  readonly brokerPid: number;
  readonly brokerData: string;
  readonly rawTopic: string;
  readonly resultTopics: readonly string[];
  /** Topics that were there before. */
  readonly otherTopics: ReadonlySet<string>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A peer could not do what it was started for; the message has its last words. */
export class RunError extends MillraceError<'PEER_FAILED'> {
  constructor(message: string) {
    super('PEER_FAILED', message);
  }
}

interface Moment {
  readonly at: number;
  readonly cpuSeconds: number;
  readonly brokerCpuSeconds: number;
}

/** One peer at work on the raw topic, watched from outside, in the same way for all. */
export class MeasuredRun {
  readonly #around: Surroundings;
  readonly #setup: Setup;
  readonly #application: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #logFile: string;
  readonly #processes: ProcessTree;
  readonly #written: WrittenTopics;
  readonly #startedAt = performance.now();
  readonly #brokerCpuBefore: number;
  readonly #brokerSentBefore: number;
  #progress = '';
  #offsets = '';
  #committed: Offsets = new Map();
  #failedLooks = 0;
  #firstReadAt: number | undefined;
  #lastProgress: Moment;
  #movedAt = performance.now();

  private constructor(setup: Setup, start: Start, around: Surroundings) {
    this.#around = around;
    this.#setup = setup;
    this.#application = start.application;
    this.#written = new WrittenTopics(around.brokerData);
    this.#brokerCpuBefore = cpuSecondsOf(around.brokerPid);
    this.#brokerSentBefore = bytesSentBy(around.brokerPid);
    this.#logFile = join(start.directory, 'peer.log');
    this.#child = startLogged(setup.launch(start), start.directory, this.#logFile);
    this.#ended = once(this.#child, 'exit');
    this.#processes = new ProcessTree(this.#child.pid ?? 0);
    this.#lastProgress = { at: this.#startedAt, cpuSeconds: 0, brokerCpuSeconds: 0 };
  }

  /** Runs the peer over the raw topic, to its end. @throws RunError */
  static async of(setup: Setup, start: Start, around: Surroundings): Promise<Figures> {
    const run = new MeasuredRun(setup, start, around);
    try {
      await run.#watch();
      await run.#stop();
      return run.#figures();
    } finally {
      await run.#stop();
      run.#written.close();
    }
  }

  async #watch(): Promise<void> {
    const { broker, rawTopic, signal, timeoutMs } = this.#around;
    const rawEnds = await broker.ends(new Map([[rawTopic, (await broker.topics()).get(rawTopic) ?? 0]]));
    let doneAt: number | undefined;
    for (let tick = 0; ; tick++) {
      signal.throwIfAborted();
      const hasEnded = this.#hasEnded;
      if (hasEnded) await this.#requireGoodEnd();
      if (tick % FIND_EVERY_TICKS === 0) this.#processes.findDescendants();
      this.#processes.sample();
      if (this.#firstReadAt === undefined && this.#brokerSent > FIRST_READ_BYTES) this.#firstReadAt = performance.now();
      if (this.#firstReadAt !== undefined || hasEnded || tick % FIRST_LOOK_EVERY_TICKS === 0) await this.#look(tick);
      // The last of a partition's offsets is the mark of the transaction that wrote its records.
      const hasReadAll = [...rawEnds].every(([id, end]) => end === 0 || (this.#committed.get(id) ?? 0) >= end - 1);
      const now = performance.now();
      if (doneAt === undefined && (this.#setup.ends ? hasEnded : hasReadAll)) doneAt = now;
      // Results of a transaction can be read a moment after it was committed.
      if (doneAt !== undefined && now - Math.max(doneAt, this.#movedAt) > STILL_MS) break;
      if (now - this.#startedAt > timeoutMs) await this.#fail(`is not done after ${timeoutMs / 1000} s`);
      await (hasEnded ? delay(TICK_MS) : Promise.race([delay(TICK_MS), this.#ended]));
    }
    if (this.#lastProgress.at === this.#startedAt) await this.#fail('has sent no results');
  }

  async #requireGoodEnd(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0) await this.#fail(`has ended with ${signalCode ?? `code ${exitCode}`}`);
    if (!this.#setup.ends) await this.#fail('has ended, and should go on');
  }

  /** Asks the broker how far the peer is. */
  async #look(tick: number): Promise<void> {
    const { broker, otherTopics, resultTopics } = this.#around;
    const topics = new Map([...(await broker.topics())].filter(([topic]) => !otherTopics.has(topic)));
    // What came last may be in a segment that has just been made.
    if (tick % FIND_EVERY_TICKS === 0 || this.#hasEnded) this.#written.findSegments(topics.keys());
    let ends: Offsets;
    try {
      [ends, this.#committed] = await Promise.all([broker.ends(topics), broker.committed(this.#application)]);
      this.#failedLooks = 0;
    } catch (error) {
      // A topic that is just being made has no leader yet.
      if (++this.#failedLooks > MAX_FAILED_LOOKS) await this.#fail(`cannot be watched: ${(error as Error).message}`);
      return;
    }
    const committed = this.#committed;
    const results = [...ends].filter(([id]) => resultTopics.some((topic) => id.startsWith(`${topic}-`)));
    const progress = JSON.stringify([results, [...committed].sort()]);
    if (progress !== this.#progress) {
      // What is there before anything has been done is no progress.
      if (results.some(([, end]) => end > 0) || committed.size > 0) this.#lastProgress = this.#moment();
      this.#progress = progress;
    }
    const offsets = JSON.stringify([progress, ...ends]);
    if (offsets !== this.#offsets) {
      this.#offsets = offsets;
      this.#movedAt = performance.now();
    }
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get #brokerSent(): number {
    return bytesSentBy(this.#around.brokerPid) - this.#brokerSentBefore;
  }

  #moment(): Moment {
    return {
      at: performance.now(),
      cpuSeconds: this.#processes.usage.cpuSeconds,
      brokerCpuSeconds: cpuSecondsOf(this.#around.brokerPid) - this.#brokerCpuBefore,
    };
  }

  #figures(): Figures {
    const { at, brokerCpuSeconds, cpuSeconds } = this.#lastProgress;
    const { resultTopics } = this.#around;
    const { filesBytes, peakBytes } = this.#processes.usage;
    return {
      seconds: (at - this.#startedAt) / 1000,
      processingSeconds: (at - (this.#firstReadAt ?? this.#startedAt)) / 1000,
      cpuSeconds,
      brokerCpuSeconds,
      peakBytes,
      filesBytes,
      changelog: this.#written.total((topic) => topic.endsWith('-changelog')),
      repartition: this.#written.total((topic) => topic.endsWith('-repartition')),
      results: this.#written.total((topic) => resultTopics.includes(topic)),
    };
  }

  async #stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill('SIGTERM');
    await Promise.race([this.#ended, delay(STOP_WITHIN_MS)]);
    if (this.#hasEnded) return;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async #fail(why: string): Promise<never> {
    const log = (await readFile(this.#logFile, 'utf8')).trimEnd().split('\n').slice(-SHOWN_LINES);
    throw new RunError([`${this.#setup.peer}, ${this.#setup.name}, ${why}:`, ...log].join('\n'));
  }
}

/** Runs a program to its end. @throws RunError */
export async function runToEnd(launch: Launch, directory: string): Promise<void> {
  const child = startLogged(launch, directory, join(directory, 'peer.log'));
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new RunError(`${launch.program} ${launch.args.join(' ')} has ended with ${code}`);
}

function startLogged(launch: Launch, directory: string, logFile: string): ChildProcess {
  const log = createWriteStream(logFile, { flags: 'a' });
  const child = spawn(launch.program, launch.args, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production', ...launch.env },
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.once('close', () => log.end());
  return child;
}
