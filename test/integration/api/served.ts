import { join } from 'node:path';
import type { Log } from '@millrace/streams';
import type { SchemaRegistry } from '@millrace/streams/avro';
import { type RunningServer, serve } from '../../../api/serve.js';
import type { RateLimits } from '../../../api/server.js';
import type { LineReading } from '../../../app/ingestion/line-reading.js';
import type { ReceiveLimits } from '../../../app/ingestion/receive-http.js';
import { openLog } from '../../../app/log/open-log.js';
import { TenantLog } from '../../../app/log/tenant-log.js';
import type { StateAccess } from '../../../app/pipeline/state-access.js';
import { tenantPrefix } from '../../../app/tenant.js';
import { DEFAULT_APPLICATION_CONFIG, topicsOf } from '../../../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../../../topology/serdes.js';
import { temporaryDirectory } from '../millrace.js';

/** A server in this process, over an embedded log that the test writes itself. */
export interface Served extends RunningServer {
  readonly log: Log;
  readonly schemas: SchemaRegistry;
  readonly serdes: TopicSerdes;
  /** Of its users and its log of who did what. */
  readonly directory: string;
  /** Appends a record to a topic of one partition. */
  append(role: keyof TopicSerdes, values: readonly object[]): Promise<void>;
  stop(): Promise<void>;
}

export interface ServedOptions {
  readonly auth: boolean;
  readonly rateLimits?: RateLimits;
  /** What a pipeline has left, with a lake in it; default an empty one. */
  readonly dataDirectory?: string;
  readonly receives?: LineReading;
  readonly receiveLimits?: ReceiveLimits;
  readonly stateAccess?: StateAccess;
  /** Of a log that others use, too; it stays open. */
  readonly tenant?: { readonly name: string; readonly log: Log; readonly accessDirectory: string };
}

export async function served({
  auth,
  dataDirectory,
  rateLimits,
  receiveLimits,
  receives,
  stateAccess,
  tenant,
}: ServedOptions): Promise<Served> {
  const temporary = await temporaryDirectory();
  const directory = join(temporary.path, 'http');
  const own = await openLog(dataDirectory ?? join(temporary.path, 'data'), {
    purpose: { runs: 'producer' },
    signal: new AbortController().signal,
    onNotice: () => {},
  });
  const opened = tenant === undefined ? own : { ...own, log: new TenantLog(tenant.log, tenantPrefix(tenant.name)) };
  const config = DEFAULT_APPLICATION_CONFIG;
  const topics = topicsOf(config);
  for (const topic of Object.values(topics)) await opened.log.ensureTopic(topic, { partitions: 1 });
  const serdes = (await registerSerdes(opened.schemas, topics)) as TopicSerdes;
  const server = await serve({
    ...{ log: opened.log, schemas: opened.schemas, config, directory, auth, receives, stateAccess, receiveLimits },
    ...{ address: { host: '127.0.0.1', port: 0 }, version: 'test' },
    lakeDirectory: dataDirectory === undefined ? undefined : join(dataDirectory, 'lake'),
    ...(rateLimits === undefined ? {} : { rateLimits }),
    ...(tenant === undefined ? {} : { tenant: tenant.name, accessDirectory: tenant.accessDirectory }),
  });
  return {
    ...server,
    ...{ log: opened.log, schemas: opened.schemas, serdes, directory },
    append: async (role, values) => {
      const transaction = opened.log.transaction();
      const topic = config.topics[role];
      for (const value of values) {
        const { id } = value as { id?: string };
        const bytes = (serdes[role] as { serialize(topic: string, value: unknown): Uint8Array }).serialize(
          topic,
          value,
        );
        transaction.append(topic, 0, Date.now(), id === undefined ? null : Buffer.from(id), bytes);
      }
      await transaction.commit();
    },
    stop: async () => {
      await server.close();
      await opened.close();
      await temporary.remove();
    },
  };
}
