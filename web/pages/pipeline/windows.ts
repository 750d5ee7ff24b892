/** Windows of a store as its result topic tells of them: of each key the last record of each window. */

export interface SentRecord {
  readonly key: string | null;
  readonly offset: number;
  readonly partition: number;
  readonly timestamp: number;
  readonly value?: unknown;
}

export interface SentWindow {
  readonly start: number;
  readonly end: number;
  /** By entity, which is the key without the window. */
  readonly rows: readonly WindowRow[];
  /** Of the measure, over all keys. */
  readonly total: number;
}

export interface WindowRow {
  readonly entity: string;
  readonly values: Readonly<Record<string, number>>;
  readonly measure: number;
}

export interface SentWindows {
  /** The earliest first. */
  readonly windows: readonly SentWindow[];
  /** What the bars count, such as `count`; undefined: keys. */
  readonly measure: string | undefined;
  /** The field that the key is of. */
  readonly entityField: string | undefined;
  /** Fields beside the measure, at most three. */
  readonly others: readonly string[];
  readonly sizeMs: number;
  readonly hopMs: number;
}

const MEASURES = ['count', 'requests', 'request_count', 'records'];
const NOT_MEASURES = new Set(['window_start', 'window_end', 'timestamp']);
const MAX_OTHERS = 3;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** @param records newest first, as the API gives them */
export function windowsOf(records: readonly SentRecord[]): SentWindows | undefined {
  const byWindow = new Map<string, { start: number; end: number; last: Map<string, Fields> }>();
  for (const { key, value } of records) {
    if (!isFields(value)) continue;
    const { window_end: end, window_start: start } = value;
    if (typeof start !== 'number' || typeof end !== 'number') continue;
    const name = `${start} ${end}`;
    const window = byWindow.get(name) ?? { start, end, last: new Map() };
    byWindow.set(name, window);
    const entity = entityOf(key, value);
    if (!window.last.has(entity)) window.last.set(entity, value);
  }
  const found = [...byWindow.values()].toSorted((one, other) => one.start - other.start);
  const [sample] = found[0]?.last.values() ?? [];
  if (sample === undefined) return undefined;
  const numeric = Object.keys(sample).filter((name) => typeof sample[name] === 'number' && !NOT_MEASURES.has(name));
  const measure = MEASURES.find((name) => numeric.includes(name));
  const others = numeric.filter((name) => name !== measure).slice(0, MAX_OTHERS);
  const windows = found.map(({ end, last, start }) => windowOf(start, end, last, measure));
  const starts = [...new Set(windows.map(({ start }) => start))];
  const hops = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
  const sizeMs = Math.max(...windows.map(({ end, start }) => end - start));
  return {
    ...{ windows, measure, others, sizeMs },
    entityField: Object.keys(sample).find((name) => typeof sample[name] === 'string'),
    hopMs: Math.min(sizeMs, ...hops),
  };
}

function windowOf(
  start: number,
  end: number,
  last: ReadonlyMap<string, Fields>,
  measure: string | undefined,
): SentWindow {
  const rows = [...last].map(([entity, fields]) => {
    const values: Record<string, number> = {};
    for (const [name, one] of Object.entries(fields)) if (typeof one === 'number') values[name] = one;
    return { entity, values, measure: measure === undefined ? 1 : (values[measure] ?? 0) };
  });
  rows.sort((one, other) => other.measure - one.measure || one.entity.localeCompare(other.entity));
  return { start, end, rows, total: rows.reduce((sum, row) => sum + row.measure, 0) };
}

/** The key without the start of its window; without a key the first field of words. */
function entityOf(key: string | null, value: Fields): string {
  if (key !== null) return key.replace(/@\d+$/, '');
  const words = Object.values(value).find((one) => typeof one === 'string');
  return typeof words === 'string' ? words : '';
}
