import type { Log } from '@millrace/streams';
import type { SchemaRegistry } from '@millrace/streams/avro';
import { type TopicId, topicEntry } from '../../schemas/topics.js';
import { type ApplicationConfig, topicsOf } from '../../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../../topology/serdes.js';
import type { OpenLog } from './open-log.js';
import { type RetentionOptions, retentionOf } from './retention.js';

type TopicRole = ReturnType<typeof topicEntry>['role'];

/** Makes the topics of the pipelines that run, and registers their schemas. @throws LogError PARTITION_COUNT */
export async function prepareTopics(
  { log, schemas }: Pick<OpenLog, 'log' | 'schemas'>,
  config: ApplicationConfig,
  partitions: number,
  retention: RetentionOptions = {},
): Promise<TopicSerdes> {
  // On Kafka who tells makes it, or goes without it: it may need a right that no result needs.
  const made = ensureTopics(log, config, partitions, retention, (role) => role !== 'status' || log.singleOwner);
  const [serdes] = await Promise.all([serdesOf(schemas, config), made]);
  return serdes;
}

const RECEIVED: ReadonlySet<TopicRole> = new Set(['raw', 'dead-letters']);

/** Makes the topics of what comes in, for who takes events and runs no pipeline. @throws LogError PARTITION_COUNT */
export async function prepareReceivedTopics(log: Log, config: ApplicationConfig, given: number): Promise<void> {
  const partitions = (await log.partitions(config.topics.accessLog)) ?? given;
  await ensureTopics(log, config, partitions, {}, (role) => RECEIVED.has(role));
}

async function ensureTopics(
  log: Log,
  config: ApplicationConfig,
  partitions: number,
  retention: RetentionOptions,
  isWanted: (role: TopicRole) => boolean,
): Promise<void> {
  const topics = Object.entries(topicsOf(config)) as [TopicId, string][];
  await Promise.all(
    topics.map(async ([id, topic]) => {
      const entry = topicEntry(id);
      if (!isWanted(entry.role)) return;
      const isNew = (await log.partitions(topic)) === undefined;
      await log.ensureTopic(topic, {
        partitions: entry.partitions ?? partitions,
        ...retentionOf(topic, retention, isNew ? entry.retentionMs : undefined),
      });
    }),
  );
}

/** Registers the schemas of the pipelines that run; the topology uses no others. */
export async function serdesOf(schemas: SchemaRegistry, config: ApplicationConfig): Promise<TopicSerdes> {
  return (await registerSerdes(schemas, topicsOf(config))) as TopicSerdes;
}
