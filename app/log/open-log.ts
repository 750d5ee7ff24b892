import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '@millrace/streams';
import type { SchemaRegistry } from '@millrace/streams/avro';
import type { KafkaLogOptions } from '@millrace/streams/kafka';
import type { SchemaCatalogue } from '../../schemas/schema-catalogue.js';
import { AppError } from '../app-error.js';
import type { Notify } from '../notice.js';
import { tenantPrefix } from '../tenant.js';
import { BesideLog } from './beside-log.js';
import { ownDataDirectory, shareDataDirectory } from './data-directory.js';
import { ensureKafkaClient } from './kafka-client.js';
import { parseLogUrl } from './log-url.js';
import { takeProcessSlot } from './process-slot.js';
import { TenantLog } from './tenant-log.js';
import { TenantSchemas } from './tenant-schemas.js';

/** The log, its schemas and where state is kept: an embedded log's directory, or a Kafka cluster and a registry. */
export interface OpenLog {
  readonly log: Log;
  readonly schemas: SchemaRegistry & SchemaCatalogue;
  readonly stateDirectory: string;
  /** What is written beside the work of tasks, whose commits do not wait for it; undefined: `log` has that. */
  readonly beside?: BesideLog;
  close(): Promise<void>;
}

/** What is done with the log. */
export type Purpose =
  /** Runs tasks; on an embedded log, alone, and with a bound to what it takes on disk. */
  | { readonly runs: 'tasks'; readonly maxLogBytes?: number }
  /** Appends what it is fed. */
  | { readonly runs: 'producer' }
  | { readonly runs: 'reader' };

/** What only Kafka is told. Plain values: they can be sent to another process. */
export interface KafkaOptions
  extends Pick<KafkaLogOptions, 'groupProtocol' | 'guarantee' | 'replicationFactor' | 'settings' | 'topicConfig'> {
  /** The URL of the schema registry, which has to be there. */
  readonly registry?: string;
  /** False: schemas are only looked up. Default true. */
  readonly autoRegister?: boolean;
  /** Where the state of the tasks of this machine is. */
  readonly dataDirectory: string;
  /** Its processes keep their places in the group while they are restarted, by names that are in the data directory. */
  readonly staticMembership?: boolean;
  /** Whose topics, groups and subjects these are; undefined: all of them. */
  readonly tenant?: string;
}

/** Where a log is; it can be sent to another process. */
export interface LogPlace {
  readonly url: string;
  readonly kafka?: KafkaOptions;
}

export interface OpenLogOptions {
  readonly purpose: Purpose;
  readonly kafka?: KafkaOptions;
  /** Aborted, it ends what waits for a service. */
  readonly signal: AbortSignal;
  readonly onNotice: Notify;
}

/**
 * Opens a log by its URL: a data directory, or `kafka://host:port,…`.
 *
 * @throws AppError LOG_URL, REGISTRY_MISSING; LogError, SchemaError, StateError, KafkaClientError
 */
export async function openLog(url: string, options: OpenLogOptions): Promise<OpenLog> {
  const { onNotice, purpose } = options;
  const address = parseLogUrl(url);
  if (address.kind === 'kafka') return openKafka(address.brokers, options);
  return purpose.runs === 'tasks'
    ? ownDataDirectory(address.directory, onNotice, purpose.maxLogBytes)
    : shareDataDirectory(address.directory, { create: purpose.runs === 'producer' });
}

async function openKafka(brokers: string, { kafka, onNotice, purpose, signal }: OpenLogOptions): Promise<OpenLog> {
  if (kafka?.registry === undefined) {
    throw new AppError(
      'REGISTRY_MISSING',
      'a log on Kafka needs the URL of a schema registry such as http://127.0.0.1:8081',
    );
  }
  const { autoRegister = true, dataDirectory, registry, staticMembership = false, tenant, ...options } = kafka;
  const prefix = tenant === undefined ? '' : tenantPrefix(tenant);
  await ensureKafkaClient();
  const stateDirectory = join(dataDirectory, 'state');
  const slot = purpose.runs === 'tasks' ? await takeProcessSlot(join(stateDirectory, 'processes')) : undefined;
  const notify = (message: string) => onNotice({ kind: 'service', message });
  // Only those who use Kafka load its clients; one of them is a native addon.
  const { KafkaLog } = await import('@millrace/streams/kafka');
  const ofTenant = (log: Log) => (tenant === undefined ? log : new TenantLog(log, prefix));
  const name = `${prefix}millrace-${slot?.id ?? randomUUID()}`;
  const log = ofTenant(
    await KafkaLog.open({
      ...options,
      brokers,
      signal,
      say: notify,
      transactionalId: name,
      ...(staticMembership && slot !== undefined && { groupInstanceId: name }),
    }),
  );
  // A producer has one transaction at a time, and this one needs none. What goes wrong is told by the other.
  const beside = new BesideLog(async () => {
    return ofTenant(await KafkaLog.open({ ...options, guarantee: 'at-least-once', brokers, signal, say: () => {} }));
  });
  const { ConfluentRegistry } = await import('../../schemas/confluent-registry.js');
  const registered = new ConfluentRegistry({
    url: registry,
    autoRegister,
    signal,
    onUnavailable: ({ message }) => notify(message),
    onRecovered: notify,
  });
  return {
    log,
    schemas: tenant === undefined ? registered : new TenantSchemas(registered, prefix),
    stateDirectory,
    beside,
    close: async () => {
      registered.close();
      await beside.close();
      await log.close();
      await slot?.release();
    },
  };
}
