import type { Log } from '../log/log.js';
import type { StoreType, Topology } from '../topology/topology.js';
import type { Counters, DurationHistogram } from './counters.js';
import { type NodeMetrics, nodeMetricsOf } from './node-metrics.js';
import type { Task } from './task/task.js';
import type { Position } from './task/task-manager.js';
import { taskId } from './task/task-state.js';
import type { TimeLimits } from './task/task-time.js';
import type { TimeLags } from './time-lag.js';

/** Whoever has been silent for so long is told as silent. */
const SILENT_MS = 1000;

export interface TaskMetrics {
  readonly task: string;
  readonly subtopology: string;
  readonly partition: number;
  /** Windows that end by then, and their grace, are closed; milliseconds since the epoch, -1 before the first record. */
  readonly watermark: number;
  /** The highest time read; -1 before the first record. */
  readonly stream_time: number;
  /** Whether the watermark waits for tasks that feed this one, while others are further. */
  readonly waits_for_upstream: boolean;
}

/** A partition that is read. */
export interface PartitionMetrics {
  readonly topic: string;
  readonly partition: number;
  readonly task: string;
  readonly end_offset: number;
  /** What is processed is before it. */
  readonly position: number;
  readonly committed_offset: number;
  readonly lag_records: number;
  /** How long ago the end of the log was where the position is now. */
  readonly lag_ms: number;
  /** The highest time read of it, milliseconds since the epoch; -1 before the first record, null for a repartition topic. */
  readonly watermark: number | null;
  /** Since when nothing has come, milliseconds since the epoch; null where something has within a second. */
  readonly idle_since: number | null;
  /** Whether the task's watermark waits for it while other inputs are further. */
  readonly holds_back: boolean;
}

export interface StoreMetrics {
  readonly name: string;
  readonly task: string;
  /** How many partitions the store has, in all instances together. */
  readonly partitions: number;
  readonly type: StoreType;
  /** Null where it takes a count to know. */
  readonly entries: number | null;
  /** On the disk, roughly; null in memory. */
  readonly bytes: number | null;
  /** Entries that the next commit takes. */
  readonly uncommitted: number;
}

/** What an instance of an application does. Counters are totals since the start of the process. */
export interface RuntimeMetrics {
  readonly tasks: readonly TaskMetrics[];
  readonly nodes: readonly NodeMetrics[];
  readonly partitions: readonly PartitionMetrics[];
  readonly stores: readonly StoreMetrics[];
  /** Until a commit was durable. */
  readonly commits: DurationHistogram;
  /** From a record's time until its results were durable: of the newest record of each source partition in each commit. */
  readonly end_to_end: DurationHistogram;
  /** Changelog offsets; 0 and 0 where nothing is restored now. */
  readonly restore: { readonly done: number; readonly total: number };
}

interface Runtime {
  readonly topology: Topology;
  readonly counters: Counters;
  readonly tasks: readonly Task[];
  readonly positions: readonly Position[];
  /** How many tasks the sub-topologies have, by their numbers, in all instances together. */
  readonly taskCounts: readonly number[];
  readonly limits: TimeLimits;
  readonly lags: TimeLags;
  readonly log: Log;
  readonly now: () => number;
  readonly monotonicMs: () => number;
}

export async function runtimeMetricsOf(runtime: Runtime): Promise<RuntimeMetrics> {
  const { counters, tasks, topology } = runtime;
  const known = new Set(counters.taskIds);
  const nodes = topology.subTopologies.flatMap((sub) =>
    [...known]
      .filter((id) => id.startsWith(`${sub.id}_`))
      .flatMap((id) => nodeMetricsOf(sub, id, counters.nodesOf(id))),
  );
  const [partitions, stores] = await Promise.all([
    Promise.all(runtime.positions.map((position) => partitionMetrics(position, runtime))),
    Promise.all(tasks.map((task) => storeMetrics(task, runtime.taskCounts[task.subTopology.id] ?? 0))),
  ]);
  return {
    tasks: tasks.map(({ partition, subTopology, time }) => ({
      task: taskId(subTopology, partition),
      subtopology: `${subTopology.id}`,
      partition,
      watermark: time.watermark,
      stream_time: time.highest,
      waits_for_upstream: time.holdingBack(runtime.limits).upstream,
    })),
    nodes,
    partitions,
    stores: stores.flat(),
    commits: counters.commits.histogram(),
    end_to_end: counters.endToEnd.histogram(),
    restore: { ...counters.restore },
  };
}

async function partitionMetrics(
  { committedOffset, task, topicPartition }: Position,
  { lags, limits, log, monotonicMs, now }: Runtime,
): Promise<PartitionMetrics> {
  const { partition, topic } = topicPartition;
  const end = await log.endOffset(topicPartition);
  const position = task.inputs.positionIn(topic);
  const source = task.time.source(topic);
  const at = monotonicMs();
  const silentMs = source === undefined ? 0 : at - source.lastArrivalMs;
  return {
    ...{ topic, partition, task: task.id },
    end_offset: end,
    position,
    committed_offset: committedOffset,
    lag_records: Math.max(0, end - position),
    lag_ms: Math.round(lags.lagOf(`${topic}-${partition}`, at, position, end)),
    watermark: source?.time ?? null,
    idle_since: silentMs < SILENT_MS ? null : Math.round(now() - silentMs),
    holds_back: task.time.holdingBack(limits).topics.includes(topic),
  };
}

async function storeMetrics({ database, id, stores, subTopology }: Task, partitions: number): Promise<StoreMetrics[]> {
  return Promise.all(
    subTopology.stores.map(async ({ name, type }) => {
      const store = stores.get(name);
      return {
        ...{ name, partitions, type, task: id },
        entries: store?.entries ?? null,
        bytes: (await database?.approximateBytes(name)) ?? null,
        uncommitted: store?.uncommittedEntries ?? 0,
      };
    }),
  );
}
