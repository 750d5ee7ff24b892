import { type Add, statisticsOf } from '../delta/actions.js';
import { endOf, partitionOf } from '../table-files.js';

const HOUR_MS = 3_600_000;
/** How many hours more are looked through each time. */
const GROWTH = 4;

export interface Choice {
  readonly kind: string;
  readonly from: number;
  /** Not included. */
  readonly to: number;
}

/**
 * The files that may have records of the kind and time, by the hours that they are of, the latest first: for an hour has all
 * its records before any other has.
 */
export function chosenFiles(files: Iterable<Add>, { from, kind, to }: Choice): Add[][] {
  const hours = new Map<number, Add[]>();
  for (const file of files) {
    const partition = partitionOf(file);
    if (partition.kind !== kind) continue;
    const end = endOf(partition);
    if (end <= from || end - HOUR_MS >= to || !mayHave(file, from, to)) continue;
    const ofHour = hours.get(end);
    if (ofHour === undefined) hours.set(end, [file]);
    else ofHour.push(file);
  }
  return [...hours].sort(([one], [other]) => other - one).map(([, ofHour]) => ofHour);
}

/** First an hour, then ever more at a time: what there is much of is found soon, and what is rare in a few steps. */
export function* inSteps(hours: readonly (readonly Add[])[]): Generator<Add[]> {
  let size = 1;
  for (let at = 0; at < hours.length; at += size, size *= GROWTH) yield hours.slice(at, at + size).flat();
}

/** By its statistics, where it has any: an hour that goes on has many small files. */
function mayHave(file: Add, from: number, to: number): boolean {
  const { maxValues, minValues } = statisticsOf(file) ?? {};
  const least = timeOf(minValues);
  const most = timeOf(maxValues);
  return !(least >= to || most < from);
}

function timeOf(bounds: Readonly<Record<string, unknown>> | undefined): number {
  const bound = bounds?.['timestamp'];
  return typeof bound === 'string' ? Date.parse(bound) : Number.NaN;
}
