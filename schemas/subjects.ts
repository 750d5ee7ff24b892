import { fileURLToPath } from 'node:url';
import { type SchemaDefinition, SchemaFolder } from './schema-folder.js';

/** Which file of this folder says what the values of each of the application's topics are. */
const SCHEMA_OF_TOPIC = {
  accessLog: 'access-log',
  goal1: 'goal1',
  goal2: 'goal2',
  goal3: 'goal3',
  goal4: 'goal4',
  serverErrors: 'server-errors',
  webStatistics: 'web-statistics',
  sensorReadings: 'sensor-reading',
  sensorScores: 'sensor-score',
  sensorHours: 'sensor-hour',
  serviceLogs: 'service-log',
  serviceHealth: 'service-health',
  mlPredictions: 'ml-prediction',
  alerts: 'alert',
  incidents: 'incident',
} as const;

/** What a topic is for; which topic that is, is configuration. */
export type TopicRole = keyof typeof SCHEMA_OF_TOPIC;

export function isTopicRole(role: string): role is TopicRole {
  return Object.hasOwn(SCHEMA_OF_TOPIC, role);
}

/** The schemas of the application; the build copies them beside the code. */
export const SCHEMAS_DIRECTORY = fileURLToPath(new URL('.', import.meta.url));

/** The schema of a topic's values. @throws SchemaError SCHEMA_INVALID */
export function topicSchema(role: TopicRole): SchemaDefinition {
  return new SchemaFolder(SCHEMAS_DIRECTORY).definition(SCHEMA_OF_TOPIC[role]);
}

/** Where the schema of a topic's values is registered, by Confluent's convention. */
export function valueSubject(topic: string): string {
  return `${topic}-value`;
}

/** A schema and where it belongs. */
export interface SubjectSchema extends SchemaDefinition {
  readonly subject: string;
  /** The file's name, without its extension. */
  readonly file: string;
}

/**
 * The schemas of a folder and their subjects: the application's files belong to its topics, a type that others use to
 * its full name, and any other file to the subject that it is named for.
 *
 * @throws SchemaError SCHEMA_INVALID
 */
export function subjectsOf(folder: SchemaFolder, topics: Readonly<Record<TopicRole, string>>): SubjectSchema[] {
  const topicOfFile = new Map(
    Object.entries(SCHEMA_OF_TOPIC).map(([role, file]): [string, string] => [file, topics[role as TopicRole]]),
  );
  const subjects = new Map<string, SubjectSchema>();
  const referenced = folder.referenced;
  for (const file of folder.names) {
    const definition = folder.definition(file);
    const topic = topicOfFile.get(file);
    const type = referenced.find(({ schema }) => schema === definition.schema);
    // A topic's values may be of a type that other schemas use as well.
    if (type !== undefined) subjects.set(type.subject, { subject: type.subject, file, ...definition });
    if (topic !== undefined) {
      const subject = valueSubject(topic);
      subjects.set(subject, { subject, file, ...definition });
    } else if (type === undefined) {
      subjects.set(file, { subject: file, file, ...definition });
    }
  }
  // What others use is registered before them.
  const order = referenced.map(({ subject }) => subject);
  const rank = ({ subject }: SubjectSchema) => (order.includes(subject) ? order.indexOf(subject) : order.length);
  return [...subjects.values()].sort((one, other) => rank(one) - rank(other));
}
