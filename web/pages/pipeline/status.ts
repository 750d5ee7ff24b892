import type { Schemas } from '../../api/client.js';

/** What an instance says of itself once a second. Counters are totals since its start. */
export interface InstanceStatus {
  readonly instance: string;
  readonly application: string;
  readonly time: number;
  readonly started: number | undefined;
  readonly state: string;
  readonly version: string | undefined;
  readonly tasks: readonly TaskStatus[];
  readonly nodes: Readonly<Record<string, NodeCounts>>;
  readonly partitions: readonly PartitionStatus[];
  readonly stores: readonly StoreStatus[];
  readonly restore: { readonly done: number; readonly total: number };
  readonly commits: { readonly count: number; readonly msSum: number; readonly buckets: readonly Bucket[] };
  readonly totals: Readonly<Record<string, number>>;
  readonly skipped: Readonly<Record<string, number>>;
  readonly late: Readonly<Record<string, number>>;
}

export interface Bucket {
  /** Milliseconds at most; undefined: any. */
  readonly le: number | undefined;
  readonly count: number;
}

export interface TaskStatus {
  readonly task: string;
  readonly subtopology: string;
  readonly watermark: number | undefined;
  readonly streamTime: number | undefined;
  readonly waitsForUpstream: boolean;
}

export interface NodeCounts {
  readonly records_in: number;
  readonly records_out: number;
  readonly skipped: number;
  readonly late: number;
}

export interface PartitionStatus {
  readonly topic: string;
  readonly partition: number;
  readonly task: string;
  readonly endOffset: number | undefined;
  readonly position: number | undefined;
  readonly committed: number | undefined;
  readonly lagRecords: number | undefined;
  readonly lagMs: number | undefined;
  readonly watermark: number | undefined;
  readonly idleSince: number | undefined;
  readonly holdsBack: boolean;
}

export interface StoreStatus {
  readonly name: string;
  readonly task: string;
  readonly type: string;
  readonly entries: number | undefined;
  readonly bytes: number | undefined;
  readonly uncommitted: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
/** Times before the first record are -1. */
const timeOf = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined);
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);

function numbersOf(value: unknown): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, one] of Object.entries(fieldsOf(value))) if (typeof one === 'number') numbers[name] = one;
  return numbers;
}

/** A record of the topic of statuses, or what the API passes on of it. */
export function statusOf(record: Schemas['InstanceStatus'] | Fields): InstanceStatus {
  const { commits, restore, totals } = record as Fields;
  const ms = fieldsOf(fieldsOf(commits)['ms']);
  return {
    instance: textOf(record['instance']),
    application: textOf(record['application']),
    time: numberOf(record['time']) ?? 0,
    started: numberOf((record as Fields)['started']),
    state: textOf(record['state']),
    version: textOf((record as Fields)['version']) || undefined,
    tasks: listOf((record as Fields)['tasks']).map((one) => ({
      task: textOf(one['task']),
      subtopology: textOf(one['subtopology']),
      watermark: timeOf(one['watermark']),
      streamTime: timeOf(one['stream_time']),
      waitsForUpstream: one['waits_for_upstream'] === true,
    })),
    nodes: nodesOf((record as Fields)['nodes']),
    partitions: listOf((record as Fields)['partitions']).map((one) => ({
      topic: textOf(one['topic']),
      partition: numberOf(one['partition']) ?? 0,
      task: textOf(one['task']),
      endOffset: numberOf(one['end_offset']),
      position: numberOf(one['position']),
      committed: numberOf(one['committed_offset']),
      lagRecords: numberOf(one['lag_records']),
      lagMs: numberOf(one['lag_ms']),
      watermark: timeOf(one['watermark']),
      idleSince: numberOf(one['idle_since']),
      holdsBack: one['holds_back'] === true,
    })),
    stores: listOf((record as Fields)['stores']).map((one) => ({
      name: textOf(one['name']),
      task: textOf(one['task']),
      type: textOf(one['type']),
      entries: numberOf(one['entries']),
      bytes: numberOf(one['bytes']),
      uncommitted: numberOf(one['uncommitted']),
    })),
    restore: { done: numberOf(fieldsOf(restore)['done']) ?? 0, total: numberOf(fieldsOf(restore)['total']) ?? 0 },
    commits: {
      count: numberOf(fieldsOf(commits)['count']) ?? 0,
      msSum: numberOf(ms['sum']) ?? 0,
      buckets: listOf(ms['buckets']).map(({ count, le }) => ({ le: numberOf(le), count: numberOf(count) ?? 0 })),
    },
    totals: numbersOf(totals),
    skipped: numbersOf(fieldsOf(totals)['skipped']),
    late: numbersOf(fieldsOf(totals)['late']),
  };
}

function nodesOf(value: unknown): Record<string, NodeCounts> {
  const nodes: Record<string, NodeCounts> = {};
  for (const [name, one] of Object.entries(fieldsOf(value))) {
    const counts = fieldsOf(one);
    nodes[name] = {
      records_in: numberOf(counts['records_in']) ?? 0,
      records_out: numberOf(counts['records_out']) ?? 0,
      skipped: numberOf(counts['skipped']) ?? 0,
      late: numberOf(counts['late']) ?? 0,
    };
  }
  return nodes;
}

/** The partitions of all instances, the one that is furthest behind first. */
export function partitionsOf(items: readonly InstanceStatus[]): PartitionStatus[] {
  return items.flatMap(({ partitions }) => partitions).toSorted((one, other) => (other.lagMs ?? 0) - (one.lagMs ?? 0));
}

export function storesOf(items: readonly InstanceStatus[]): StoreStatus[] {
  return items
    .flatMap(({ stores }) => stores)
    .toSorted((one, other) => (other.entries ?? -1) - (one.entries ?? -1) || one.name.localeCompare(other.name));
}
