import {
  type Duration,
  deserializeWhenReady,
  type Log,
  partitionForString,
  type RecordCursor,
  type Serde,
  Streams,
  type StreamsMetrics,
} from '@millrace/streams';
import type { SchemaRegistry } from '@millrace/streams/avro';
import { EmbeddedLog } from '@millrace/streams/embedded';
import type { AccessLog, Goal4 } from '../../schemas/records.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from '../../topology/goals/goal-config.js';
import { goalsTopology } from '../../topology/goals/goals.js';
import { type GoalSerdes, registerSerdes } from '../../topology/serdes.js';
import type { ReferenceResult, ReferenceResults } from './goals.js';

export interface GoalRun {
  readonly goal1: ReferenceResults;
  readonly goal2: ReferenceResults;
  readonly goal3: ReferenceResults;
  readonly goal4: ReferenceResults;
  /** How many records each goal topic holds. */
  readonly records: Readonly<Record<1 | 2 | 3 | 4, number>>;
  readonly metrics: StreamsMetrics;
}

export interface GoalRunOptions {
  readonly partitions?: number;
  readonly config?: Partial<GoalConfig>;
  readonly repartition?: 'auto' | 'topic';
  readonly commitInterval?: Duration;
  /** Events in one append; each append is one batch a partition. */
  readonly batchEvents?: number;
  /** Default: an embedded log in memory. */
  readonly log?: Log;
  readonly applicationId?: string;
  readonly stateDirectory?: string;
}

/** A registry for one process. */
export class MemoryRegistry implements SchemaRegistry {
  readonly #schemas: Parameters<SchemaRegistry['register']>[1][] = [];

  async register(_subject: string, schema: Parameters<SchemaRegistry['register']>[1]): Promise<number> {
    return this.#schemas.push(schema);
  }

  schemaById(id: number): Parameters<SchemaRegistry['register']>[1] {
    const schema = this.#schemas[id - 1];
    if (schema === undefined) throw new Error(`no schema has the id ${id}`);
    return schema;
  }
}

/** The events as the raw topic's partitions hold them. */
export function partitioned(events: readonly AccessLog[], partitions: number): AccessLog[][] {
  const result = Array.from({ length: partitions }, (): AccessLog[] => []);
  for (const event of events) result[partitionForString(event.client_ip, partitions)]?.push(event);
  return result;
}

export async function createGoalTopics(log: Log, { topics }: GoalConfig, partitions: number): Promise<void> {
  const { pipelineStatus: _ofTheProcess, ...ofGoals } = topics;
  for (const topic of Object.values(ofGoals)) await log.ensureTopic(topic, { partitions });
}

/** Goals whose topics have names of their own, on a log that others use too. */
export function apart(name: string): Pick<GoalConfig, 'topics'> {
  const topics = Object.entries(DEFAULT_GOAL_CONFIG.topics).map(([id, topic]) => [id, `${name}-${topic}`]);
  return { topics: Object.fromEntries(topics) as unknown as GoalConfig['topics'] };
}

export async function appendEvents(
  log: Log,
  { topics }: GoalConfig,
  serdes: GoalSerdes,
  events: readonly AccessLog[],
  batchEvents = 1000,
): Promise<void> {
  const partitions = (await log.partitions(topics.accessLog)) ?? 0;
  for (let start = 0; start < events.length; start += batchEvents) {
    const transaction = log.transaction();
    for (const event of events.slice(start, start + batchEvents)) {
      const partition = partitionForString(event.client_ip, partitions);
      const value = serdes.accessLog.serialize('', event);
      transaction.append(topics.accessLog, partition, event.timestamp, null, value);
    }
    await transaction.commit();
  }
}

/** Runs the four goals over the events, to the end of the input. */
export async function runGoals(events: readonly AccessLog[], options: GoalRunOptions = {}): Promise<GoalRun> {
  const config = { ...DEFAULT_GOAL_CONFIG, ...options.config };
  const log = options.log ?? (await EmbeddedLog.inMemory());
  await createGoalTopics(log, config, options.partitions ?? 1);
  const serdes = await registerSerdes(new MemoryRegistry(), config.topics);
  await appendEvents(log, config, serdes, events, options.batchEvents);
  const streams = new Streams(goalsTopology(config, serdes), {
    applicationId: options.applicationId ?? 'goals',
    log,
    ...(options.stateDirectory === undefined ? {} : { stateDirectory: options.stateDirectory }),
    repartition: options.repartition ?? 'auto',
    commitInterval: options.commitInterval ?? 20,
    deadLetterTopic: config.topics.deadLetters,
    lateTopic: config.topics.late,
  });
  await streams.start();
  await streams.drain();
  await streams.close();
  const results = await readGoals(log, config, serdes);
  if (options.log === undefined) await log.close();
  return { ...results, metrics: streams.metrics };
}

/** Reads what can be read of a topic by now, to its end, in the order of each partition. */
async function readToEnd(log: Log, topic: string, each: (cursor: RecordCursor) => void | Promise<void>): Promise<void> {
  const consumer = log.consumer();
  const ends = new Map<number, number>();
  for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
    consumer.assign({ topic, partition }, 0);
    const end = await log.endOffset({ topic, partition });
    if (end > 0) ends.set(partition, end);
  }
  while (ends.size > 0) {
    for (const cursor of await consumer.poll(100)) {
      while (cursor.next()) await each(cursor);
      if (cursor.nextOffset >= (ends.get(cursor.partition) ?? 0)) ends.delete(cursor.partition);
    }
  }
  await consumer.close();
}

/** What each partition of the raw topic holds, in its order. */
export async function readRawTopic(log: Log, { topics }: GoalConfig, serdes: GoalSerdes): Promise<AccessLog[][]> {
  const topic = topics.accessLog;
  const events = Array.from({ length: (await log.partitions(topic)) ?? 0 }, (): AccessLog[] => []);
  await readToEnd(log, topic, async ({ partition, valueBytes, valueStart, valueEnd }) => {
    events[partition]?.push(await deserializeWhenReady(serdes.accessLog, topic, valueBytes, valueStart, valueEnd));
  });
  return events;
}

/** The last record of each key in the goal topics. */
export async function readGoals(
  log: Log,
  { topics }: GoalConfig,
  serdes: GoalSerdes,
): Promise<Omit<GoalRun, 'metrics'>> {
  const read = async (goal: 1 | 2 | 3 | 4) => {
    const topic = topics[`goal${goal}`];
    const latest = new Map<string, ReferenceResult>();
    let records = 0;
    const serde = serdes[`goal${goal}`] as unknown as Serde<Partial<Goal4>>;
    await readToEnd(log, topic, async ({ keyBytes, valueBytes, keyStart, keyEnd, valueStart, valueEnd }) => {
      const value = await deserializeWhenReady(serde, topic, valueBytes, valueStart, valueEnd);
      const { avg_request_time, count = 0 } = value;
      const result: ReferenceResult = avg_request_time === undefined ? { count } : { count, avg_request_time };
      latest.set(keyBytes.toString('utf8', keyStart, keyEnd), result);
      records++;
    });
    return { latest, records };
  };
  const [goal1, goal2, goal3, goal4] = [await read(1), await read(2), await read(3), await read(4)];
  return {
    goal1: goal1.latest,
    goal2: goal2.latest,
    goal3: goal3.latest,
    goal4: goal4.latest,
    records: { 1: goal1.records, 2: goal2.records, 3: goal3.records, 4: goal4.records },
  };
}
