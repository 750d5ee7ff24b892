/** Wall-clock time moves an idle task's watermark in steps of this, so that an idle application writes little. */
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

/** What `serialize` puts beside a committed offset. The names are those of commits that logs hold. */
interface Committed {
  /** The partition's time. */
  readonly streamTime: number;
  /** The task's watermark. */
  readonly current?: number;
  /** See `TaskTime#mayBeBehind`. */
  readonly mayBeBehind?: boolean;
  readonly upstream?: readonly (readonly [task: number, time: number, absence: Absence | boolean])[];
}

/** One partition of a source topic. */
export class PartitionTime {
  /** The highest timestamp read; -1 before the first. */
  time = -1;
  isAtEnd = false;

  constructor(
    readonly topic: string,
    public lastArrivalMs: number,
  ) {}
}

/**
 * The times of a task's source partitions, and its watermark. Both only move forward.
 *
 * A partition's time is the highest timestamp that was read from it; the watermark is the minimum over these and over the
 * watermarks of the tasks that feed this one, so that no window closes while records for it are still on their way. Left
 * out are inputs that are idle, and those at the end of their log that have never had a record or that the others are far
 * ahead of. When all are idle the wall clock moves the watermark on.
 */
export class TaskTime {
  /** The highest timestamp read from source topics; -1 before the first. */
  highest = -1;
  /**
   * Up to where nothing is awaited any more: the minimum over the source partitions and the watermarks of the tasks that
   * feed this one. -1 before the first record.
   */
  watermark = -1;
  absence: Absence = 'none';
  /**
   * The tasks that this one feeds have been told that it is absent, and may have closed windows since that its next
   * records are for.
   */
  mayBeBehind = false;
  readonly #monotonicMs: () => number;
  readonly #sources: PartitionTime[] = [];
  /** By repartition topic and the task that writes to it. */
  readonly #byTopic = new Map<string, Map<number, Upstream>>();
  readonly #expected = new Map<string, number>();
  readonly #tasks: TaskTime[] = [];

  /** @param monotonicMs a clock that is never set back */
  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** The task reads its partition of the topic. */
  reads(topic: string): PartitionTime {
    const source = new PartitionTime(topic, this.#monotonicMs());
    this.#sources.push(source);
    return source;
  }

  /** A task of this process feeds this one. */
  isFedBy(task: TaskTime): void {
    this.#tasks.push(task);
  }

  /** Tasks feed this one by way of a topic. */
  isFedByTopic(topic: string, tasks: number): void {
    this.#expected.set(topic, tasks);
    if (!this.#byTopic.has(topic)) this.#byTopic.set(topic, new Map());
  }

  advance(source: PartitionTime, timestamp: number): void {
    if (timestamp <= source.time) return;
    source.time = timestamp;
    if (timestamp > this.highest) this.highest = timestamp;
  }

  recordsArrived(source: PartitionTime): void {
    source.lastArrivalMs = this.#monotonicMs();
    source.isAtEnd = false;
  }

  /** Sources that have been silent for so long that they are at their end, if their logs hold no more. */
  silent({ endSilenceMs }: TimeLimits): PartitionTime[] {
    const now = this.#monotonicMs();
    return this.#sources.filter(({ lastArrivalMs }) => now - lastArrivalMs >= endSilenceMs);
  }

  /** A watermark that was read from a repartition topic. */
  upstream(topic: string, task: number, time: number, absence: Absence): void {
    this.#byTopic.get(topic)?.set(task, { time, absence });
  }

  /** Computes the watermark, after the tasks that feed this one have computed theirs. */
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
    if (time > this.watermark) this.watermark = time;
  }

  /** The source topics, and whether feeding tasks, that the watermark waits for while others are ahead of it. */
  holdingBack(limits: TimeLimits): { readonly topics: readonly string[]; readonly upstream: boolean } {
    const awaited = [...this.#inputs(limits.idleMs)].filter(({ absence }) => absence !== 'idle');
    const furthest = Math.max(...awaited.map(({ time }) => time));
    const holds = ({ absence, time }: Upstream) =>
      time < furthest &&
      time <= this.watermark &&
      (absence === 'none' || (time >= 0 && time >= furthest - limits.maxHoldBackMs));
    const held = awaited.filter(holds);
    return {
      topics: held.flatMap(({ topic }) => topic ?? []),
      upstream: held.some(({ topic }) => topic === undefined),
    };
  }

  /** A source partition, for those who ask how it does. */
  source(topic: string): PartitionTime | undefined {
    return this.#sources.find((source) => source.topic === topic);
  }

  serialize(topic: string): string {
    const upstream = this.#byTopic.get(topic);
    const source = this.#sources.find((candidate) => candidate.topic === topic);
    const committed: Committed = {
      streamTime: source?.time ?? this.highest,
      current: this.watermark,
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
    this.watermark = Math.max(this.watermark, committed.current ?? -1);
    this.mayBeBehind ||= committed.mayBeBehind ?? false;
    for (const [task, time, absence] of committed.upstream ?? []) {
      // There were two states once.
      this.upstream(topic, task, time, typeof absence === 'string' ? absence : absence ? 'idle' : 'none');
    }
  }

  *#inputs(idleMs: number): Generator<Upstream & { readonly topic?: string }> {
    const now = this.#monotonicMs();
    for (const { isAtEnd, lastArrivalMs, time, topic } of this.#sources) {
      const silentMs = now - lastArrivalMs;
      if (silentMs < idleMs) yield { topic, time, absence: isAtEnd ? 'at-end' : 'none' };
      else {
        const advanceMs = Math.floor(silentMs / IDLE_STEP_MS) * IDLE_STEP_MS;
        yield { topic, time: time < 0 ? -1 : time + advanceMs, absence: 'idle' };
      }
    }
    for (const task of this.#tasks) yield { time: task.watermark, absence: task.absence };
    for (const [topic, tasks] of this.#byTopic) {
      for (let task = 0; task < (this.#expected.get(topic) ?? 0); task++) {
        yield tasks.get(task) ?? { time: -1, absence: 'none' };
      }
    }
  }
}

/** The watermark of the task that made the commit. */
export function committedTime(serialized: string): number {
  return serialized === '' ? -1 : ((JSON.parse(serialized) as Committed).current ?? -1);
}
