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

/** What a task tells those that it feeds. */
export interface Word extends Upstream {
  /** Counts, where it is absent, what it has learned of that. */
  readonly confirmations: number;
}

/** What the watermark is computed from. */
interface Input extends Upstream {
  readonly topic?: string;
  /** Of what is absent: how far the others had come when nothing of it was on its way for certain. */
  readonly confirmedTo: number;
}

/** What a task that feeds this one has said, and what that is known to hold for. */
class UpstreamTask implements Upstream {
  time = -1;
  absence: Absence = 'none';
  confirmedTo = -1;
  #confirmations = -1;
  /** How far the others had come when its last confirmation was heard, and the one before that. */
  #heardAt: readonly [last: number, before: number] = [-1, -1];

  /**
   * An absent task confirms again and again that its logs hold no more. It asks for their ends no sooner than the
   * confirmation before the last is committed: what others had come to when that one was read is not ahead of records of
   * its.
   *
   * @param reached how far the others have come, as far as was read before this word
   */
  says({ absence, confirmations, time }: Word, reached: number): void {
    this.time = time;
    this.absence = absence;
    if (absence === 'none') {
      this.confirmedTo = -1;
      this.#heardAt = [-1, -1];
    } else if (confirmations !== this.#confirmations) {
      this.confirmedTo = Math.max(this.confirmedTo, this.#heardAt[1]);
      this.#heardAt = [reached, this.#heardAt[0]];
    }
    this.#confirmations = confirmations;
  }
}

const NOT_HEARD: Input = { time: -1, absence: 'none', confirmedTo: -1 };

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
  /** How far the task's other inputs had come when the partition's end was asked for last, and was this. */
  confirmedTo = -1;

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
 * ahead of; but never in favour of records that were appended after it was last known of them. When all are idle the wall
 * clock moves the watermark on.
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
  /** How far any input has come; what the wall clock has added is left out. */
  reached = -1;
  /** Counts what was learned of absent inputs: those that this task feeds are told each time. */
  confirmations = 0;
  readonly #monotonicMs: () => number;
  readonly #endsAreKnown: boolean;
  readonly #sources: PartitionTime[] = [];
  /** By repartition topic and the task that writes to it. */
  readonly #byTopic = new Map<string, Map<number, UpstreamTask>>();
  readonly #expected = new Map<string, number>();
  readonly #tasks: TaskTime[] = [];

  /**
   * @param monotonicMs a clock that is never set back
   * @param endsAreKnown whether the ends of logs are known at each commit, before what others were processed of is acted
   *   upon: they are where one process reads the log. Elsewhere an input is left out only as far as it is known to have had
   *   nothing on its way
   */
  constructor(monotonicMs: () => number, endsAreKnown: boolean) {
    this.#monotonicMs = monotonicMs;
    this.#endsAreKnown = endsAreKnown;
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
    if (timestamp > this.reached) this.reached = timestamp;
  }

  recordsArrived(source: PartitionTime): void {
    source.lastArrivalMs = this.#monotonicMs();
    source.isAtEnd = false;
    source.confirmedTo = -1;
  }

