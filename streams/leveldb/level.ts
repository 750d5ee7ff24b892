import type { AbstractLevel } from 'abstract-level';
import { MemoryLevel } from 'memory-level';

/** What logs and stores ask of LevelDB, on disk or in memory. */
export type Level = AbstractLevel<string | Buffer | Uint8Array, Buffer, Buffer>;

export interface LevelOptions {
  /** How many bytes are written before a table is made of them. */
  readonly writeBufferSize?: number;
  /** The size of a table, in bytes. */
  readonly maxFileSize?: number;
  /** Default true. */
  readonly compression?: boolean;
}

const BUFFERS = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

/** LevelDB on disk, which opens by itself soon, or when it is told to. Who keeps nothing on disk does not load the package. */
export async function levelOnDisk(directory: string, options: LevelOptions = {}): Promise<Level> {
  const { Level } = await import('level');
  return new Level<Buffer, Buffer>(directory, { ...BUFFERS, ...options }) as unknown as Level;
}

/** What is gone with the process, not open yet. */
export function levelInMemory(): Level {
  return new MemoryLevel<Buffer, Buffer>({ ...BUFFERS, storeEncoding: 'buffer' }) as unknown as Level;
}

/** What LevelDB on disk has besides. */
interface DiskLevel {
  approximateSize(start: Buffer, end: Buffer): Promise<number>;
  compactRange(start: Buffer, end: Buffer): Promise<void>;
}

function onDisk(level: Level): DiskLevel | undefined {
  return 'approximateSize' in level ? (level as unknown as DiskLevel) : undefined;
}

/** How many bytes the tables on disk have between two keys, roughly; 0 in memory. What was deleted counts until it is compacted. */
export async function sizeOnDisk(level: Level, from: Buffer, to: Buffer): Promise<number> {
  return (await onDisk(level)?.approximateSize(from, to)) ?? 0;
}

/** Gives the disk back what was deleted between two keys. */
export async function freeOnDisk(level: Level, from: Buffer, to: Buffer): Promise<void> {
  await onDisk(level)?.compactRange(from, to);
}
