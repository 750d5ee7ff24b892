import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { Log, LogConsumer, RecordCursor } from '../log/log.js';
import { SerdePendingError } from '../serde/serde.js';
import type { CommitCycle } from './commit-cycle.js';
import type { Task } from './task/task.js';
import type { TaskManager } from './task/task-manager.js';
import { inSpan, type StreamsTracer } from './tracing.js';

/** Hands what is polled to the tasks that read it, and lets them process it. */
export class RecordLoop {
  readonly #log: Log;
  readonly #consumer: LogConsumer;
  readonly #tasks: TaskManager;
  readonly #commits: CommitCycle;
  readonly #tracer: StreamsTracer | undefined;

  constructor(log: Log, consumer: LogConsumer, tasks: TaskManager, commits: CommitCycle, tracer?: StreamsTracer) {
    this.#tracer = tracer;
    this.#log = log;
    this.#consumer = consumer;
    this.#tasks = tasks;
    this.#commits = commits;
  }

  /**
   * Polls once, and lets the tasks process what came and what they have had.
   *
   * @returns how many batches came
   */
  async runOnce(maxWaitMs: number): Promise<number> {
    const polledAt = performance.now();
    const batches = await this.poll(maxWaitMs);
    const waitedMs = performance.now() - polledAt;
    this.#commits.waited(batches === 0 ? Number.POSITIVE_INFINITY : waitedMs);
    if (this.#tracer === undefined || batches === 0) await this.#runAll();
    else {
      const attributes = { 'millrace.batches': batches };
      // A poll that brought nothing is no news.
      this.#tracer.startSpan('poll', { attributes, startTime: Date.now() - waitedMs }).end();
      await inSpan(this.#tracer, 'process', attributes, () => this.#runAll());
    }
    this.#pauseBuffered();
    if (batches > 0) {
      this.#commits.hasWork();
      // Polling an embedded log can resolve at once: let timers, signals and sockets have their turn.
      await yieldToEventLoop();
    }
    return batches;
  }

  async #runAll(): Promise<void> {
    for (const task of this.#tasks.all) await this.run(task);
  }

  /** @returns how many batches came */
  async poll(maxWaitMs: number): Promise<number> {
    const cursors = await this.#consumer.poll(maxWaitMs);
    for (const cursor of cursors) {
      if (cursor.gap !== undefined) warnOfGap(cursor);
      this.#tasks.reading(cursor)?.inputs.add(cursor);
    }
    return cursors.length;
  }

  /** Lets the task process what it can, and its punctuators what is due. */
  async run(task: Task): Promise<void> {
    const more = await this.#topicsWithMore(task);
    for (;;) {
      try {
        const done = task.run(more && ((topic) => more.has(topic)));
        if (task.punctuationIsDue) {
          await task.punctuate();
          this.#commits.hasWork();
        }
        if (done) return;
      } catch (error) {
        if (!(error instanceof SerdePendingError)) throw error;
        await error.ready;
      }
    }
  }

  /** A partition whose records wait for those of another input is not read ahead. */
  #pauseBuffered(): void {
    for (const { task, topicPartition } of this.#tasks.positions) {
      if (task.inputs.topics.length < 2) continue;
      if (task.inputs.buffered.includes(topicPartition.topic)) this.#consumer.pause(topicPartition);
      else this.#consumer.resume(topicPartition);
    }
  }

  /** The task's topics that hold records it has not been given; undefined where that makes no difference. */
  async #topicsWithMore(task: Task): Promise<ReadonlySet<string> | undefined> {
    if (!task.inputs.askForMore) return undefined;
    const topics = new Set<string>();
    for (const topic of task.inputs.topics) {
      const end = await this.#log.endOffset({ topic, partition: task.partition });
      if (end > task.inputs.fetchedTo(topic)) topics.add(topic);
    }
    return topics;
  }
}

/** Nothing can be done about it, and it is not to go by unseen. */
function warnOfGap({ gap, nextOffset, offset, partition, topic }: RecordCursor): void {
  const how = gap === 'lost' ? 'were lost with a damaged file' : 'were deleted before they were read';
  process.emitWarning(
    `${topic}-${partition}: offsets ${offset + 1} to ${nextOffset - 1} ${how}; going on at ${nextOffset}`,
  );
}
