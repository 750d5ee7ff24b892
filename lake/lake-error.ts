/** A failure of the lake that a user can act upon; `code` is stable, the message says what to do. */
export class LakeError extends Error {
  constructor(
    readonly code:
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
      | 'TABLE_UNSUPPORTED',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'LakeError';
  }
}
