import type { LiveRecord } from '../live/live-record.js';
import type { LogSource } from '../records.js';
import type { Services } from '../services.js';
import { newestFirst } from './line-order.js';
import { findLines, type LineStores, type Search } from './lines.js';
import { storeOf } from './stored-lines.js';

/** How far after a line those that follow are looked for, each time so much further. */
const FIRST_REACH_MS = 1_000;
const GROWTH = 16;

type Place = Pick<LiveRecord, 'offset' | 'partition' | 'topic'>;
type Around = Pick<Search, 'q' | 'signal' | 'source'>;

/** A line by where it is in the log, in memory or where it is stored. @throws Problem */
export async function lineAt(
  { live, storedLines }: Pick<Services, 'live' | 'storedLines'>,
  source: LogSource,
  place: Place,
  signal: AbortSignal,
): Promise<LiveRecord | undefined> {
  const isAsked = ({ offset, partition }: LiveRecord) => partition === place.partition && offset === place.offset;
  const held = live.ringOf(source)?.select(isAsked)[0];
  return held ?? storeOf(storedLines, source)?.line(source, place, signal);
}

/** The lines before one, the earliest first. @throws Problem */
export async function linesBefore(
  services: LineStores,
  line: LiveRecord,
  around: Around,
  count: number,
): Promise<LiveRecord[]> {
  if (count === 0) return [];
  const range = { from: Number.NEGATIVE_INFINITY, to: line.time + 1 };
  const { records } = await findLines(services, { ...around, range, after: line, limit: count });
  return records.slice(0, count).reverse();
}

/** The lines after one, the earliest first: in ever longer times, until there are enough of them or no more. @throws Problem */
export async function linesAfter(
  services: LineStores & Pick<Services, 'live'>,
  line: LiveRecord,
  around: Around,
  count: number,
): Promise<LiveRecord[]> {
  if (count === 0) return [];
  for (let reach = FIRST_REACH_MS; ; reach *= GROWTH) {
    const isAll = line.time + reach > services.live.latestTime;
    const range = { from: line.time, to: isAll ? Number.POSITIVE_INFINITY : line.time + reach };
    const { records } = await findLines(services, { ...around, range });
    const behind = records.filter((record) => newestFirst(record, line) < 0).reverse();
    if (isAll || behind.length >= count) return behind.slice(0, count);
  }
}

/** A search that finds lines of the same service, host or sensor alone. */
export function ofSameEntity(q: string, { host, sensor_id: sensor, service }: LiveRecord['value']): string {
  const [field, entity] = [
    ['service', service],
    ['sensor_id', sensor],
    ['host', host],
  ].find(([, value]) => typeof value === 'string') ?? [undefined, undefined];
  return field === undefined ? q : `${q} ${field}:"${String(entity).replace(/[\\"]/g, '\\$&')}"`;
}
