import { join } from 'node:path';
import type { Log } from '@millrace/streams';
import { AvroSerde } from '@millrace/streams/avro';
import { EmbeddedLog } from '@millrace/streams/embedded';
import type { Schema } from 'avsc';
import { Random } from '../../../producer/random.js';
import { SchemaDirectory } from '../../../schemas/schema-directory.js';

/** A data directory's log and schemas, as a pipeline has them. */
export async function openDataDirectory(dataDir: string) {
  const log = await EmbeddedLog.open({ directory: join(dataDir, 'log'), fsync: false });
  return { log, schemas: new SchemaDirectory(join(dataDir, 'schemas.json')) };
}

export interface Produced<T> {
  readonly partition: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: T | null;
}

/** Appends records, as many a transaction as the log's partitions take at once. */
export async function produce<T>(
  { log, schemas }: { readonly log: Log; readonly schemas: SchemaDirectory },
  topic: string,
  schema: Schema,
  records: readonly Produced<T>[],
): Promise<void> {
  const serde = await AvroSerde.create<T>({ registry: schemas, subject: `${topic}-value`, schema });
  for (let at = 0; at < records.length; at += 500) {
    const transaction = log.transaction();
    for (const { key, partition, timestamp, value } of records.slice(at, at + 500)) {
      const bytes = value === null ? null : Buffer.from(serde.serialize(topic, value));
      transaction.append(topic, partition, timestamp, key === null ? null : Buffer.from(key), bytes);
    }
    await transaction.commit();
  }
}

export const REQUEST: Schema = {
  type: 'record',
  name: 'Request',
  fields: [
    { name: 'host', type: 'string' },
    { name: 'status', type: 'int' },
    { name: 'request_time', type: ['null', 'double'], default: null },
    { name: 'timestamp', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as Schema;

export interface Request {
  readonly host: string;
  readonly status: number;
  readonly request_time: number | null;
  readonly timestamp: number;
}

/** Requests of a few hours around midnight, for partitions in turn. */
export function requests(count: number, partitions: number, seed: number): Produced<Request>[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, n) => {
    const timestamp = Date.UTC(2026, 0, 31, 22) + random.below(4 * 3_600_000);
    const host = `host-${random.below(20)}`;
    const value = {
      host,
      status: [200, 301, 404, 500][random.below(4)] as number,
      request_time: random.below(10) === 0 ? null : random.below(1000) / 1000,
      timestamp,
    };
    return { partition: n % partitions, timestamp, key: host, value };
  });
}
