/** What a query answered, as far as it can be drawn. */
export interface Result {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

export interface ResultLines {
  /** Milliseconds since the epoch, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  /** Lines beyond those that can be told apart. */
  readonly leftOut: number;
}

export const MAX_LINES = 5;

const TIME_TYPES = /^(TIMESTAMP|DATE)/;
const NUMBER_TYPES = /INT|DOUBLE|FLOAT|DECIMAL|REAL|NUMERIC/;

export const isNumberType = (type: string): boolean => NUMBER_TYPES.test(type);

/**
 * A result over time: a line for each column of numbers, or for each value of one column of words. Undefined where it has no
 * column of times, none of numbers, or several of words, for its rows are then no points of a line.
 */
export function linesOf({ columns, rows }: Result): ResultLines | undefined {
  const at = (isIt: (type: string) => boolean) => columns.flatMap(({ type }, index) => (isIt(type) ? [index] : []));
  const [time] = at((type) => TIME_TYPES.test(type));
  const numbers = at(isNumberType);
  const words = at((type) => type === 'VARCHAR');
  const [number] = numbers;
  if (time === undefined || number === undefined || words.length > 1 || rows.length === 0) return undefined;
  const points = rows.flatMap((row) => {
    const instant = instantOf(row[time]);
    return instant === undefined ? [] : [{ row, instant }];
  });
  const times = [...new Set(points.map(({ instant }) => instant))].sort((one, other) => one - other);
  const place = new Map(times.map((instant, index) => [instant, index]));
  const lines = new Map<string, (number | null)[]>();
  const put = (name: string, instant: number, value: unknown) => {
    const line = lines.get(name) ?? Array<number | null>(times.length).fill(null);
    const index = place.get(instant);
    if (index !== undefined) line[index] = value === null || value === undefined ? null : Number(value);
    lines.set(name, line);
  };
  const [word] = words;
  for (const { instant, row } of points) {
    if (word !== undefined) put(String(row[word] ?? 'null'), instant, row[number]);
    else for (const index of numbers) put(columns[index]?.name ?? '', instant, row[index]);
  }
  const all = [...lines].map(([name, values]) => ({ name, values }));
  // Those with most stand out; further ones could not be told apart.
  const sum = ({ values }: { values: readonly (number | null)[] }) =>
    values.reduce<number>((total, value) => total + Math.abs(value ?? 0), 0);
  const shown = all.toSorted((one, other) => sum(other) - sum(one)).slice(0, MAX_LINES);
  return { times, lines: shown, leftOut: all.length - shown.length };
}

/** Of a time as DuckDB writes it, such as `2026-11-27 14:02:05+00` or `2026-11-27`. */
export function instantOf(value: unknown): number | undefined {
  const [, day, clock, zone] =
    /^(\d{4,}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d+)?))?([+-]\d\d(?::?\d\d)?)?$/.exec(String(value)) ?? [];
  if (day === undefined) return undefined;
  const offset = zone === undefined ? 'Z' : zone.length === 3 ? `${zone}:00` : zone;
  const time = Date.parse(`${day}T${clock ?? '00:00:00'}${offset}`);
  return Number.isNaN(time) ? undefined : time;
}
