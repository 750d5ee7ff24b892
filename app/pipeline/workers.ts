import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newMetrics, type StandbyTask, type StreamsMetrics, type StreamsState } from '@millrace/streams';
import type { Limits } from '../../topology/live-limits.js';
import type { Notify } from '../notice.js';
import type { Pipeline } from './pipeline.js';
import type { WorkerOrder, WorkerProgress, WorkerReport, WorkerTask } from './worker.js';
import { failureOf } from './worker-failure.js';

const PROGRAM = fileURLToPath(new URL('worker.js', import.meta.url));
const RESTART_DELAY_MS = 500;

interface Worker {
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
  progress: WorkerProgress;
}

/** Runs a pipeline in several processes; one that is killed is started again. */
export class Workers implements Pipeline {
  #task: WorkerTask;
  readonly #onFailure: () => void;
  readonly #onNotice: Notify;
  readonly #workers = new Set<Worker>();
  /** What processes that have ended had done. */
  #before = newMetrics();
  #failure: Error | undefined;
  #closing = false;

  constructor(
    task: WorkerTask,
    processes: number,
    { onFailure, onNotice }: { readonly onFailure: () => void; readonly onNotice: Notify },
  ) {
    this.#task = task;
    this.#onFailure = onFailure;
    this.#onNotice = onNotice;
    for (let i = 0; i < processes; i++) this.#start();
  }

  get state(): StreamsState {
    if (this.#failure !== undefined) return 'ERROR';
    if (this.#closing) return this.#workers.size === 0 ? 'NOT_RUNNING' : 'PENDING_SHUTDOWN';
    const states = [...this.#workers].map(({ progress }) => progress.state);
    return states.includes('RUNNING') ? 'RUNNING' : (states[0] ?? 'CREATED');
  }

  get metrics(): Readonly<StreamsMetrics> {
    return [...this.#workers].map(({ progress }) => progress.metrics).reduce(sum, this.#before);
  }

  async lag(): Promise<number> {
    return [...this.#workers].reduce((total, { progress }) => total + progress.lag, 0);
  }

  async standbyTasks(): Promise<readonly StandbyTask[]> {
    return [...this.#workers].flatMap(({ progress }) => progress.standbys);
  }

  drain(): Promise<void> {
    throw new Error('a pipeline of several processes is not drained');
  }

  /** Judged by from now on, also by processes that are started later. */
  useLimits(limits: Limits): void {
    this.#task = { ...this.#task, limits };
    for (const { process } of this.#workers) tell(process, { limits });
  }

  async close(): Promise<void> {
    this.#closing = true;
    const ended = [...this.#workers].map(({ process, ended }) => {
      tell(process, 'close');
      return ended;
    });
    await Promise.all(ended);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #start(): void {
    const child = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    let failed = false;
    const worker: Worker = {
      process: child,
      progress: { state: 'CREATED', metrics: newMetrics(), lag: 0, standbys: [] },
      ended: new Promise((resolve) => {
        child.on('exit', (code, signal) => {
          this.#workers.delete(worker);
          this.#before = sum(this.#before, worker.progress.metrics);
          resolve();
          if (!this.#closing && !failed) void this.#startAgain(child.pid, signal ?? `code ${code}`);
        });
      }),
    };
    child.on('message', (report: WorkerReport) => {
      if (report.kind === 'progress') worker.progress = report;
      else if (report.kind === 'notice') this.#onNotice(report.notice);
      else {
        failed = true;
        this.#failure = failureOf(report.failure);
        this.#onFailure();
      }
    });
    // A child that dies at once breaks the channel.
    child.on('error', () => {});
    child.send(this.#task, () => {});
    this.#workers.add(worker);
  }

  async #startAgain(pid: number | undefined, why: string): Promise<void> {
    this.#onNotice({ kind: 'worker-ended', pid, why });
    await delay(RESTART_DELAY_MS);
    if (!this.#closing) this.#start();
  }
}

function tell(child: ChildProcess, order: WorkerOrder): void {
  if (child.connected) child.send(order, () => {});
}

function sum(a: StreamsMetrics, b: StreamsMetrics): StreamsMetrics {
  const late = copyOf(a.late);
  for (const [node, other] of Object.entries(b.late)) {
    const known = late[node];
    late[node] = known
      ? {
          records: known.records + other.records,
          dropped: known.dropped + other.dropped,
          maxLatenessMs: Math.max(known.maxLatenessMs, other.maxLatenessMs),
          graceNeededMs: Math.max(known.graceNeededMs, other.graceNeededMs),
        }
      : other;
  }
  const skipped = copyOf(a.skipped);
  for (const [node, reasons] of Object.entries(b.skipped)) skipped[node] = sumOf(skipped[node] ?? {}, reasons);
  const total = { ...a, late, skipped, counted: sumOf(a.counted, b.counted) };
  for (const name of Object.keys(a) as (keyof StreamsMetrics)[]) {
    if (name !== 'late' && name !== 'skipped' && name !== 'counted') total[name] = a[name] + b[name];
  }
  return total;
}

function sumOf(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const total = copyOf(a);
  for (const [name, count] of Object.entries(b)) total[name] = (total[name] ?? 0) + count;
  return total;
}

/** With no prototype: names are anybody's, and "constructor" is no more special than another. */
function copyOf<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.assign(Object.create(null), record) as Record<string, Value>;
}
