import { deserializeWhenReady, type Log, type LogConsumer, type Serde, type TopicPartition } from '@millrace/streams';
import type { Incident } from '../../schemas/records.js';
import { type ApplicationConfig, topicsOf } from '../../topology/application-config.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import { ErrorBursts } from './error-bursts.js';
import { TopEntries } from './top-entries.js';

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
  readonly #peaks = new TopEntries<Peak>(order);

  constructor(
    readonly goal: 1 | 2 | 3 | 4,
    readonly topic: string,
    readonly serde: Serde<GoalResult>,
  ) {}

  /** The entities that went furthest: by count, in goal 4 by mean. */
  top(number: number): Peak[] {
    return this.#peaks.top(number);
  }

  /** How many entities there were results of. */
  get keys(): TopEntries<Peak>['keys'] {
    return this.#peaks.keys;
  }

  add(result: GoalResult): void {
    this.records++;
    const entity = result.client_ip ?? result.host ?? result.country ?? '';
    const { avg_request_time: mean, count, window_start: windowStart } = result;
    this.#peaks.add(entity, { entity, windowStart, count, mean });
  }
}

/** So many incidents are kept at most, of those that are over the newest. */
const KEPT_INCIDENTS = 10_000;

const GRAVITY: Readonly<Record<Incident['severity'], number>> = { info: 0, warning: 1, critical: 2 };

/** The incidents that there were, each as it was last. */
export class IncidentResults {
  readonly #latest = new Map<string, Incident>();
  readonly #kept: number;
  #forgotten = 0;

  constructor(
    readonly topic: string,
    readonly serde: Serde<Incident>,
    kept: number = KEPT_INCIDENTS,
  ) {
    this.#kept = kept;
  }

  get count(): number {
    return this.#latest.size + this.#forgotten;
  }

  /** Those that are not over, the gravest first, of these the newest. */
  get open(): Incident[] {
    return this.gravest(Number.POSITIVE_INFINITY).filter(({ state }) => state !== 'resolved');
  }

  /** The gravest, of these the newest. */
  gravest(number: number): Incident[] {
    return [...this.#latest.values()]
      .sort((one, other) => GRAVITY[other.severity] - GRAVITY[one.severity] || other.opened - one.opened)
      .slice(0, number);
  }

  add(incident: Incident): void {
    this.#latest.set(incident.id, incident);
    if (this.#latest.size > this.#kept) this.#forget();
  }

  delete(id: string): void {
    this.#latest.delete(id);
  }

  /** The half that matters least: what is over, the oldest first. */
  #forget(): void {
    const isOver = ({ state }: Incident) => Number(state === 'resolved');
    const all = [...this.#latest.values()].sort(
      (one, other) => isOver(one) - isOver(other) || other.updated - one.updated,
    );
    const forgotten = all.slice(this.#kept / 2);
    for (const { id } of forgotten) this.#latest.delete(id);
    this.#forgotten += forgotten.length;
  }
}

/** What a topic's values are added to. */
interface TopicResults {
  readonly topic: string;
  readonly serde: Serde<unknown>;
  add(value: unknown): void;
  /** What the topic no longer holds. */
  delete?(key: string): void;
}

/** Follows the topics of results. */
export class ResultsReader {
  readonly #log: Log;
  readonly #consumer: LogConsumer;
  readonly #byTopic: ReadonlyMap<string, TopicResults>;
  readonly #partitions: readonly TopicPartition[];
  readonly #readTo = new Map<string, number>();

  private constructor(
    log: Log,
    readonly goals: readonly GoalResults[],
    /** Undefined where they are not looked for. */
    readonly serverErrors: ErrorBursts | undefined,
    /** Undefined where no pipeline runs that finds any. */
    readonly incidents: IncidentResults | undefined,
    partitions: readonly TopicPartition[],
  ) {
    this.#log = log;
    this.#consumer = log.consumer();
    const results = [...goals, serverErrors, incidents].filter((one) => one !== undefined) as TopicResults[];
    this.#byTopic = new Map(results.map((result) => [result.topic, result]));
    this.#partitions = partitions;
  }

  /** Follows the results of the pipelines that run: from now on, or from the first that the topics hold. */
  static async follow(
    log: Log,
    config: ApplicationConfig,
    serdes: TopicSerdes,
    { fromStart }: { readonly fromStart: boolean } = { fromStart: false },
  ): Promise<ResultsReader> {
    const { goals, pipelines, topics } = config;
    const ofGoals = (pipelines.includes('goals') ? goals : []).map(
      (goal) => new GoalResults(goal, topics[`goal${goal}`], serdes[`goal${goal}`] as unknown as Serde<GoalResult>),
    );
    const ofErrors =
      pipelines.includes('goals') && config.serverErrors !== undefined
        ? new ErrorBursts(topics.serverErrors, serdes.serverErrors)
        : undefined;
    const { incidents } = topicsOf(config);
    const ofIncidents = incidents === undefined ? undefined : new IncidentResults(incidents, serdes.incidents);
    const partitions: TopicPartition[] = [];
    const results = [...ofGoals, ofErrors, ofIncidents].filter((one) => one !== undefined);
    for (const { topic } of results) {
      const count = (await log.partitions(topic)) ?? 0;
      for (let partition = 0; partition < count; partition++) partitions.push({ topic, partition });
    }
    const reader = new ResultsReader(log, ofGoals, ofErrors, ofIncidents, partitions);
    const offsets = await Promise.all(
      partitions.map((partition) => (fromStart ? log.startOffset(partition) : log.endOffset(partition))),
    );
    for (const [index, partition] of partitions.entries()) {
      const offset = offsets[index] as number;
      reader.#consumer.assign(partition, offset);
      reader.#readTo.set(idOf(partition), offset);
    }
    return reader;
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
    const ends = await Promise.all(this.#partitions.map((partition) => this.#log.endOffset(partition)));
    for (const [index, partition] of this.#partitions.entries()) {
      const end = ends[index] as number;
      while ((this.#readTo.get(idOf(partition)) ?? end) < end) await this.#read();
    }
  }

  close(): Promise<void> {
    return this.#consumer.close();
  }

  async #read(): Promise<number> {
    const cursors = await this.#consumer.poll(POLL_MS);
    // They come once, also when they cannot be decoded: nobody may wait for them again.
    for (const cursor of cursors) this.#readTo.set(idOf(cursor), cursor.nextOffset);
    for (const cursor of cursors) {
      const results = this.#byTopic.get(cursor.topic);
      while (cursor.next()) {
        const { keyBytes, keyEnd, keyStart, topic, valueBytes, valueEnd, valueStart } = cursor;
        if (results === undefined) continue;
        if (valueStart < 0) results.delete?.(keyBytes.toString('utf8', keyStart, keyEnd));
        else results.add(await deserializeWhenReady(results.serde, topic, valueBytes, valueStart, valueEnd));
      }
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
