import type { Schemas } from '../../api/client.js';
import { number } from '../../parts/wording.js';

type Instance = Schemas['InstanceStatus'];
type Fields = Readonly<Record<string, unknown>>;

export interface PartitionStatus {
  readonly topic: string;
  readonly partition: number;
  readonly lagRecords: number | undefined;
  readonly lagMs: number | undefined;
  readonly watermark: number | undefined;
  readonly idleSince: number | undefined;
  readonly holdsBack: boolean;
}

export interface StoreStatus {
  readonly name: string;
  readonly task: string;
  readonly entries: number | undefined;
  readonly bytes: number | undefined;
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}

/** The partitions of all instances, the one that is furthest behind first. */
export function partitionsOf(items: readonly Instance[]): PartitionStatus[] {
  return items
    .flatMap((one) => listOf(one['partitions']))
    .map((one) => ({
      topic: String(one['topic'] ?? ''),
      partition: numberOf(one['partition']) ?? 0,
      lagRecords: numberOf(one['lag_records']),
      lagMs: numberOf(one['lag_ms']),
      watermark: numberOf(one['watermark']),
      idleSince: numberOf(one['idle_since']),
      holdsBack: one['holds_back'] === true,
    }))
    .toSorted((one, other) => (other.lagMs ?? 0) - (one.lagMs ?? 0));
}

export function storesOf(items: readonly Instance[]): StoreStatus[] {
  return items
    .flatMap((one) => listOf(one['stores']))
    .map((one) => ({
      name: String(one['name'] ?? ''),
      task: String(one['task'] ?? ''),
      entries: numberOf(one['entries']),
      bytes: numberOf(one['bytes']),
    }))
    .toSorted((one, other) => (other.bytes ?? 0) - (one.bytes ?? 0));
}

const TOTALS: readonly (readonly [field: string, words: string])[] = [
  ['consumed', 'Records in'],
  ['records_in', 'Records in'],
  ['produced', 'Records out'],
  ['late', 'Late'],
  ['dead_letters', 'Dead letters'],
  ['skipped', 'Skipped'],
];

/** Since the instances started. */
export function totalsOf(items: readonly Instance[]): { readonly name: string; readonly value: number }[] {
  return TOTALS.flatMap(([field, name]) => {
    const values = items.flatMap(({ totals }) => {
      const value = typeof totals === 'object' && totals !== null ? (totals as Fields)[field] : undefined;
      return typeof value === 'number' ? [value] : [];
    });
    return values.length === 0 ? [] : [{ name, value: values.reduce((sum, value) => sum + value, 0) }];
  });
}

/** What holds the pipeline up, as a sentence. */
export function bottleneckOf(items: readonly Instance[]): string {
  const partitions = partitionsOf(items);
  const last = partitions[0];
  const holder = partitions.find(({ holdsBack }) => holdsBack);
  if (holder !== undefined) return `${holder.topic}/${holder.partition} holds stream time back.`;
  if (last?.lagMs === undefined || last.lagMs < 1_000) return 'Nothing holds it up.';
  return `${last.topic}/${last.partition} is furthest behind: ${number(last.lagMs / 1000)} s.`;
}
