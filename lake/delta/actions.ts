import { z } from 'zod';

/**
 * The actions of Delta's transaction log, as its protocol has them (github.com/delta-io/delta, PROTOCOL.md). A commit is
 * a file of JSON lines, an action each.
 */

const texts = z.record(z.string(), z.string().nullable());

const protocol = z.looseObject({ minReaderVersion: z.int(), minWriterVersion: z.int() });

const metaData = z.looseObject({
  id: z.string(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  format: z.looseObject({ provider: z.string(), options: texts.nullish() }),
  /** The columns, in JSON: see delta-schema.ts. */
  schemaString: z.string(),
  partitionColumns: z.array(z.string()),
  configuration: texts.nullish(),
  /** Milliseconds since the epoch. */
  createdTime: z.number().nullish(),
});

const add = z.looseObject({
  /** Relative to the table, percent-encoded. */
  path: z.string(),
  partitionValues: texts,
  /** Bytes. */
  size: z.number(),
  /** Milliseconds since the epoch. */
  modificationTime: z.number(),
  /** False: it only rearranges rows that were in the table already. */
  dataChange: z.boolean(),
  /** `FileStatistics`, in JSON. */
  stats: z.string().nullish(),
});

const remove = z.looseObject({
  path: z.string(),
  /** Milliseconds since the epoch. */
  deletionTimestamp: z.number().nullish(),
  dataChange: z.boolean(),
  extendedFileMetadata: z.boolean().nullish(),
  partitionValues: texts.nullish(),
  size: z.number().nullish(),
});

const txn = z.looseObject({
  /** Whose version it is. */
  appId: z.string(),
  version: z.number(),
  lastUpdated: z.number().nullish(),
});

const commitInfo = z.looseObject({ timestamp: z.number().nullish(), operation: z.string().nullish() });

const line = z.looseObject({
  protocol: protocol.nullish(),
  metaData: metaData.nullish(),
  add: add.nullish(),
  remove: remove.nullish(),
  txn: txn.nullish(),
  commitInfo: commitInfo.nullish(),
});

export type Protocol = z.infer<typeof protocol>;
export type Metadata = z.infer<typeof metaData>;
export type Add = z.infer<typeof add>;
export type Remove = z.infer<typeof remove>;
export type Txn = z.infer<typeof txn>;
export type CommitInfo = z.infer<typeof commitInfo>;

/** One of its members is there; others' actions that mean nothing to us have none. */
export type Action = Readonly<z.infer<typeof line>>;

/** What is known of a file's rows. Values of timestamps are ISO 8601, those of dates yyyy-mm-dd. */
export interface FileStatistics {
  readonly numRecords: number;
  readonly minValues: Readonly<Record<string, unknown>>;
  readonly maxValues: Readonly<Record<string, unknown>>;
  readonly nullCount: Readonly<Record<string, number>>;
}

/** @throws Error when the text is no action */
export function parseAction(text: string): Action {
  return line.parse(JSON.parse(text));
}

/** The statistics of a file; undefined where nobody has written any. */
export function statisticsOf({ stats }: Add): Partial<FileStatistics> | undefined {
  return stats === undefined || stats === null ? undefined : (JSON.parse(stats) as Partial<FileStatistics>);
}
