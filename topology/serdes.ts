import { AvroSerde, type SchemaRegistry } from '@millrace/streams/avro';
import type {
  AccessLog,
  Alert,
  Goal1,
  Goal2,
  Goal3,
  Goal4,
  HostServerErrors,
  Incident,
  MlPrediction,
  SensorHour,
  SensorReading,
  SensorScore,
  ServiceHealth,
  ServiceLog,
  WebStatistics,
} from '../schemas/records.js';
import { isTopicRole, type TopicRole, topicSchema, valueSubject } from '../schemas/subjects.js';

/** What the values of the application's topics are. */
interface Values {
  readonly accessLog: AccessLog;
  readonly goal1: Goal1;
  readonly goal2: Goal2;
  readonly goal3: Goal3;
  readonly goal4: Goal4;
  readonly serverErrors: HostServerErrors;
  readonly webStatistics: WebStatistics;
  readonly sensorReadings: SensorReading;
  readonly sensorScores: SensorScore;
  readonly sensorHours: SensorHour;
  readonly serviceLogs: ServiceLog;
  readonly serviceHealth: ServiceHealth;
  readonly mlPredictions: MlPrediction;
  readonly alerts: Alert;
  readonly incidents: Incident;
}

/** The serdes of topics, by what the topics are for. */
export type TopicSerdes<R extends TopicRole = TopicRole> = { readonly [Role in R]: AvroSerde<Values[Role]> };

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
