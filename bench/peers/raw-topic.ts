import { KafkaLog } from '@millrace/streams/kafka';
import { RawTopicWriter } from '../../producer/raw-topic-writer.js';
import { TrafficSimulator } from '../../producer/traffic-simulator.js';
import type { AccessLog } from '../../schemas/records.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import type { GoalSerdes } from '../../topology/serdes.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RETENTION_MS = 7 * DAY_MS;
const BATCH_EVENTS = 20_000;

/** Of the raw topic and of the results. */
export const PARTITIONS = 4;

const { topics } = DEFAULT_GOAL_CONFIG;

/**
 * The same traffic whenever it is made, from nine o'clock, for the simulator's rate follows the day; of the last nine
 * o'clock, for peers' internal topics that keep records for as long as their times say would lose older ones meanwhile.
 */
export function simulate(events: number): AccessLog[] {
  const simulator = new TrafficSimulator({
    seed: 1,
    startMs: Math.floor((Date.now() - 9 * HOUR_MS) / DAY_MS) * DAY_MS + 9 * HOUR_MS,
    eventsPerSecond: 2000,
    clients: 10_000,
    hosts: 50,
    countries: 20,
    disorderMs: 2000,
    belowThresholds: false,
  });
  return Array.from({ length: events }, () => simulator.next().event);
}

/** Makes the raw topic, with the events in it. */
export async function writeRawTopic(brokers: string, serdes: GoalSerdes, events: readonly AccessLog[]): Promise<void> {
  const log = await KafkaLog.open({ brokers });
  try {
    await log.ensureTopic(topics.accessLog, { partitions: PARTITIONS, retentionMs: RETENTION_MS });
    const writer = await RawTopicWriter.create({
      log,
      topic: topics.accessLog,
      deadLetterTopic: topics.deadLetters,
      serde: serdes.accessLog,
    });
    for (let start = 0; start < events.length; start += BATCH_EVENTS) {
      await writer.write(events.slice(start, start + BATCH_EVENTS));
    }
    await writer.settle();
  } finally {
    await log.close();
  }
}

/** Makes the topics of the results, as `millrace start` does. */
export async function createResultTopics(brokers: string, names: readonly string[]): Promise<void> {
  const log = await KafkaLog.open({ brokers });
  for (const topic of names) await log.ensureTopic(topic, { partitions: PARTITIONS, retentionMs: RETENTION_MS });
  await log.close();
}
