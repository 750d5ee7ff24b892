import { deserializeWhenReady, type Log, type LogConsumer, type Serde, type TopicPartition } from '@millrace/streams';
import { type ApplicationConfig, topicsOf } from '../../topology/application-config.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import { ErrorBursts } from './error-bursts.js';
import { type GoalResult, GoalResults } from './goal-results.js';
import { IncidentResults } from './incident-results.js';

const POLL_MS = 10;

/** What a topic's values are added to. */
interface TopicResults {
  readonly topic: string;
  readonly serde: Serde<unknown>;
  add(value: unknown): void;
  /** What the topic no longer holds. */
  delete?(key: string): void;
}

/** Reads the results of the pipelines that run: of what comes from now on, or of all that the topics hold and what follows. */
export async function readResults(
  log: Log,
  config: ApplicationConfig,
  serdes: TopicSerdes,
  { from }: { readonly from: 'now' | 'start' },
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
  for (const { topic } of [...ofGoals, ofErrors, ofIncidents].filter((one) => one !== undefined)) {
    const count = (await log.partitions(topic)) ?? 0;
    for (let partition = 0; partition < count; partition++) partitions.push({ topic, partition });
  }
  const offsets = await Promise.all(
    partitions.map(
      async (partition) =>
        [partition, await (from === 'start' ? log.startOffset(partition) : log.endOffset(partition))] as const,
    ),
  );
  return new ResultsReader(log, ofGoals, ofErrors, ofIncidents, new Map(offsets));
}

/** Follows the topics of results. */
export class ResultsReader {
  readonly #log: Log;
  readonly #consumer: LogConsumer;
  readonly #byTopic: ReadonlyMap<string, TopicResults>;
  readonly #partitions: readonly TopicPartition[];
  readonly #readTo = new Map<string, number>();

  /** @param offsets where each partition is read from */
  constructor(
    log: Log,
    readonly goals: readonly GoalResults[],
    /** Undefined where they are not looked for. */
    readonly serverErrors: ErrorBursts | undefined,
    /** Undefined where no pipeline runs that finds any. */
    readonly incidents: IncidentResults | undefined,
    offsets: ReadonlyMap<TopicPartition, number>,
  ) {
    this.#log = log;
    this.#consumer = log.consumer();
    const results = [...goals, serverErrors, incidents].filter((one) => one !== undefined) as TopicResults[];
    this.#byTopic = new Map(results.map((result) => [result.topic, result]));
    this.#partitions = [...offsets.keys()];
    for (const [partition, offset] of offsets) {
      this.#consumer.assign(partition, offset);
      this.#readTo.set(idOf(partition), offset);
    }
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
