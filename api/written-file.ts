import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';

/** Formats of files, and what they are to HTTP. */
export const FILE_TYPES = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  parquet: 'application/vnd.apache.parquet',
} as const;

export type FileFormat = keyof typeof FILE_TYPES;

/** Answers with a file of this name; a time of its own keeps it apart from others. */
export function nameFile(response: Response, name: string, format: FileFormat): void {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  response.status(200).set({
    'Content-Type': format === 'parquet' ? FILE_TYPES[format] : `${FILE_TYPES[format]}; charset=utf-8`,
    'Content-Disposition': `attachment; filename="millrace-${name}-${time}.${format}"`,
  });
}

/** A directory for files that are gone once the work is done, or has failed. */
export async function inTemporaryDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-export-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Sends all of a file. One that is broken off closes the connection before the end that was announced. */
export async function sendFile(response: Response, path: string, signal: AbortSignal): Promise<void> {
  const { size } = await stat(path);
  response.set('Content-Length', String(size));
  await pipeline(createReadStream(path), response, { signal });
}
