import type { Serde } from '../serde/serde.js';
import { VarintReader, writeVarint } from '../serde/varint.js';

/**
 * What stands in the value of a repartition topic's record.
 *
 * - `record`: one record; the stream time of the partition that it came from decides, downstream, whether it is late.
 * - `block`: partial aggregates that a combiner has made of the records of one commit.
 * - `watermark`: how far an upstream task's stream time is; it stands in every partition after each commit of the task.
 *
 * The first byte tells which; times are 8-byte doubles, big-endian.
 */
export type RepartitionRecord =
  | { readonly kind: 'record'; readonly streamTime: number; readonly valueStart: number }
  | { readonly kind: 'block'; readonly slice: number; readonly block: Buffer }
  | { readonly kind: 'watermark'; readonly upstreamTask: number; readonly idle: boolean; readonly streamTime: number };

/** What stands before the value of a plain record. */
export const RECORD_HEAD_BYTES = 9;

const RECORD = 0;
const NULL_RECORD = 1;
const BLOCK = 2;
const WATERMARK = 3;

export function encodeRecord<V>(topic: string, streamTime: number, value: V, serde: Serde<V>): Buffer {
  const head = Buffer.allocUnsafe(RECORD_HEAD_BYTES);
  head[0] = value === null || value === undefined ? NULL_RECORD : RECORD;
  head.writeDoubleBE(streamTime, 1);
  return head[0] === NULL_RECORD ? head : Buffer.concat([head, serde.serialize(topic, value)]);
}

export function encodeBlock(slice: number, block: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head[0] = BLOCK;
  return Buffer.concat([head.subarray(0, writeVarint(head, 1, slice)), block]);
}

export function encodeWatermark(upstreamTask: number, idle: boolean, streamTime: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes[0] = WATERMARK;
  bytes[1] = idle ? 1 : 0;
  bytes.writeDoubleBE(streamTime, 2);
  return bytes.subarray(0, writeVarint(bytes, 10, upstreamTask));
}

/** Reads `bytes[start, end)`; a plain record with `valueStart` of -1 has the value null. */
export function decodeRepartitionRecord(bytes: Buffer, start: number, end: number): RepartitionRecord {
  switch (bytes[start]) {
    case RECORD:
      return { kind: 'record', streamTime: bytes.readDoubleBE(start + 1), valueStart: start + RECORD_HEAD_BYTES };
    case NULL_RECORD:
      return { kind: 'record', streamTime: bytes.readDoubleBE(start + 1), valueStart: -1 };
    case BLOCK: {
      const reader = new VarintReader(bytes);
      reader.position = start + 1;
      const slice = reader.next();
      return { kind: 'block', slice, block: bytes.subarray(reader.position, end) };
    }
    case WATERMARK: {
      const reader = new VarintReader(bytes);
      reader.position = start + 10;
      return {
        kind: 'watermark',
        upstreamTask: reader.next(),
        idle: bytes[start + 1] === 1,
        streamTime: bytes.readDoubleBE(start + 2),
      };
    }
    default:
      throw new RangeError(`a repartition record starts with ${String(bytes[start])}, which names no kind`);
  }
}
