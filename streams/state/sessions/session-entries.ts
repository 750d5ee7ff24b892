import type { Serde } from '../../serde/serde.js';
import { VarintReader, writeVarint } from '../../serde/varint.js';
import { Session } from './session.js';

/** The first byte of the one entry that says which sessions are closed. */
export const META = 0;
/** The first byte of the entries of keys: the key's bytes come behind it. */
export const SESSIONS = 1;
export const META_KEY = Buffer.from([META]);

const MAX_VARINTS = 3 * 8;

export function sessionsKey(key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([SESSIONS]), key]);
}

/** Sessions that end before this time are closed: as a varint, plus 1. */
export function metaOf(closedBefore: number): Buffer {
  const bytes = Buffer.alloc(8);
  return bytes.subarray(0, writeVarint(bytes, 0, closedBefore + 1));
}

export function closedBeforeOf(meta: Buffer): number {
  return new VarintReader(meta).next() - 1;
}

/** Each session as: start (varint), length in milliseconds (varint), aggregate (varint length, bytes). */
export function encodeSessions<A>(topic: string, sessions: readonly Session<A>[], serde: Serde<A>): Buffer {
  const parts: Buffer[] = [];
  for (const { aggregate, end, start } of sessions) {
    const bytes = serde.serialize(topic, aggregate);
    const part = Buffer.allocUnsafe(MAX_VARINTS + bytes.length);
    const afterTimes = writeVarint(part, writeVarint(part, 0, start), end - start);
    const position = writeVarint(part, afterTimes, bytes.length);
    // At once, for a serde may write the next into the same bytes.
    part.set(bytes, position);
    parts.push(part.subarray(0, position + bytes.length));
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

/** Without those that are closed. */
export function decodeSessions<A>(topic: string, bytes: Buffer, serde: Serde<A>, closedBefore: number): Session<A>[] {
  const sessions: Session<A>[] = [];
  const reader = new VarintReader(bytes);
  while (reader.position < bytes.length) {
    const start = reader.next();
    const end = start + reader.next();
    const length = reader.next();
    const { position } = reader;
    reader.position += length;
    if (end < closedBefore) continue;
    sessions.push(new Session(start, end, serde.deserialize(topic, bytes, position, position + length)));
  }
  return sessions;
}
