/** Wall-clock time moves an idle task's stream time in steps of this, so that an idle application writes little. */
const IDLE_STEP_MS = 1000;

/**
 * Whether records are awaited from an input, or from what feeds it.
 *
 * - `none`: they are.
 * - `at-end`: it has been silent for a moment, and its log holds no more. It holds back windows, but only so far.
 * - `idle`: it has been silent for the idle time. It does not hold back windows.
 */
export type Absence = 'none' | 'at-end' | 'idle';

export interface Upstream {
  readonly time: number;
  readonly absence: Absence;
}

/** When what is silent no longer holds back windows. */
export interface TimeLimits {
  /** A source that has been silent for this long is idle; may be Infinity. */
  readonly idleMs: number;
  /** A source that has been silent for this long, and whose log holds no more, is at its end. */
  readonly endSilenceMs: number;
  /** How far, in event time, others may be ahead of an input that is at its end before it is left out; may be Infinity. */
  readonly maxHoldBackMs: number;
}

/** What `serialize` puts beside a committed offset. */
interface Committed {
  readonly streamTime: number;
  readonly current?: number;
  /** See `StreamTime#mayBeBehind`. */
  readonly mayBeBehind?: boolean;
  readonly upstream?: readonly (readonly [task: number, time: number, absence: Absence | boolean])[];
}

/** One partition of a source topic. */
export class SourceTime {
  /** The highest timestamp read; -1 before the first. */
  time = -1;
  isAtEnd = false;

  constructor(
    readonly topic: string,
    public lastArrivalMs: number,
  ) {}
}

/**
 * A task's stream time. It only moves forward.
 *
 * A source partition's time is the highest timestamp that was read of it; a task's is the minimum over its source
 * partitions and the tasks that feed it, so that no window closes while records for it are still on their way. Left out
 * are inputs that are idle, and those at the end of their log that have never had a record or that the others are far
 * ahead of. When all are idle the wall clock moves stream time on.
 */
export class StreamTime {
  /** The highest timestamp read from source topics; -1 before the first. */
  own = -1;
  current = -1;
  absence: Absence = 'none';
  /**
   * The tasks that this one feeds have been told that it is absent, and may have closed windows since that its next
   * records are for.
   */
  mayBeBehind = false;
  readonly #monotonicMs: () => number;
  readonly #sources: SourceTime[] = [];
  /** By repartition topic and the task that writes to it. */
  readonly #byTopic = new Map<string, Map<number, Upstream>>();
  readonly #expected = new Map<string, number>();
  readonly #tasks: StreamTime[] = [];

  /** @param monotonicMs a clock that is never set back */
  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** The task reads its partition of the topic. */
  reads(topic: string): SourceTime {
    const source = new SourceTime(topic, this.#monotonicMs());
    this.#sources.push(source);
    return source;
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

  advance(source: SourceTime, timestamp: number): void {
    if (timestamp <= source.time) return;
    source.time = timestamp;
    if (timestamp > this.own) this.own = timestamp;
  }

  recordsArrived(source: SourceTime): void {
    source.lastArrivalMs = this.#monotonicMs();
    source.isAtEnd = false;
  }

  /** Sources that have been silent for so long that they are at their end, if their logs hold no more. */
  silent({ endSilenceMs }: TimeLimits): SourceTime[] {
    const now = this.#monotonicMs();
    return this.#sources.filter(({ lastArrivalMs }) => now - lastArrivalMs >= endSilenceMs);
  }

  /** A watermark that was read from a repartition topic. */
  upstream(topic: string, task: number, time: number, absence: Absence): void {
    this.#byTopic.get(topic)?.set(task, { time, absence });
  }

  /** Computes `current`, after the tasks that feed this one have computed theirs. */
  update(limits: TimeLimits): void {
    const inputs = [...this.#inputs(limits.idleMs)];
    const awaited = inputs.filter(({ absence }) => absence !== 'idle');
    const furthest = Math.max(...awaited.map(({ time }) => time));
    const active = awaited.filter(
      ({ absence, time }) => absence === 'none' || (time >= 0 && time >= furthest - limits.maxHoldBackMs),
    );
    if (awaited.length === 0) this.absence = 'idle';
    else this.absence = awaited.every(({ absence }) => absence === 'at-end') ? 'at-end' : 'none';
    const time =
      active.length === 0
        ? Math.max(...inputs.map((input) => input.time))
        : Math.min(...active.map(({ time }) => time));
    if (time > this.current) this.current = time;
  }

  serialize(topic: string): string {
    const upstream = this.#byTopic.get(topic);
    const source = this.#sources.find((candidate) => candidate.topic === topic);
    const committed: Committed = {
      streamTime: source?.time ?? this.own,
      current: this.current,
      ...(this.mayBeBehind && { mayBeBehind: true }),
      ...(upstream && { upstream: [...upstream].map(([task, { time, absence }]) => [task, time, absence] as const) }),
    };
    return JSON.stringify(committed);
  }

  restore(topic: string, serialized: string): void {
    if (serialized === '') return;
    const committed = JSON.parse(serialized) as Committed;
    const source = this.#sources.find((candidate) => candidate.topic === topic);
    if (source !== undefined) this.advance(source, committed.streamTime);
    this.current = Math.max(this.current, committed.current ?? -1);
    this.mayBeBehind ||= committed.mayBeBehind ?? false;
    for (const [task, time, absence] of committed.upstream ?? []) {
      // There were two states once.
      this.upstream(topic, task, time, typeof absence === 'string' ? absence : absence ? 'idle' : 'none');
    }
  }

  *#inputs(idleMs: number): Generator<Upstream> {
    const now = this.#monotonicMs();
    for (const { isAtEnd, lastArrivalMs, time } of this.#sources) {
      const silentMs = now - lastArrivalMs;
      if (silentMs < idleMs) yield { time, absence: isAtEnd ? 'at-end' : 'none' };
      else {
        const advanceMs = Math.floor(silentMs / IDLE_STEP_MS) * IDLE_STEP_MS;
        yield { time: time < 0 ? -1 : time + advanceMs, absence: 'idle' };
      }
    }
    for (const task of this.#tasks) yield { time: task.current, absence: task.absence };
    for (const [topic, tasks] of this.#byTopic) {
      for (let task = 0; task < (this.#expected.get(topic) ?? 0); task++) {
        yield tasks.get(task) ?? { time: -1, absence: 'none' };
      }
    }
  }
}

/** What a commit said of the time of the task that made it. */
export function committedTime(serialized: string): number {
  return serialized === '' ? -1 : ((JSON.parse(serialized) as Committed).current ?? -1);
}
