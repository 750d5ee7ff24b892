/** Wall-clock time moves an idle task's stream time in steps of this, so that an idle application writes little. */
const IDLE_STEP_MS = 1000;

interface Upstream {
  time: number;
  idle: boolean;
}

/** What `serialize` puts beside a committed offset. */
interface Committed {
  readonly streamTime: number;
  readonly upstream?: readonly (readonly [task: number, time: number, idle: boolean])[];
}

/**
 * A task's stream time. It only moves forward.
 *
 * A task that reads source topics has the highest timestamp it has read. One that other tasks feed has the minimum over
 * them, so that no window closes while records for it are still on their way; a feeding task that is idle is left out.
 * When all are idle the wall clock moves stream time on.
 */
export class StreamTime {
  /** The highest timestamp read from source topics; -1 before the first. */
  own = -1;
  current = -1;
  idle = false;
  #readsSources = false;
  #lastArrival: number;
  /** By repartition topic and the task that writes to it. */
  readonly #byTopic = new Map<string, Map<number, Upstream>>();
  readonly #expected = new Map<string, number>();
  readonly #tasks: StreamTime[] = [];

  constructor(readonly now: () => number) {
    this.#lastArrival = now();
  }

  /** The task reads source topics. */
  readsSources(): void {
    this.#readsSources = true;
  }

  /** A task of this process feeds this one. */
  isFedBy(task: StreamTime): void {
    this.#tasks.push(task);
  }

  /** Tasks feed this one by way of a topic. */
  isFedByTopic(topic: string, tasks: number): void {
    this.#expected.set(topic, tasks);
    if (!this.#byTopic.has(topic)) this.#byTopic.set(topic, new Map());
  }

  advance(timestamp: number): void {
    if (timestamp > this.own) this.own = timestamp;
  }

  recordsArrived(): void {
    this.#lastArrival = this.now();
  }

  /** A watermark that was read from a repartition topic. */
  upstream(topic: string, task: number, time: number, idle: boolean): void {
    this.#byTopic.get(topic)?.set(task, { time, idle });
  }

  /** Computes `current`, after the tasks that feed this one have computed theirs. */
  update(idleMs: number): void {
    const inputs = [...this.#inputs(idleMs)];
    const active = inputs.filter((input) => !input.idle);
    this.idle = active.length === 0;
    const time = this.idle
      ? Math.max(...inputs.map((input) => input.time))
      : Math.min(...active.map((input) => input.time));
    if (time > this.current) this.current = time;
  }

  serialize(topic: string): string {
    const upstream = this.#byTopic.get(topic);
    const committed: Committed = upstream
      ? { streamTime: this.own, upstream: [...upstream].map(([task, { time, idle }]) => [task, time, idle] as const) }
      : { streamTime: this.own };
    return JSON.stringify(committed);
  }

  restore(topic: string, serialized: string): void {
    if (serialized === '') return;
    const committed = JSON.parse(serialized) as Committed;
    this.own = Math.max(this.own, committed.streamTime);
    for (const [task, time, idle] of committed.upstream ?? []) this.upstream(topic, task, time, idle);
  }

  *#inputs(idleMs: number): Generator<Upstream> {
    if (this.#readsSources) {
      const silentMs = this.now() - this.#lastArrival;
      const idle = silentMs >= idleMs;
      const advanceMs = idle ? Math.floor(silentMs / IDLE_STEP_MS) * IDLE_STEP_MS : 0;
      yield { time: this.own < 0 ? -1 : this.own + advanceMs, idle };
    }
    for (const task of this.#tasks) yield { time: task.current, idle: task.idle };
    for (const [topic, tasks] of this.#byTopic) {
      for (let task = 0; task < (this.#expected.get(topic) ?? 0); task++) {
        yield tasks.get(task) ?? { time: -1, idle: false };
      }
    }
  }
}
