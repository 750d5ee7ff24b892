import { setTimeout as delay } from 'node:timers/promises';
import type { Log, LogConsumer, TopicPartition } from '@millrace/streams';
import { z } from 'zod';
import type { Pipeline } from '../../app/pipeline/pipeline.js';
import type { StackAddresses } from '../../stack/stack.js';
import type { GoalConfig } from '../../topology/goals/goal-config.js';

const POLL_MS = 10;
const CATCH_UP_MS = 300;
/** What takes longer is away, as far as a line a second goes. */
const ANSWER_WITHIN_MS = 1500;

export const INFLUX_DATABASE = 'millrace';

type Topics = GoalConfig['topics'];
export type Goal = 1 | 2 | 3 | 4;
export const GOALS: readonly Goal[] = [1, 2, 3, 4];

/** How many requests and, of each goal, how many windows there are. */
export interface Holding {
  readonly requests: number;
  readonly windows: Readonly<Record<Goal, number>>;
}

type Points = Readonly<Record<3 | 4, number>>;

/** What is where at one moment; undefined of what does not answer. */
export interface Counts {
  readonly kafka: Holding;
  readonly elasticsearch: Holding | undefined;
  readonly influxdb: Points | undefined;
  /** Records that the pipeline has still to process. */
  readonly pipelineLag: number | undefined;
}

/** How many requests and windows are in Kafka and not there; undefined of what does not answer. */
export function behind({ elasticsearch, influxdb, kafka }: Counts) {
  // The sinks keep what Kafka's retention has deleted; that is not counted against anything.
  const missing = (there: number, here: number): number => Math.max(0, there - here);
  return {
    Elasticsearch:
      elasticsearch &&
      GOALS.reduce(
        (sum, goal) => sum + missing(kafka.windows[goal], elasticsearch.windows[goal]),
        missing(kafka.requests, elasticsearch.requests),
      ),
    InfluxDB: influxdb && missing(kafka.windows[3], influxdb[3]) + missing(kafka.windows[4], influxdb[4]),
  };
}

/** Whether the sinks have what is in Kafka. */
export function hasAll(counts: Counts): boolean {
  return Object.values(behind(counts)).every((missing) => missing === 0);
}

/** Counts what is in Kafka and in the sinks. */
export class Counter {
  readonly #kafka: KafkaCounts;
  readonly #pipeline: Pipeline;
  readonly #addresses: StackAddresses;
  readonly #topics: Topics;

  constructor(kafka: KafkaCounts, pipeline: Pipeline, addresses: StackAddresses, topics: Topics) {
    this.#kafka = kafka;
    this.#pipeline = pipeline;
    this.#addresses = addresses;
    this.#topics = topics;
  }

