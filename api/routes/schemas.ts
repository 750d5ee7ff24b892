import { z } from 'zod';
import { SchemaError } from '../../schemas/schema-error.js';
import { notFound, Problem } from '../problems.js';
import { type Resource, route } from '../route.js';

const WITHIN_MS = 5_000;

const versionSchema = z
  .object({
    version: z.int(),
    id: z.int().meta({ description: 'What the bytes of a value begin with.' }),
    schema: z.unknown().meta({ description: 'In Avro.' }),
    references: z
      .array(z.object({ name: z.string(), subject: z.string(), version: z.int() }))
      .meta({ description: 'Types of other subjects that it uses.' }),
  })
  .meta({ id: 'SchemaVersion' });
const subject = z.string().min(1).max(300);

/** @throws Problem 503 when the registry does not answer */
async function asked<T>(question: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new SchemaError('REGISTRY_UNAVAILABLE', `the registry has not answered in ${WITHIN_MS / 1000} s`)),
      WITHIN_MS,
    );
  });
  try {
    return await Promise.race([question, late]);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new Problem(503, 'registry-failed', `The schemas cannot be read now: ${error.message}.`, {
      cause: error,
      retryAfterSeconds: 5,
    });
  } finally {
    clearTimeout(timer);
  }
}

export const schemas: Resource = {
  name: 'schemas',
  description: 'What the values of topics are: the schema registry, or the file of the data directory.',
  routes: [
    route({
      method: 'get',
      path: '/schemas',
      summary: 'All subjects and their versions',
      role: 'viewer',
      problems: [503],
      answer: z.object({
        items: z.array(
          z.object({
            subject: z.string(),
            topic: z.string().nullable().meta({ description: 'Whose values it is of; null where it is of none here.' }),
            versions: z.array(z.object({ version: z.int(), id: z.int() })),
          }),
        ),
      }),
      async handle(_, { log, schemas: catalogue }) {
        const topics = new Set(await log.topics());
        const names = await asked(catalogue.subjects());
        const items = await asked(
          Promise.all(
            names.map(async (name) => {
              const topic = name.replace(/-(value|key)$/, '');
              const versions = await catalogue.versionsOf(name);
              return {
                subject: name,
                topic: topics.has(topic) ? topic : null,
                versions: versions.map(({ id, version }) => ({ id, version })),
              };
            }),
          ),
        );
        return { items };
      },
    }),
    route({
      method: 'get',
      path: '/schemas/{subject}',
      summary: "A subject's versions, the oldest first",
      role: 'viewer',
      params: z.object({ subject }),
      problems: [404, 503],
      answer: z.object({ subject: z.string(), versions: z.array(versionSchema) }),
      async handle({ params }, { schemas: catalogue }) {
        const versions = await asked(catalogue.versionsOf(params.subject));
        if (versions.length === 0) throw notFound('subject', params.subject);
        return { subject: params.subject, versions };
      },
    }),
    route({
      method: 'get',
      path: '/schemas/{subject}/versions/{version}',
      summary: 'A version of a subject',
      role: 'viewer',
      params: z.object({
        subject,
        version: z
          .string()
          .regex(/^(latest|[1-9]\d{0,8})$/, 'It must be a number, or latest.')
          .meta({ description: 'Its number, or `latest`.' }),
      }),
      problems: [404, 503],
      answer: versionSchema,
      async handle({ params }, { schemas: catalogue }) {
        const versions = await asked(catalogue.versionsOf(params.subject));
        const found =
          params.version === 'latest'
            ? versions.at(-1)
            : versions.find(({ version }) => version === Number(params.version));
        if (found === undefined) throw notFound(`version of ${params.subject}`, params.version);
        return found;
      },
    }),
  ],
};
