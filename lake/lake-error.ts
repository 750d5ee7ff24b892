import { MillraceError } from '@millrace/streams';

/** A failure of the lake that a user can act upon; `code` is stable, the message says what to do. */
export class LakeError extends MillraceError<
  | 'CONCURRENT_COMMIT'
  | 'DUCKDB_MISSING'
  | 'LAKE_IO'
  | 'LOG_IS_ANOTHER'
  | 'NO_TABLE'
  | 'QUERY_FAILED'
  | 'QUERY_LIMIT'
  | 'QUERY_REFUSED'
  | 'SOURCE_INVALID'
  | 'TABLE_CORRUPT'
  | 'TABLE_UNSUPPORTED'
> {}
