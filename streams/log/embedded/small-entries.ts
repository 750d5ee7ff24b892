import { crc32c } from '../../leveldb/crc32c.js';
import type { Operation } from './level.js';

/**
 * Everything in the log but its batches: a byte that says the version, the CRC-32C of key and JSON (4 bytes), and the JSON.
 * Logs that were made before there were checksums have the JSON alone.
 */
const VERSION = 2;
const HEADER_BYTES = 5;
const BRACE = 0x7b;

export function putSmallEntry(key: Buffer, value: object): Operation {
  const json = Buffer.from(JSON.stringify(value));
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + json.length);
  bytes[0] = VERSION;
  json.copy(bytes, HEADER_BYTES);
  bytes.writeUInt32BE(crc32c(json, 0, json.length, crc32c(key)), 1);
  return { type: 'put', key, value: bytes };
}

/** Whether it was written before there were checksums. */
export function isUncheckedEntry(bytes: Buffer): boolean {
  return bytes[0] === BRACE;
}

/** @returns undefined when it is not what was written under the key */
export function readSmallEntry(key: Buffer, bytes: Buffer): unknown {
  try {
    if (isUncheckedEntry(bytes)) return JSON.parse(bytes.toString());
    if (bytes.length <= HEADER_BYTES || bytes[0] !== VERSION) return undefined;
    if (bytes.readUInt32BE(1) !== crc32c(bytes, HEADER_BYTES, bytes.length, crc32c(key))) return undefined;
    return JSON.parse(bytes.toString('utf8', HEADER_BYTES));
  } catch {
    return undefined;
  }
}
