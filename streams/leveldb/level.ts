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

/** LevelDB on disk, not open yet. The package is loaded here, for who keeps nothing on disk needs none. */
export async function levelOnDisk(directory: string, options: LevelOptions = {}): Promise<Level> {
  const { Level } = await import('level');
  return new Level<Buffer, Buffer>(directory, { ...BUFFERS, ...options }) as unknown as Level;
}

/** What is gone with the process, not open yet. */
export function levelInMemory(): Level {
  return new MemoryLevel<Buffer, Buffer>({ ...BUFFERS, storeEncoding: 'buffer' }) as unknown as Level;
}
