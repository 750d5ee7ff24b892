import type { DuckDBValueConverter, Json } from '@duckdb/node-api';
import type { DuckDbModule } from '../duckdb.js';

/** Values as JSON has them; whole numbers that it cannot hold exactly, and times, as texts. */
export function toJson({ JsonDuckDBValueConverter }: DuckDbModule): DuckDBValueConverter<Json> {
  return (value, type, converter) =>
    typeof value === 'bigint' && Number.isSafeInteger(Number(value))
      ? Number(value)
      : JsonDuckDBValueConverter(value, type, converter);
}
