import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '@duckdb/node-api';
import { LakeError } from '../lake-error.js';
import { forkApart } from '../query/apart.js';
import type { LinesReport, LinesRequest } from './lines-process.js';
import type { LinesAnswer, LinesQuestion } from './lines-question.js';

const PROGRAM = fileURLToPath(new URL('lines-process.js', import.meta.url));
/** How long a process may take to leave a question that is not wanted any more. */
const STOP_MS = 1_000;

export interface LakeLinesOptions {
  /** A process that was asked nothing for so long is ended. Default 300,000 ms. */
  readonly idleMs?: number;
  /** Processes that wait for the next question. Default 2. */
  readonly keep?: number;
  /** Of a process. Default 1 GiB. */
  readonly memoryLimitBytes?: number;
  /** Of a process. Default 2. */
  readonly threads?: number;
  /** What the process runs, where it is not built beside this file. */
  readonly program?: string;
}

export interface AskOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * Searches the lines of a table. A process of its own does so, as for queries; it is kept for the next question, for to start
 * one, load DuckDB and read the table's log takes longer than most answers.
 */
export class LakeLines {
  readonly #directory: string;
  readonly #options: Required<LakeLinesOptions>;
  readonly #idle: LinesWorker[] = [];
  readonly #busy = new Set<LinesWorker>();

  /** @param directory the table's */
  constructor(directory: string, options: LakeLinesOptions = {}) {
    this.#directory = directory;
    this.#options = { idleMs: 300_000, keep: 2, memoryLimitBytes: 2 ** 30, threads: 2, program: PROGRAM, ...options };
  }

  /** Whether there is a table by now. */
  get hasTable(): boolean {
    return existsSync(join(this.#directory, '_delta_log'));
  }

  /** @throws LakeError NO_TABLE, QUERY_REFUSED, QUERY_FAILED, QUERY_LIMIT */
  async ask(question: LinesQuestion, options: AskOptions): Promise<LinesAnswer> {
    if (options.signal.aborted) throw new LakeError('QUERY_FAILED', 'the search was interrupted');
    const worker = this.#waiting() ?? this.#start();
    this.#busy.add(worker);
    try {
      return await worker.ask(question, options);
    } finally {
      void worker.isFree.then(() => this.#giveBack(worker));
    }
  }

  /** Ends its processes, and what they are asked. */
  close(): void {
    for (const worker of [...this.#idle.splice(0), ...this.#busy]) worker.end();
  }

  /** One that was killed while it waited is none. */
  #waiting(): LinesWorker | undefined {
    for (let worker = this.#idle.pop(); worker !== undefined; worker = this.#idle.pop()) {
      if (!worker.hasEnded) return worker;
    }
    return undefined;
  }

  #start(): LinesWorker {
    const { memoryLimitBytes, program, threads } = this.#options;
    return new LinesWorker(program, { kind: 'open', directory: this.#directory, memoryLimitBytes, threads });
  }

  #giveBack(worker: LinesWorker): void {
    this.#busy.delete(worker);
    if (worker.hasEnded) return;
    if (this.#idle.length >= this.#options.keep) {
      worker.end();
      return;
    }
    this.#idle.push(worker);
    worker.onIdle(this.#options.idleMs, () => {
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
      worker.end();
    });
  }
}

interface Pending {
  readonly id: number;
  readonly rows: (readonly Json[])[];
  readonly resolve: (answer: LinesAnswer) => void;
  readonly reject: (error: LakeError) => void;
}

/** One process; it is asked one question at a time. */
class LinesWorker {
  readonly #child: ChildProcess;
  #pending: Pending | undefined;
  #asked = 0;
  #timer: NodeJS.Timeout | undefined;
  #freed: () => void = () => {};
  hasEnded = false;
  /** Resolves when the process has left the last question. */
  isFree: Promise<void> = Promise.resolve();

  constructor(program: string, task: LinesRequest) {
    this.#child = forkApart(program);
    this.#child.on('message', (report: LinesReport) => this.#take(report));
    this.#child.on('error', (cause) => this.#gone(`no process for the search: ${cause.message}`));
    this.#child.on('exit', (code, killedBy) => {
      this.#gone(`the process of the search has ended (${killedBy ?? `code ${code}`})`);
    });
    // It holds nothing up that ends.
    this.#child.unref();
    this.#child.channel?.unref();
    this.#send(task);
  }

  async ask(question: LinesQuestion, { signal, timeoutMs }: AskOptions): Promise<LinesAnswer> {
    clearTimeout(this.#timer);
    const id = ++this.#asked;
    this.isFree = new Promise((resolve) => {
      this.#freed = resolve;
    });
    const leave = (error: LakeError) => {
      this.#pending?.reject(error);
      this.#send({ kind: 'stop', id });
      this.#timer = setTimeout(() => this.end(), STOP_MS);
    };
    const late = setTimeout(() => {
      leave(new LakeError('QUERY_LIMIT', `the search took longer than ${timeoutMs / 1000} s, and was ended`));
    }, timeoutMs);
    const abort = () => leave(new LakeError('QUERY_FAILED', 'the search was interrupted'));
    this.#child.channel?.ref();
    try {
      return await new Promise((resolve, reject) => {
        this.#pending = { id, rows: [], resolve, reject };
        if (this.hasEnded) this.#gone('the process of the search has ended');
        else this.#send({ kind: 'ask', id, question });
        signal.addEventListener('abort', abort, { once: true });
      });
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', abort);
    }
  }

  onIdle(ms: number, end: () => void): void {
    this.#timer = setTimeout(end, ms);
    this.#timer.unref();
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }

  #send(request: LinesRequest): void {
    this.#child.send(request, () => {});
  }

  #take(report: LinesReport): void {
    const pending = this.#pending;
    if (pending === undefined || pending.id !== report.id) return;
    if (report.kind === 'rows') {
      for (const row of report.rows) pending.rows.push(row);
      return;
    }
    if (report.kind === 'done') pending.resolve({ rows: pending.rows, stored: report.stored });
    else pending.reject(new LakeError(report.code, report.message));
    this.#free();
  }

  #gone(why: string): void {
    this.hasEnded = true;
    this.#pending?.reject(new LakeError('QUERY_FAILED', why));
    this.#free();
  }

  #free(): void {
    this.#pending = undefined;
    clearTimeout(this.#timer);
    this.#child.channel?.unref();
    this.#freed();
  }
}