  async count(): Promise<Counts> {
    const [elasticsearch, influxdb, pipelineLag] = await Promise.all([
      elasticsearchCounts(this.#addresses.elasticsearchUrl, this.#topics),
      influxCounts(this.#addresses.influxUrl),
      // While the brokers are away there is no answer.
      Promise.race([this.#pipeline.lag(), delay(ANSWER_WITHIN_MS, undefined, { ref: false })]).catch(() => undefined),
    ]);
    // Last, for nothing can be in a sink that is not in Kafka.
    await this.#kafka.catchUp(CATCH_UP_MS);
    const { requests, windows } = this.#kafka;
    return { kafka: { requests, windows }, elasticsearch, influxdb, pipelineLag };
  }
}

/** Reads the raw topic and the goals' topics from their beginning, and counts what is committed in them. */
export class KafkaCounts implements Holding {
  requests = 0;
  /** Records of the goals' topics: goals 1 and 2 report a window each time that it has changed. */
  readonly results: Record<Goal, number> = { 1: 0, 2: 0, 3: 0, 4: 0 };
  readonly #keys: Readonly<Record<Goal, Set<string>>> = { 1: new Set(), 2: new Set(), 3: new Set(), 4: new Set() };
  readonly #topics: Topics;
  readonly #consumer: LogConsumer;

  private constructor(log: Log, topics: Topics) {
    this.#topics = topics;
    this.#consumer = log.consumer();
  }

  /** Resolves when all that the topics hold now is counted, or at the abort. */
  static async open(log: Log, topics: Topics, signal: AbortSignal): Promise<KafkaCounts> {
    const counts = new KafkaCounts(log, topics);
    const left = new Map<string, number>();
    for (const topic of namesOf(topics)) {
      const partitions = (await log.partitions(topic)) ?? 0;
      for (let partition = 0; partition < partitions; partition++) {
        const start = await log.startOffset({ topic, partition });
        const end = await log.endOffset({ topic, partition });
        if (end > start) left.set(idOf({ topic, partition }), end);
        counts.#consumer.assign({ topic, partition }, start);
      }
    }
    while (left.size > 0 && !signal.aborted) {
      for (const [id, readTo] of await counts.#read()) if (readTo >= (left.get(id) ?? 0)) left.delete(id);
    }
    return counts;
  }

  get windows(): Readonly<Record<Goal, number>> {
    return { 1: this.#keys[1].size, 2: this.#keys[2].size, 3: this.#keys[3].size, 4: this.#keys[4].size };
  }

  /** Counts what has come, for about the time given at most. */
  async catchUp(withinMs: number): Promise<void> {
    const until = Date.now() + withinMs;
    while ((await this.#read()).size > 0 && Date.now() < until);
  }

  close(): Promise<void> {
    return this.#consumer.close();
  }

  /** @returns how far each partition was read that had something */
  async #read(): Promise<Map<string, number>> {
    const read = new Map<string, number>();
    for (const cursor of await this.#consumer.poll(POLL_MS)) {
      const goal = GOALS.find((number) => this.#topics[`goal${number}`] === cursor.topic);
      while (cursor.next()) {
        if (goal === undefined) this.requests++;
        else {
          const { keyBytes, keyEnd, keyStart } = cursor;
          this.results[goal]++;
          this.#keys[goal].add(keyBytes.toString('latin1', keyStart, keyEnd));
        }
      }
      read.set(idOf(cursor), cursor.nextOffset);
    }
    return read;
  }
}

const documentCount = z.object({ count: z.int() });

async function elasticsearchCounts(url: string, topics: Topics): Promise<Holding | undefined> {
  const names = namesOf(topics);
  try {
    // Documents can be found a second after they were written; this finds all that are written now.
    await ask(`${url}/${names.join(',')}/_refresh?ignore_unavailable=true`, { method: 'POST' });
    const [requests = 0, goal1 = 0, goal2 = 0, goal3 = 0, goal4 = 0] = await Promise.all(
      names.map(async (name) => {
        const answer = await ask(`${url}/${name}/_count`);
        // An index is made with its first document.
        return answer === undefined ? 0 : documentCount.parse(answer).count;
      }),
    );
    return { requests, windows: { 1: goal1, 2: goal2, 3: goal3, 4: goal4 } };
  } catch {
    return undefined;
  }
}

/** Columns are time and count; of a measurement without points there is no series. */
const pointCounts = z.object({
  results: z.array(
    z.object({
      series: z.tuple([z.object({ values: z.tuple([z.tuple([z.unknown(), z.number()])]) })]).optional(),
    }),
  ),
});

async function influxCounts(url: string): Promise<Points | undefined> {
  const q = 'SELECT COUNT("count") FROM goal3; SELECT COUNT("count") FROM goal4';
  try {
    const answer = await ask(`${url}/query?${new URLSearchParams({ db: INFLUX_DATABASE, q })}`);
    const [goal3 = 0, goal4 = 0] = pointCounts.parse(answer).results.map(({ series }) => series?.[0].values[0][1] ?? 0);
    return { 3: goal3, 4: goal4 };
  } catch {
    return undefined;
  }
}

/** @returns the JSON of the answer; undefined when there is no such thing */
async function ask(url: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  if (response.status === 404) return undefined;
  throw new Error(`${url} answers ${response.status}`);
}

function namesOf(topics: Topics): string[] {
  return [topics.accessLog, ...GOALS.map((goal) => topics[`goal${goal}`])];
}

function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
