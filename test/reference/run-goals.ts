import type { AccessLog, Goal4 } from '../../schemas/records.js';
import { type Duration, Streams, type StreamsMetrics } from '../../streams/index.js';
import { EmbeddedLog } from '../../streams/log/embedded/embedded-log.js';
import type { Log } from '../../streams/log/log.js';
import { partitionForString } from '../../streams/log/partitioner.js';
import type { SchemaRegistry } from '../../streams/serde/schema-registry.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from '../../topology/goal-config.js';
import { goalsTopology } from '../../topology/goals.js';
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
  for (const topic of Object.values(topics)) await log.ensureTopic(topic, { partitions });
}

/** Runs the four goals over the events on an embedded log in memory, to the end of the input. */
export async function runGoals(events: readonly AccessLog[], options: GoalRunOptions = {}): Promise<GoalRun> {
  const { batchEvents = 1000, partitions = 1 } = options;
  const config = { ...DEFAULT_GOAL_CONFIG, ...options.config };
  const log = await EmbeddedLog.inMemory();
  await createGoalTopics(log, config, partitions);
  const serdes = await registerSerdes(new MemoryRegistry(), config.topics);
  for (let start = 0; start < events.length; start += batchEvents) {
    const transaction = log.transaction();
    for (const event of events.slice(start, start + batchEvents)) {
      const partition = partitionForString(event.client_ip, partitions);
      const value = serdes.accessLog.serialize('', event);
      transaction.append(config.topics.accessLog, partition, event.timestamp, null, value);
    }
    await transaction.commit();
  }
  const streams = new Streams(goalsTopology(config, serdes), {
    applicationId: 'goals',
    log,
    repartition: options.repartition ?? 'auto',
    commitInterval: options.commitInterval ?? 20,
    deadLetterTopic: config.topics.deadLetters,
    lateTopic: config.topics.late,
  });
  await streams.start();
  await streams.drain();
  await streams.close();
  const results = await readGoals(log, config, serdes);
  await log.close();
  return { ...results, metrics: streams.metrics };
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
    const consumer = log.consumer();
    for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
      consumer.assign({ topic, partition }, 0);
    }
    for (;;) {
      const cursors = await consumer.poll(0);
      if (cursors.length === 0) break;
      for (const cursor of cursors) {
        while (cursor.next()) {
          const { bytes, keyStart, keyEnd, valueStart, valueEnd } = cursor;
          const value = serdes[`goal${goal}`].deserialize(topic, bytes, valueStart, valueEnd) as Partial<Goal4>;
          const { avg_request_time, count = 0 } = value;
          const result: ReferenceResult = avg_request_time === undefined ? { count } : { count, avg_request_time };
          latest.set(bytes.toString('utf8', keyStart, keyEnd), result);
          records++;
        }
      }
    }
    await consumer.close();
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
