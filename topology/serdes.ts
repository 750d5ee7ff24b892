import type { AccessLog, Goal1, Goal2, Goal3, Goal4 } from '../schemas/records.js';
import { topicSchema, valueSubject } from '../schemas/subjects.js';
import { AvroSerde, type SchemaRegistry } from '../streams/index.js';

/** The serdes of the application's topics. */
export interface GoalSerdes {
  readonly accessLog: AvroSerde<AccessLog>;
  readonly goal1: AvroSerde<Goal1>;
  readonly goal2: AvroSerde<Goal2>;
  readonly goal3: AvroSerde<Goal3>;
  readonly goal4: AvroSerde<Goal4>;
}

/** Registers the schemas of the application's topics, each as `<topic>-value`. */
export async function registerSerdes(
  registry: SchemaRegistry,
  topics: Record<keyof GoalSerdes, string>,
): Promise<GoalSerdes> {
  const serde = <T>(name: keyof GoalSerdes) =>
    AvroSerde.create<T>({ registry, subject: valueSubject(topics[name]), ...topicSchema(name) });
  return {
    accessLog: await serde<AccessLog>('accessLog'),
    goal1: await serde<Goal1>('goal1'),
    goal2: await serde<Goal2>('goal2'),
    goal3: await serde<Goal3>('goal3'),
    goal4: await serde<Goal4>('goal4'),
  };
}
