import type { Serde } from '../../serde/serde.js';
import { VarintReader, writeVarint } from '../../serde/varint.js';

/** A value of a key from one time on. */
export interface VersionedRecord<V> {
  readonly value: V;
  /** From when it is valid, in milliseconds since the epoch. */
  readonly timestamp: number;
  /** When the next version replaced or deleted it; undefined for the latest. */
  readonly validTo: number | undefined;
}

/** A version as it is held: its value's bytes, or null where the key was deleted. */
export interface Version {
  readonly timestamp: number;
  readonly bytes: Buffer | null;
}

/** A key's versions, in the order of time. It is not changed, but replaced by another. */
export type History = readonly Version[];

/** With the version put where it belongs; one of the same time is replaced. */
export function withVersion(history: History, added: Version): { readonly history: History; readonly index: number } {
  let index = history.length;
  while (index > 0 && (history[index - 1] as Version).timestamp > added.timestamp) index--;
  const replaces = history[index - 1]?.timestamp === added.timestamp;
  if (replaces) index--;
  return { history: history.toSpliced(index, replaces ? 1 : 0, added), index };
}

/**
 * Without the versions that nobody can ask for: those that were replaced by then, and a deletion of before then, which says
 * what no version says as well.
 */
export function withoutOlder(history: History, oldestAsked: number): History {
  let first = 0;
  for (; first < history.length; first++) {
    const { bytes, timestamp } = history[first] as Version;
    const next = history[first + 1];
    const isReplaced = next !== undefined && next.timestamp <= oldestAsked;
    if (!isReplaced && (bytes !== null || timestamp > oldestAsked)) break;
  }
  return first === 0 ? history : history.slice(first);
}

/** The latest version; undefined where it is a deletion, or there is none. */
export function latestOf(history: History): VersionedRecord<Buffer> | undefined {
  return recordAt(history, history.length - 1);
}

/** What was valid then. Nothing is known of before `oldestAsked`, but where the latest version is that old. */
export function validAt(history: History, asOf: number, oldestAsked: number): VersionedRecord<Buffer> | undefined {
  const index = history.findLastIndex(({ timestamp }) => timestamp <= asOf);
  if (index < history.length - 1 && asOf < oldestAsked) return undefined;
  return recordAt(history, index);
}

/** What was valid at any time from one to another, both included, in the order of time. */
export function validWithin(
  history: History,
  from: number,
  to: number,
  oldestAsked: number,
): VersionedRecord<Buffer>[] {
  return history.flatMap((_, index) => {
    const record = recordAt(history, index);
    if (record === undefined || record.timestamp > to) return [];
    const { validTo = Number.POSITIVE_INFINITY } = record;
    return validTo > from && validTo > oldestAsked ? [record] : [];
  });
}

function recordAt(history: History, index: number): VersionedRecord<Buffer> | undefined {
  const version = history[index];
  if (version === undefined || version.bytes === null) return undefined;
  return { value: version.bytes, timestamp: version.timestamp, validTo: history[index + 1]?.timestamp };
}

const MAX_VARINTS = 2 * 8;

/** Each version as: time (varint), length of the value plus 1 (varint, 0: a deletion), value. */
export const historySerde: Serde<History> = {
  serialize: (_topic, history) =>
    Buffer.concat(
      history.flatMap(({ bytes, timestamp }) => {
        const head = Buffer.alloc(MAX_VARINTS);
        const end = writeVarint(head, writeVarint(head, 0, timestamp), bytes === null ? 0 : bytes.length + 1);
        return bytes === null ? [head.subarray(0, end)] : [head.subarray(0, end), bytes];
      }),
    ),
  deserialize(_topic, bytes, start, end) {
    const history: Version[] = [];
    const reader = new VarintReader(bytes);
    reader.position = start;
    while (reader.position < end) {
      const timestamp = reader.next();
      const length = reader.next() - 1;
      const { position } = reader;
      if (length >= 0) reader.position += length;
      history.push({ timestamp, bytes: length < 0 ? null : Buffer.from(bytes.subarray(position, reader.position)) });
    }
    return history;
  },
};
