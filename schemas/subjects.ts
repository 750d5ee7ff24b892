import { fileURLToPath } from 'node:url';
import { type SchemaDefinition, SchemaFolder } from './schema-folder.js';
import { TOPIC_ROLES, TOPICS, type TopicRole } from './topics.js';

export function isTopicRole(role: string): role is TopicRole {
  return (TOPIC_ROLES as readonly string[]).includes(role);
}

/** The schemas of the application; the build copies them beside the code. */
export const SCHEMAS_DIRECTORY = fileURLToPath(new URL('.', import.meta.url));

/** The schema of a topic's values. @throws SchemaError SCHEMA_INVALID */
export function topicSchema(role: TopicRole): SchemaDefinition {
  return new SchemaFolder(SCHEMAS_DIRECTORY).definition(TOPICS[role].schema);
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
  const topicOfFile = new Map(TOPIC_ROLES.map((role): [string, string] => [TOPICS[role].schema, topics[role]]));
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
