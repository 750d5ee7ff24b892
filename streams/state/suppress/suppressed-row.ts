import type { Header, Headers } from '../../log/log.js';
import { NO_HEADERS } from '../../log/log.js';
import { VarintReader, writeVarint } from '../../serde/varint.js';
import { StateError } from '../state-database.js';
import type { Queued } from './time-ordered-queue.js';

/** The first byte of each entry: it changes with what is behind it. */
const FORMAT = 1;
/** What is there of a row, as a bit each. */
const HAS_VALUE = 1;
const KNOWS_PRIOR = 2;
const HAS_PRIOR = 4;
const HEAD_BYTES = 2;
const MAX_VARINT = 8;

/** The last change of a row that is held back. */
export interface SuppressedRow extends Queued {
  /** Of the record that changed the row last. */
  readonly timestamp: number;
  readonly headers: Headers;
  /** Null where the row was deleted. */
  readonly value: Buffer | null;
  /** What was told of the row before; null where it had none, undefined where that is not known. */
  readonly prior: Buffer | null | undefined;
}

/** Roughly what a row takes, of which the limits in bytes are. */
export function sizeOf({ headers, identity, prior, value }: SuppressedRow): number {
  let bytes = identity.length + (value?.length ?? 0) + (prior?.length ?? 0) + HEAD_BYTES + 2 * MAX_VARINT;
  for (const header of headers) bytes += header.key.length + header.value.length;
  return bytes;
}

/**
 * The format, what there is, time and timestamp (varints), the prior value (varint length, bytes), the headers (how many, and
 * of each key and value as varint length, bytes), and the value, which is the rest.
 */
export function encodeRow({ headers, prior, time, timestamp, value }: SuppressedRow): Buffer {
  const flags =
    (value === null ? 0 : HAS_VALUE) |
    (prior === undefined ? 0 : KNOWS_PRIOR) |
    (prior === undefined || prior === null ? 0 : HAS_PRIOR);
  const parts: Uint8Array[] = [
    Buffer.from([FORMAT, flags]),
    varint(time),
    varint(timestamp),
    ...lengthAnd(prior ?? Buffer.alloc(0)),
    varint(headers.length),
  ];
  for (const header of headers) parts.push(...lengthAnd(Buffer.from(header.key)), ...lengthAnd(header.value));
  if (value !== null) parts.push(value);
  return Buffer.concat(parts);
}

/** @throws StateError STATE_MISMATCH for one of another format */
export function decodeRow(store: string, identity: string, bytes: Buffer): SuppressedRow {
  const [format, flags = 0] = bytes;
  if (format !== FORMAT) {
    throw new StateError(
      'STATE_MISMATCH',
      `the store "${store}" holds rows in format ${format}, which another version has written; this one reads format ` +
        `${FORMAT}: run that version, give the suppress another name, or take another application id`,
    );
  }
  const reader = new VarintReader(bytes);
  reader.position = HEAD_BYTES;
  // A copy, for what is read may be a part of a larger buffer.
  const next = () => {
    const length = reader.next();
    const { position } = reader;
    reader.position += length;
    return Buffer.from(bytes.subarray(position, reader.position));
  };
  const time = reader.next();
  const timestamp = reader.next();
  const prior = next();
  const headers: Header[] = [];
  for (let count = reader.next(); count > 0; count--) headers.push({ key: next().toString(), value: next() });
  return {
    identity,
    time,
    timestamp,
    headers: headers.length === 0 ? NO_HEADERS : headers,
    value: (flags & HAS_VALUE) === 0 ? null : Buffer.from(bytes.subarray(reader.position)),
    prior: (flags & KNOWS_PRIOR) === 0 ? undefined : (flags & HAS_PRIOR) === 0 ? null : prior,
    position: -1,
  };
}

function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(MAX_VARINT);
  return bytes.subarray(0, writeVarint(bytes, 0, value));
}

function lengthAnd(bytes: Uint8Array): [length: Uint8Array, bytes: Uint8Array] {
  return [varint(bytes.length), bytes];
}
