import type { DecodedRecord } from '../../app/results/record-decoder.js';

/** A record of a topic, decoded. */
export interface LiveRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Of the event, in milliseconds since the epoch. */
  readonly time: number;
  readonly key: string | null;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Where a record says when it was. */
const TIME_FIELDS = ['timestamp', 'window_start', 'updated', 'time'] as const;

/** @returns undefined where the value has no fields */
export function liveRecordOf(
  topic: string,
  { key, offset, partition, timestamp }: DecodedRecord,
  value: unknown,
): LiveRecord | undefined {
  if (!isFields(value)) return undefined;
  return { topic, partition, offset, time: timeOf(value) ?? timestamp, key, value };
}

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function timeOf(fields: Readonly<Record<string, unknown>>): number | undefined {
  for (const name of TIME_FIELDS) {
    const value = fields[name];
    if (typeof value === 'number' && value > 0) return value;
  }
  return undefined;
}
