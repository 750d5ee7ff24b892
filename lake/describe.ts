import { tableColumns } from './append.js';
import { type FileStatistics, statisticsOf } from './delta/actions.js';
import { DeltaLog } from './delta/delta-log.js';
import type { Snapshot } from './delta/snapshot.js';
import { partitionOf } from './table-files.js';

/** What a table holds of one kind. */
export interface KindSummary {
  readonly kind: string;
  /** Undefined where a file says nothing of its rows. */
  readonly rows: number | undefined;
  readonly files: number;
  readonly sizeBytes: number;
  /** The first and last hour, `yyyy-mm-dd hh`, in UTC. */
  readonly firstHour: string;
  readonly lastHour: string;
  /** The columns that have values, beside those of the partition. */
  readonly columns: readonly string[];
}

export interface TableSummary {
  readonly version: number;
  readonly kinds: readonly KindSummary[];
}

/** What the table holds, from its log alone. @throws LakeError NO_TABLE */
export async function describeTable(directory: string): Promise<TableSummary> {
  const snapshot = await new DeltaLog(directory).require();
  return { version: snapshot.version, kinds: kindsOf(snapshot) };
}

/** The kinds that have files, by name. */
export function kindsOf(snapshot: Snapshot): KindSummary[] {
  const names = tableColumns(snapshot).all.map(({ name }) => name);
  const kinds = new Map<string, KindSummary>();
  for (const file of snapshot.files.values()) {
    const { date, hour, kind } = partitionOf(file);
    const at = `${date} ${String(hour).padStart(2, '0')}`;
    const statistics = statisticsOf(file);
    const known = kinds.get(kind) ?? { rows: 0, files: 0, sizeBytes: 0, firstHour: at, lastHour: at, columns: [] };
    const present = new Set([...known.columns, ...columnsWithValues(names, statistics)]);
    kinds.set(kind, {
      kind,
      rows:
        known.rows === undefined || statistics?.numRecords === undefined
          ? undefined
          : known.rows + statistics.numRecords,
      files: known.files + 1,
      sizeBytes: known.sizeBytes + file.size,
      firstHour: at < known.firstHour ? at : known.firstHour,
      lastHour: at > known.lastHour ? at : known.lastHour,
      columns: names.filter((name) => present.has(name)),
    });
  }
  return [...kinds.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

/** Those of the columns that have a value in the file, or may have where its statistics do not say. */
function columnsWithValues(names: readonly string[], statistics: Partial<FileStatistics> | undefined): string[] {
  const { nullCount, numRecords } = statistics ?? {};
  return names.filter((name) => {
    const nulls = nullCount?.[name];
    return nulls === undefined || numRecords === undefined || nulls < numRecords;
  });
}
