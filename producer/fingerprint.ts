import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** What a file began with, to know it again under any name: the number of its first bytes, and their SHA-256. */
export interface Fingerprint {
  readonly prefixBytes: number;
  readonly prefixHash: string;
}

const PREFIX_BYTES = 1024;

/** Of the first bytes of the file, or of as many as it has. */
export async function fingerprint(file: FileHandle): Promise<Fingerprint> {
  return hashed(await beginning(file, PREFIX_BYTES));
}

/** Whether the file begins as the one did that the fingerprint is of. */
export async function beginsWith(file: FileHandle, known: Fingerprint): Promise<boolean> {
  return hashed(await beginning(file, known.prefixBytes)).prefixHash === known.prefixHash;
}

/**
 * The fingerprint of more of the same file, once it has grown. A log that has just been rotated is empty, and an empty
 * beginning is that of every file.
 */
export async function grownFingerprint(file: FileHandle, known: Fingerprint): Promise<Fingerprint> {
  if (known.prefixBytes >= PREFIX_BYTES) return known;
  const bytes = await beginning(file, PREFIX_BYTES);
  const same = hashed(bytes.subarray(0, known.prefixBytes)).prefixHash === known.prefixHash;
  return same ? hashed(bytes) : known;
}

/** Whether the file holds gzip, by its first two bytes. */
export async function isGzip(file: FileHandle): Promise<boolean> {
  const [first, second] = await beginning(file, 2);
  return first === 0x1f && second === 0x8b;
}

async function beginning(file: FileHandle, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
  return buffer.subarray(0, bytesRead);
}

function hashed(bytes: Buffer): Fingerprint {
  return { prefixBytes: bytes.length, prefixHash: createHash('sha256').update(bytes).digest('hex') };
}
