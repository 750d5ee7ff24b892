import type { Log, LogConsumer } from '../streams/log/log.js';
import type { Serde } from '../streams/serde/serde.js';
import type { GoalConfig } from '../topology/goal-config.js';
import type { GoalSerdes } from '../topology/serdes.js';

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

/** Follows one goal's topic, and keeps what a status or a summary says of it. */
export class GoalResults {
  records = 0;
  latest: Peak | undefined;
  readonly peaks = new Map<string, Peak>();
  readonly #topic: string;
  readonly #serde: Serde<GoalResult>;
  readonly #consumer: LogConsumer;

  private constructor(
    readonly goal: 1 | 2 | 3 | 4,
    topic: string,
    serde: Serde<GoalResult>,
    consumer: LogConsumer,
  ) {
    this.#topic = topic;
    this.#serde = serde;
    this.#consumer = consumer;
  }

  /** Follows each goal's results from now on. */
  static async follow(log: Log, { goals, topics }: GoalConfig, serdes: GoalSerdes): Promise<GoalResults[]> {
    return Promise.all(
      goals.map(async (goal) => {
        const topic = topics[`goal${goal}`];
        const consumer = log.consumer();
        for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
          consumer.assign({ topic, partition }, await log.endOffset({ topic, partition }));
        }
        return new GoalResults(goal, topic, serdes[`goal${goal}`] as unknown as Serde<GoalResult>, consumer);
      }),
    );
  }

  /** Reads what has come, for at most the time given. */
  async catchUp(withinMs: number): Promise<void> {
    const until = Date.now() + withinMs;
    for (;;) {
      const cursors = await this.#consumer.poll(0);
      for (const cursor of cursors) {
        while (cursor.next()) {
          this.records++;
          this.#add(this.#serde.deserialize(this.#topic, cursor.bytes, cursor.valueStart, cursor.valueEnd));
        }
      }
      if (cursors.length === 0 || Date.now() >= until) return;
    }
  }

  /** The entities that went furthest: by count, in goal 4 by mean. */
  top(number: number): Peak[] {
    return [...this.peaks.values()].sort((a, b) => order(b) - order(a)).slice(0, number);
  }

  #add(result: GoalResult): void {
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

function order(peak: Peak): number {
  return peak.mean ?? peak.count;
}
