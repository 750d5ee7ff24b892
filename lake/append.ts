import { randomUUID } from 'node:crypto';
import type { TopicPartition } from '@millrace/streams';
import { PARTITION_COLUMNS, TableColumns } from './columns.js';
import type { Action, Add, Metadata } from './delta/actions.js';
import { PROTOCOL } from './delta/delta-log.js';
import { type Column, columnNames, columnsOf, schemaOf, withColumns } from './delta/delta-schema.js';
import type { Snapshot } from './delta/snapshot.js';
import { LakeError } from './lake-error.js';

/** How far a topic's partition is in the table. */
export interface PartitionProgress {
  readonly appId: string;
  /** The transaction version in the table: the offset after its last record there; undefined where it has none. */
  version: number | undefined;
  /** The offset after what is to be appended. */
  position: number;
}

/** Whose transaction versions are a partition's offsets. */
export function transactionId({ partition, topic }: TopicPartition): string {
  return `millrace/${topic}/${partition}`;
}

/** The columns of the table; of one that is to be made when there is none. @throws LakeError TABLE_UNSUPPORTED */
export function tableColumns(snapshot: Snapshot | undefined): TableColumns {
  if (snapshot === undefined) return new TableColumns();
  const { partitionColumns, schemaString } = snapshot.metaData;
  const own = PARTITION_COLUMNS.map(({ name }) => name);
  if (partitionColumns.join() !== own.join()) {
    throw new LakeError(
      'TABLE_UNSUPPORTED',
      `the table is partitioned by ${partitionColumns.join(', ') || 'nothing'}, not by ${own.join(', ')}: it is not Millrace's`,
    );
  }
  return new TableColumns(columnsOf(schemaString));
}

/** What is appended. */
export interface Append {
  readonly files: readonly Add[];
  /** All columns that the table is to have. */
  readonly columns: readonly Column[];
  readonly progress: readonly Readonly<PartitionProgress>[];
}

/**
 * The actions that append files to the table as it is, or make it.
 *
 * @throws LakeError CONCURRENT_COMMIT when another writer has stored some of the records, or made a column of another type
 */
export function appendActions(snapshot: Snapshot | undefined, { columns, files, progress }: Append): Action[] {
  const lastUpdated = Date.now();
  return [
    ...tableActions(snapshot, columns),
    ...progress.map(({ appId, position, version }) => {
      const current = snapshot?.transactions.get(appId)?.version;
      if (current !== version) {
        throw new LakeError(
          'CONCURRENT_COMMIT',
          `another writer has stored ${appId.replace('millrace/', '')} up to offset ${current}`,
        );
      }
      return { txn: { appId, version: position, lastUpdated } };
    }),
    ...files.map((add) => ({ add })),
  ];
}

function tableActions(snapshot: Snapshot | undefined, columns: readonly Column[]): Action[] {
  if (snapshot === undefined) return [{ protocol: { ...PROTOCOL } }, { metaData: newTable(columns) }];
  const { metaData } = snapshot;
  const known = new Map(columnsOf(metaData.schemaString).map((column) => [column.name.toLowerCase(), column]));
  for (const { name, type } of columns) {
    const other = known.get(name.toLowerCase());
    if (other !== undefined && other.type !== type) {
      throw new LakeError('CONCURRENT_COMMIT', `another writer has made the column ${name} of type ${other.type}`);
    }
  }
  const names = columnNames(metaData.schemaString);
  const missing = columns.filter(({ name }) => !names.has(name.toLowerCase()));
  return missing.length === 0
    ? []
    : [{ metaData: { ...metaData, schemaString: withColumns(metaData.schemaString, missing) } }];
}

function newTable(columns: readonly Column[]): Metadata {
  return {
    id: randomUUID(),
    name: 'millrace',
    format: { provider: 'parquet', options: {} },
    schemaString: schemaOf(columns),
    partitionColumns: PARTITION_COLUMNS.map(({ name }) => name),
    configuration: {},
    createdTime: Date.now(),
  };
}
