import type { Log, LogConsumer, TopicPartition } from '../streams/log/log.js';
import { deserializeWhenReady, type Serde } from '../streams/serde/serde.js';
import type { GoalConfig } from '../topology/goal-config.js';
import type { GoalSerdes } from '../topology/serdes.js';

const POLL_MS = 10;

/** The most that an entity reached in a window. */
export interface Peak {
  readonly entity: string;
  readonly windowStart: number;
  readonly count: number;
  readonly mean: number | undefined;
}

interface GoalResult {
  readonly window_start: number;
  readonly count: number;
  readonly client_ip?: string;
  readonly host?: string;
  readonly country?: string;
  readonly avg_request_time?: number;
}

/** What has come of one goal. */
export class GoalResults {
  records = 0;
  latest: Peak | undefined;
  readonly peaks = new Map<string, Peak>();

  constructor(
    readonly goal: 1 | 2 | 3 | 4,
    readonly topic: string,
    readonly serde: Serde<GoalResult>,
  ) {}

  /** The entities that went furthest: by count, in goal 4 by mean. */
  top(number: number): Peak[] {
    return [...this.peaks.values()].sort((a, b) => order(b) - order(a)).slice(0, number);
  }

  add(result: GoalResult): void {
    this.records++;
    const peak: Peak = {
      entity: result.client_ip ?? result.host ?? result.country ?? '',
      windowStart: result.window_start,
      count: result.count,
      mean: result.avg_request_time,
    };
    this.latest = peak;
    const before = this.peaks.get(peak.entity);
    if (before === undefined || order(peak) > order(before)) this.peaks.set(peak.entity, peak);
  }
}

/** Follows the goals' topics. */
export class GoalResultsReader {
  readonly #log: Log;
  readonly #consumer: LogConsumer;
  readonly #byTopic: ReadonlyMap<string, GoalResults>;
  readonly #partitions: readonly TopicPartition[];
  readonly #readTo = new Map<string, number>();

  private constructor(log: Log, results: readonly GoalResults[], partitions: readonly TopicPartition[]) {
    this.#log = log;
    this.#consumer = log.consumer();
    this.#byTopic = new Map(results.map((result) => [result.topic, result]));
    this.#partitions = partitions;
  }

  /** Follows each goal's results from now on. */
  static async follow(log: Log, { goals, topics }: GoalConfig, serdes: GoalSerdes): Promise<GoalResultsReader> {
    const results = goals.map(
      (goal) => new GoalResults(goal, topics[`goal${goal}`], serdes[`goal${goal}`] as unknown as Serde<GoalResult>),
    );
    const partitions: TopicPartition[] = [];
    for (const { topic } of results) {
      const count = (await log.partitions(topic)) ?? 0;
      for (let partition = 0; partition < count; partition++) partitions.push({ topic, partition });
    }
    const reader = new GoalResultsReader(log, results, partitions);
    for (const partition of partitions) {
      const end = await log.endOffset(partition);
      reader.#consumer.assign(partition, end);
      reader.#readTo.set(idOf(partition), end);
    }
    return reader;
  }

  get results(): readonly GoalResults[] {
    return [...this.#byTopic.values()];
  }

  /** Reads what has come, for at most the time given. */
  async catchUp(withinMs: number): Promise<void> {
    const until = Date.now() + withinMs;
    do {
      if ((await this.#read()) === 0) return;
    } while (Date.now() < until);
  }

  /** Reads all that the topics hold now. */
  async readToEnd(): Promise<void> {
    for (const partition of this.#partitions) {
      const end = await this.#log.endOffset(partition);
      while ((this.#readTo.get(idOf(partition)) ?? end) < end) await this.#read();
    }
  }

  close(): Promise<void> {
    return this.#consumer.close();
  }

  async #read(): Promise<number> {
    const cursors = await this.#consumer.poll(POLL_MS);
    for (const cursor of cursors) {
      const results = this.#byTopic.get(cursor.topic);
      while (cursor.next()) {
        const { topic, valueBytes, valueEnd, valueStart } = cursor;
        if (results === undefined || valueStart < 0) continue;
        results.add(await deserializeWhenReady(results.serde, topic, valueBytes, valueStart, valueEnd));
      }
      this.#readTo.set(idOf(cursor), cursor.nextOffset);
    }
    return cursors.length;
  }
}

function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

function order(peak: Peak): number {
  return peak.mean ?? peak.count;
}
