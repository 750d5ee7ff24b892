import { tableColumns } from '../append.js';
import type { Add } from '../delta/actions.js';
import { DUCKDB_TYPES } from '../delta/delta-schema.js';
import type { Snapshot } from '../delta/snapshot.js';
import { kindsOf } from '../describe.js';
import { identifier, literal, type OpenDuckDb } from '../duckdb.js';
import { LakeError } from '../lake-error.js';
import { ALL_KINDS, viewName } from '../sources.js';
import { columnsIn, partitionOf, readFiles } from '../table-files.js';

const HIVE = "hive_partitioning = true, hive_types = {'kind': VARCHAR, 'date': DATE, 'hour': INTEGER}";

/** A view of the table, by its name. */
export interface View {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Makes `logs`, the whole table, and a view of each kind with those columns that have values in it. */
export async function createViews(duckDb: OpenDuckDb, directory: string, snapshot: Snapshot): Promise<View[]> {
  const columns = tableColumns(snapshot).all;
  const files = [...snapshot.files.values()];
  for (const file of files) requireHivePath(file);
  const source = files.length === 0 ? '(SELECT 1 WHERE false)' : readFiles(directory, files, HIVE);
  const present = await columnsIn(duckDb, source);
  const selected = columns.map(({ name, type }) =>
    present.has(name) ? identifier(name) : `CAST(NULL AS ${DUCKDB_TYPES[type]}) AS ${identifier(name)}`,
  );
  await duckDb.run(`CREATE VIEW ${ALL_KINDS} AS SELECT ${selected.join(', ')} FROM ${source}`);
  const views: View[] = [{ name: ALL_KINDS, columns: columns.map(({ name }) => name) }];
  for (const { columns: ofKind, kind } of kindsOf(snapshot)) {
    const name = viewName(kind);
    const list = ofKind.map(identifier).join(', ');
    await duckDb.run(
      `CREATE VIEW ${identifier(name)} AS SELECT ${list} FROM ${ALL_KINDS} WHERE kind = ${literal(kind)}`,
    );
    views.push({ name, columns: ofKind });
  }
  return views;
}

/** DuckDB takes a partition's values from the path, where the log's are the ones that count. */
function requireHivePath(file: Add): void {
  const { date, hour, kind } = partitionOf(file);
  if (decodeURIComponent(file.path).startsWith(`kind=${kind}/date=${date}/hour=${hour}/`)) return;
  throw new LakeError('TABLE_UNSUPPORTED', `the file ${file.path} of the table is not in its partition's directory`);
}