  /** @param asked how far the task's inputs had come when the log was asked whether it holds more, which it does not */
  isAtEnd(source: PartitionTime, asked: number): void {
    source.isAtEnd = true;
    if (this.#endsAreKnown) return;
    source.confirmedTo = Math.max(source.confirmedTo, asked);
    this.confirmations++;
  }

  /** Sources that have been silent for so long that they are at their end, if their logs hold no more. */
  silent({ endSilenceMs }: TimeLimits): PartitionTime[] {
    const now = this.#monotonicMs();
    return this.#sources.filter(({ lastArrivalMs }) => now - lastArrivalMs >= endSilenceMs);
  }

  /** A watermark that was read from a repartition topic. */
  upstream(topic: string, task: number, word: Word): void {
    this.#upstream(topic, task)?.says(word, this.reached);
    if (word.absence !== 'none' && !this.#endsAreKnown) this.confirmations++;
    this.#reach(word);
  }

  /** Computes the watermark, after the tasks that feed this one have computed theirs. */
  update(limits: TimeLimits): void {
    const { awaited, inputs, heldAt } = this.#judge(limits);
    if (awaited.length === 0) this.absence = 'idle';
    else this.absence = awaited.every(({ absence }) => absence === 'at-end') ? 'at-end' : 'none';
    // Of some that never had a record nothing is to be learned.
    const isAnyHeard = awaited.some(({ absence, time }) => absence === 'none' || time >= 0);
    const time = isAnyHeard ? Math.min(...inputs.map(heldAt)) : Math.max(...inputs.map((input) => input.time));
    if (time > this.watermark) this.watermark = time;
  }

  /** The source topics, and whether feeding tasks, that the watermark waits for while others are ahead of it. */
  holdingBack(limits: TimeLimits): { readonly topics: readonly string[]; readonly upstream: boolean } {
    const { furthest, heldAt, inputs } = this.#judge(limits);
    const held = inputs.filter((input) => heldAt(input) < furthest && heldAt(input) <= this.watermark);
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
      const known = typeof absence === 'string' ? absence : absence ? 'idle' : 'none';
      const told = this.#upstream(topic, task);
      if (told !== undefined) Object.assign(told, { time, absence: known });
      this.#reach({ time, absence: known });
    }
  }

  /** Which inputs are waited for, and up to where each holds back the watermark: without end where it does not. */
  #judge({ idleMs, maxHoldBackMs }: TimeLimits) {
    const inputs = [...this.#inputs(idleMs)];
    const awaited = inputs.filter(({ absence }) => absence !== 'idle');
    const furthest = Math.max(...awaited.map(({ time }) => time));
    const heldAt = ({ absence, confirmedTo, time }: Input): number => {
      if (absence === 'none') return time;
      const leftOutTo = this.#endsAreKnown ? furthest : Math.min(furthest, confirmedTo);
      if (absence === 'at-end' && time >= 0 && time >= leftOutTo - maxHoldBackMs) return time;
      return leftOutTo >= furthest ? Number.POSITIVE_INFINITY : Math.max(time, leftOutTo);
    };
    return { awaited, furthest, heldAt, inputs };
  }

  #upstream(topic: string, task: number): UpstreamTask | undefined {
    const tasks = this.#byTopic.get(topic);
    if (tasks !== undefined && !tasks.has(task)) tasks.set(task, new UpstreamTask());
    return tasks?.get(task);
  }

  /** The wall clock's steps are no progress. */
  #reach({ absence, time }: Upstream): void {
    if (absence !== 'idle' && time > this.reached) this.reached = time;
  }

  *#inputs(idleMs: number): Generator<Input> {
    const now = this.#monotonicMs();
    for (const { confirmedTo, isAtEnd, lastArrivalMs, time, topic } of this.#sources) {
      const silentMs = now - lastArrivalMs;
      if (silentMs < idleMs) yield { topic, time, absence: isAtEnd ? 'at-end' : 'none', confirmedTo };
      else {
        const advanceMs = Math.floor(silentMs / IDLE_STEP_MS) * IDLE_STEP_MS;
        yield { topic, time: time < 0 ? -1 : time + advanceMs, absence: 'idle', confirmedTo };
      }
    }
    // They are in this process, which is then the only one.
    for (const { absence, watermark } of this.#tasks) yield { time: watermark, absence, confirmedTo: -1 };
    for (const [topic, tasks] of this.#byTopic) {
      for (let task = 0; task < (this.#expected.get(topic) ?? 0); task++) {
        yield tasks.get(task) ?? NOT_HEARD;
      }
    }
  }
}

/** The watermark of the task that made the commit. */
export function committedTime(serialized: string): number {
  return serialized === '' ? -1 : ((JSON.parse(serialized) as Committed).current ?? -1);
}
