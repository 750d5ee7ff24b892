import type { Log } from '@millrace/streams';
import { z } from 'zod';
import { TOPIC_IDS, topicEntry, topicsOfConnector } from '../../schemas/topics.js';
import { ConnectState, connectStateSchema } from '../live/connect-state.js';
import { notFound, Problem } from '../problems.js';
import { type Resource, route } from '../route.js';

const WITHIN_MS = 5_000;

const connectorState = z
  .object({
    name: z.string(),
    sink: z
      .string()
      .meta({ description: 'Where it writes to: `elasticsearch`, `influxdb`, or what its name begins with.' }),
    topics: z.array(z.string()).meta({ description: 'That it reads, of those that the application has.' }),
    state: connectStateSchema.nullable().meta({ description: 'As Kafka Connect says; null where no worker has it.' }),
    worker: z.string().nullable(),
    failure: z.string().nullable().meta({ description: 'The first line of why it, or a task of it, has failed.' }),
    tasks: z.array(
      z.object({ id: z.int(), state: connectStateSchema, worker: z.string(), failure: z.string().nullable() }),
    ),
    lag_records: z
      .int()
      .nullable()
      .meta({ description: 'Records of its topics that it has not written yet; null where that is not known.' }),
  })
  .meta({ id: 'Connector' });

/** The application's own. */
const KNOWN = [...new Set(TOPIC_IDS.flatMap((id) => topicEntry(id).connectors ?? []))].sort();

async function connectorsOf(log: Log): Promise<z.output<typeof connectorState>[]> {
  const state = await ConnectState.read(log, WITHIN_MS);
  const names = [...new Set([...KNOWN, ...state.names])];
  return Promise.all(
    names.map(async (name) => {
      const connector = state.connector(name);
      const tasks = state.tasks(name);
      const topics = topicsOfConnector(name);
      return {
        name,
        sink: name.split('-', 1)[0] ?? name,
        topics,
        state: connector?.state ?? null,
        worker: connector?.worker ?? null,
        failure: connector?.failure ?? tasks.find(({ failure }) => failure !== null)?.failure ?? null,
        tasks,
        lag_records: connector === undefined ? null : await lagOf(log, name, topics),
      };
    }),
  );
}

/** By the consumer group that Connect gives a sink. */
async function lagOf(log: Log, name: string, topics: readonly string[]): Promise<number | null> {
  let lag = 0;
  try {
    for (const topic of topics) {
      for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
        const at = { topic, partition };
        const [committed, start, end] = await Promise.all([
          log.committed(`connect-${name}`, at),
          log.startOffset(at),
          log.endOffset(at),
        ]);
        lag += Math.max(0, end - Math.max(start, committed?.offset ?? start));
      }
    }
    return lag;
  } catch {
    // Whoever serves may not look at the group.
    return null;
  }
}

/** @throws Problem 503 */
async function known(log: Log): Promise<z.output<typeof connectorState>[]> {
  try {
    return await connectorsOf(log);
  } catch (cause) {
    throw new Problem(503, 'connect-unknown', `What Kafka Connect says cannot be read: ${(cause as Error).message}.`, {
      cause,
      retryAfterSeconds: 5,
    });
  }
}

export const connectors: Resource = {
  name: 'connectors',
  description:
    'Kafka Connect: what carries topics to Elasticsearch and InfluxDB, by what its workers write in `connect-status`. On an embedded log there is none.',
  routes: [
    route({
      method: 'get',
      path: '/connectors',
      summary: 'All connectors: those of the application, and what else the workers have',
      role: 'viewer',
      problems: [503],
      answer: z.object({
        available: z.boolean().meta({ description: 'Whether there is Kafka Connect at this log.' }),
        items: z.array(connectorState),
      }),
      async handle(_, { log }) {
        const items = await known(log);
        return { available: items.some(({ state }) => state !== null), items };
      },
    }),
    route({
      method: 'get',
      path: '/connectors/{name}',
      summary: 'A connector',
      role: 'viewer',
      params: z.object({ name: z.string().min(1).max(300) }),
      problems: [404, 503],
      answer: connectorState,
      async handle({ params }, { log }) {
        const found = (await known(log)).find(({ name }) => name === params.name);
        if (found === undefined) throw notFound('connector', params.name);
        return found;
      },
    }),
  ],
};
