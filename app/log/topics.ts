import type { SchemaRegistry } from '@millrace/streams/avro';
import { type TopicId, topicEntry } from '../../schemas/topics.js';
import { type ApplicationConfig, topicsOf } from '../../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../../topology/serdes.js';
import type { OpenLog } from './open-log.js';
import { type RetentionOptions, retentionOf } from './retention.js';

/** Makes the topics of the pipelines that run, and registers their schemas. @throws LogError PARTITION_COUNT */
export async function prepareTopics(
  { log, schemas }: Pick<OpenLog, 'log' | 'schemas'>,
  config: ApplicationConfig,
  partitions: number,
  retention: RetentionOptions = {},
): Promise<TopicSerdes> {
  const topics = topicsOf(config);
  const made = (Object.entries(topics) as [TopicId, string][]).map(async ([id, topic]) => {
    const entry = topicEntry(id);
    // On Kafka who tells makes it, or goes without it: it may need a right that no result needs.
    if (entry.role === 'status' && !log.singleOwner) return;
    const isNew = (await log.partitions(topic)) === undefined;
    await log.ensureTopic(topic, {
      partitions: entry.partitions ?? partitions,
      ...retentionOf(topic, retention, isNew ? entry.retentionMs : undefined),
    });
  });
  const [serdes] = await Promise.all([serdesOf(schemas, config), ...made]);
  return serdes;
}

/** Registers the schemas of the pipelines that run; the topology uses no others. */
export async function serdesOf(schemas: SchemaRegistry, config: ApplicationConfig): Promise<TopicSerdes> {
  return (await registerSerdes(schemas, topicsOf(config))) as TopicSerdes;
}
