import type { Serde } from '../../serde/serde.js';
import { VarintReader, writeVarint } from '../../serde/varint.js';
import type { Absence, Word } from '../task/task-time.js';

/** A record as it was read, by a copy of its bytes. */
export interface OriginalRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/**
 * What stands in the value of a repartition topic's record.
 *
 * - `record`: one record; the time of the source partition that it came from decides, downstream, whether it is late.
 * - `block`: partial aggregates that a combiner has made of the records of one commit.
 * - `single`: as a block, of one record, with what that was made from: its windows may be closed, and then it is reported as late.
 *   The record's key, where it has one, is the key in the topic.
 * - `watermark`: an upstream task's watermark; it stands in every partition after each commit of the task.
 *
 * The first byte tells which; times are 8-byte doubles, big-endian.
 */
export type RepartitionRecord =
  | { readonly kind: 'record'; readonly partitionTime: number; readonly valueStart: number }
  | { readonly kind: 'block'; readonly slice: number; readonly block: Buffer }
  | {
      readonly kind: 'single';
      readonly slice: number;
      readonly block: Buffer;
      readonly partitionTime: number;
      /** Undefined for what no record was read for, such as a result that is aggregated further. */
      readonly original: Omit<OriginalRecord, 'key'> | undefined;
    }
  | {
      readonly kind: 'watermark';
      readonly upstreamTask: number;
      readonly word: Word;
    };

/** What stands before the value of a plain record. */
export const RECORD_HEAD_BYTES = 9;

const RECORD = 0;
const NULL_RECORD = 1;
const BLOCK = 2;
const WATERMARK = 3;
const SINGLE = 4;

/** By the byte that stands for them. */
const ABSENCES: readonly Absence[] = ['none', 'idle', 'at-end'];

export function encodeRecord<V>(topic: string, partitionTime: number, value: V, serde: Serde<V>): Buffer {
  const head = Buffer.allocUnsafe(RECORD_HEAD_BYTES);
  head[0] = value === null || value === undefined ? NULL_RECORD : RECORD;
  head.writeDoubleBE(partitionTime, 1);
  return head[0] === NULL_RECORD ? head : Buffer.concat([head, serde.serialize(topic, value)]);
}

export function encodeBlock(slice: number, block: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head[0] = BLOCK;
  return Buffer.concat([head.subarray(0, writeVarint(head, 1, slice)), block]);
}

export function encodeSingle(
  slice: number,
  block: Buffer,
  partitionTime: number,
  original: Omit<OriginalRecord, 'key'> | undefined,
): Buffer {
  const topic = Buffer.from(original?.topic ?? '');
  const head = Buffer.alloc(60 + topic.length);
  head[0] = SINGLE;
  head.writeDoubleBE(partitionTime, 1);
  head.writeDoubleBE(original?.timestamp ?? 0, 9);
  head[17] = original === undefined ? 0 : original.value === null ? 1 : 2;
  let end = writeVarint(head, 18, slice);
  end = writeVarint(head, end, original?.partition ?? 0);
  end = writeVarint(head, end, original?.offset ?? 0);
  end = writeVarint(head, end, topic.length);
  head.set(topic, end);
  end = writeVarint(head, end + topic.length, block.length);
  return Buffer.concat([head.subarray(0, end), block, original?.value ?? new Uint8Array(0)]);
}

export function encodeWatermark(upstreamTask: number, { absence, confirmations, time }: Word): Buffer {
  const bytes = Buffer.alloc(30);
  bytes[0] = WATERMARK;
  bytes[1] = ABSENCES.indexOf(absence);
  bytes.writeDoubleBE(time, 2);
  return bytes.subarray(0, writeVarint(bytes, writeVarint(bytes, 10, upstreamTask), confirmations));
}

/** Reads `bytes[start, end)`; a plain record with `valueStart` of -1 has the value null. */
export function decodeRepartitionRecord(bytes: Buffer, start: number, end: number): RepartitionRecord {
  switch (bytes[start]) {
    case RECORD:
      return { kind: 'record', partitionTime: bytes.readDoubleBE(start + 1), valueStart: start + RECORD_HEAD_BYTES };
    case NULL_RECORD:
      return { kind: 'record', partitionTime: bytes.readDoubleBE(start + 1), valueStart: -1 };
    case BLOCK: {
      const reader = new VarintReader(bytes);
      reader.position = start + 1;
      const slice = reader.next();
      return { kind: 'block', slice, block: bytes.subarray(reader.position, end) };
    }
    case SINGLE:
      return decodeSingle(bytes, start, end);
    case WATERMARK: {
      const reader = new VarintReader(bytes);
      reader.position = start + 10;
      const upstreamTask = reader.next();
      const absence = ABSENCES[bytes[start + 1] ?? 0] ?? 'none';
      // Earlier versions did not write it.
      const confirmations = reader.position < end ? reader.next() : 0;
      return { kind: 'watermark', upstreamTask, word: { time: bytes.readDoubleBE(start + 2), absence, confirmations } };
    }
    default:
      throw new RangeError(`a repartition record starts with ${String(bytes[start])}, which names no kind`);
  }
}

function decodeSingle(bytes: Buffer, start: number, end: number): RepartitionRecord {
  const reader = new VarintReader(bytes);
  reader.position = start + 18;
  const slice = reader.next();
  const partition = reader.next();
  const offset = reader.next();
  const topicLength = reader.next();
  const topic = bytes.toString('utf8', reader.position, reader.position + topicLength);
  reader.position += topicLength;
  const blockLength = reader.next();
  const valueStart = reader.position + blockLength;
  const value = bytes[start + 17] === 2 ? bytes.subarray(valueStart, end) : null;
  return {
    kind: 'single',
    slice,
    block: bytes.subarray(reader.position, valueStart),
    partitionTime: bytes.readDoubleBE(start + 1),
    original:
      bytes[start + 17] === 0
        ? undefined
        : { topic, partition, offset, timestamp: bytes.readDoubleBE(start + 9), value },
  };
}
