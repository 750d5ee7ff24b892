import type { Bucket, InstanceStatus, NodeCounts } from './status.js';

const KEPT = 60;
/** What is shown is of so long: shorter ones jump, longer ones hide. */
const SPAN_MS = 5_000;
const GONE_AFTER_MS = 30_000;

/** What instances have said, the last minute of it. */
export type History = ReadonlyMap<string, readonly InstanceStatus[]>;

/** A new history that ends with the status; an instance that began anew has none from before. */
export function withStatus(history: History, status: InstanceStatus): History {
  const known = history.get(status.instance) ?? [];
  const last = known.at(-1);
  if (last !== undefined && last.time >= status.time) return history;
  const goesOn = last === undefined || last.started === status.started;
  return new Map(history).set(status.instance, [...(goesOn ? known.slice(1 - KEPT) : []), status]);
}

/** The newest of each instance, those that have not spoken for long left out unless they are all there is. */
export function newestOf(history: History): InstanceStatus[] {
  const newest = [...history.values()].flatMap((statuses) => statuses.at(-1) ?? []);
  const latest = Math.max(...newest.map(({ time }) => time));
  return newest.filter(({ time }) => latest - time < GONE_AFTER_MS);
}

interface Step {
  readonly now: InstanceStatus;
  readonly before: InstanceStatus;
  readonly seconds: number;
}

/** Of each instance its newest status and the one from some seconds before. */
function stepsOf(history: History): Step[] {
  const newest = new Set(newestOf(history));
  return [...history.values()].flatMap((statuses) => {
    const now = statuses.at(-1);
    if (now === undefined || !newest.has(now)) return [];
    const before = statuses.findLast(({ time }) => now.time - time >= SPAN_MS) ?? statuses[0];
    if (before === undefined || before === now) return [];
    return [{ now, before, seconds: (now.time - before.time) / 1000 }];
  });
}

export interface NodeRates {
  readonly recordsIn: number;
  readonly recordsOut: number;
}

export interface Rates {
  /** Records a second by node of the topology; undefined before there are two statuses. */
  readonly nodes: ReadonlyMap<string, NodeRates> | undefined;
  /** Records a second that come into a partition, and that are processed of it, by `topic/partition`. */
  readonly partitions: ReadonlyMap<string, { readonly written: number; readonly read: number }>;
  readonly commitsPerSecond: number | undefined;
  /** Milliseconds, of the commits of the last seconds. */
  readonly commitMs: number | undefined;
  readonly commitP95Ms: number | undefined;
  readonly changelogPerSecond: number | undefined;
}

export function ratesOf(history: History): Rates {
  const steps = stepsOf(history);
  if (steps.length === 0) {
    return {
      nodes: undefined,
      partitions: new Map(),
      commitsPerSecond: undefined,
      commitMs: undefined,
      commitP95Ms: undefined,
      changelogPerSecond: undefined,
    };
  }
  const sum = (value: (step: Step) => number) => steps.reduce((total, step) => total + value(step), 0);
  const commits = sum(({ before, now }) => now.commits.count - before.commits.count);
  const ms = sum(({ before, now }) => now.commits.msSum - before.commits.msSum);
  return {
    nodes: nodeRates(steps),
    partitions: partitionRates(steps),
    commitsPerSecond: sum(({ before, now, seconds }) => (now.commits.count - before.commits.count) / seconds),
    commitMs: commits > 0 ? ms / commits : undefined,
    commitP95Ms: quantileOf(steps, 0.95),
    changelogPerSecond: sum(
      ({ before, now, seconds }) =>
        ((now.totals['changelogRecords'] ?? 0) - (before.totals['changelogRecords'] ?? 0)) / seconds,
    ),
  };
}

const NONE: NodeCounts = { records_in: 0, records_out: 0, skipped: 0, late: 0 };

function nodeRates(steps: readonly Step[]): Map<string, NodeRates> {
  const rates = new Map<string, NodeRates>();
  for (const { before, now, seconds } of steps) {
    for (const [name, counts] of Object.entries(now.nodes)) {
      const old = before.nodes[name] ?? NONE;
      const known = rates.get(name);
      rates.set(name, {
        recordsIn: (known?.recordsIn ?? 0) + Math.max(0, counts.records_in - old.records_in) / seconds,
        recordsOut: (known?.recordsOut ?? 0) + Math.max(0, counts.records_out - old.records_out) / seconds,
      });
    }
  }
  return rates;
}

function partitionRates(steps: readonly Step[]): Map<string, { written: number; read: number }> {
  const rates = new Map<string, { written: number; read: number }>();
  for (const { before, now, seconds } of steps) {
    for (const { endOffset, partition, position, topic } of now.partitions) {
      const old = before.partitions.find((one) => one.topic === topic && one.partition === partition);
      if (old === undefined) continue;
      rates.set(`${topic}/${partition}`, {
        written: Math.max(0, (endOffset ?? 0) - (old.endOffset ?? 0)) / seconds,
        read: Math.max(0, (position ?? 0) - (old.position ?? 0)) / seconds,
      });
    }
  }
  return rates;
}

/** The bound of the bucket that the share of the last seconds' commits is in. */
function quantileOf(steps: readonly Step[], share: number): number | undefined {
  const counts = new Map<number, number>();
  let all = 0;
  for (const { before, now } of steps) {
    all += now.commits.count - before.commits.count;
    const old = new Map(before.commits.buckets.map(({ count, le }: Bucket) => [le, count]));
    for (const { count, le } of now.commits.buckets) {
      if (le !== undefined) counts.set(le, (counts.get(le) ?? 0) + count - (old.get(le) ?? 0));
    }
  }
  if (all <= 0) return undefined;
  return [...counts].find(([, count]) => count >= share * all)?.[0];
}

/** How far the slowest partition was behind in each second, in milliseconds. */
export function lagSeriesOf(history: History): number[] {
  const series = [...history.values()].toSorted((one, other) => other.length - one.length)[0] ?? [];
  return series.map(({ partitions }) => Math.max(0, ...partitions.map(({ lagMs }) => lagMs ?? 0)));
}
