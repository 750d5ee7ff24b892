import { AvroSerde, type SchemaRegistry } from '@millrace/streams/avro';
import { isTopicRole, topicSchema, valueSubject } from '../schemas/subjects.js';
import type { TopicRole, TopicValue } from '../schemas/topics.js';

/** The serdes of topics, by what the topics are for. */
export type TopicSerdes<R extends TopicRole = TopicRole> = { readonly [Role in R]: AvroSerde<TopicValue<Role>> };

export type GoalSerdes = TopicSerdes<'accessLog' | 'goal1' | 'goal2' | 'goal3' | 'goal4' | 'serverErrors'>;

/** Registers the schemas of topics, each as `<topic>-value`; topics whose values are of no one schema are passed over. */
export async function registerSerdes<T extends Readonly<Record<string, string>>>(
  registry: SchemaRegistry,
  topics: T,
): Promise<TopicSerdes<Extract<keyof T, TopicRole>>> {
  const serdes: Record<string, unknown> = {};
  for (const [role, topic] of Object.entries(topics)) {
    if (!isTopicRole(role)) continue;
    serdes[role] = await AvroSerde.create({ registry, subject: valueSubject(topic), ...topicSchema(role) });
  }
  return serdes as TopicSerdes<Extract<keyof T, TopicRole>>;
}
