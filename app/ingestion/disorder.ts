import { stat } from 'node:fs/promises';
import { readLogs } from '../../producer/log-source.js';
import { ProducerError } from '../../producer/producer-error.js';
import { eventDefaultsOf } from './line-reading.js';
import type { FileSource } from './source.js';

/** So much is read of a file, and of so many files: disorder has the same causes in all of them. */
const LINES = 10_000;
const FILES = 10;
const HOUR_MS = 3_600_000;
const GRACE_STEPS_MS = [15, 30, 60, 120, 300, 600, 900, 1_800, 3_600].map((seconds) => seconds * 1000);

/**
 * How far requests and readings at the beginning of files are behind one that stands before them in their file, at most, in
 * milliseconds. What is further back than an hour is another part of the log, such as the day before. Of standard input and
 * pipes, which can be read once only, nothing is known.
 */
export async function disorderOf(source: FileSource, signal: AbortSignal): Promise<number> {
  const files: string[] = [];
  for (const input of source.inputs) {
    if (input !== '-' && (await stat(input).catch(() => undefined))?.isFile() === true) files.push(input);
  }
  const every = Math.ceil(files.length / FILES);
  let disorder = 0;
  for (const path of files.filter((_, index) => index % every === 0)) {
    disorder = Math.max(disorder, await disorderOfFile(path, source, signal));
  }
  return disorder;
}

async function disorderOfFile(path: string, source: FileSource, signal: AbortSignal): Promise<number> {
  const { format, map, maxAheadMs } = source;
  const [requests, readings] = [new Disorder(), new Disorder()];
  let lines = 0;
  try {
    const reading = { ...eventDefaultsOf(source), format, map, maxAheadMs, positions: new Map(), follow: false };
    for await (const batch of readLogs({ ...reading, inputs: [path], signal })) {
      for (const { timestamp } of batch.events) requests.add(timestamp);
      for (const { timestamp } of batch.readings) readings.add(timestamp);
      lines += batch.events.length + batch.serviceLogs.length + batch.readings.length + batch.badLines.length;
      if (lines >= LINES) break;
    }
  } catch (error) {
    // Whoever reads the file says what is wrong with it.
    if (!(error instanceof ProducerError)) throw error;
  }
  return Math.max(requests.mostMs, readings.mostMs);
}

class Disorder {
  mostMs = 0;
  #latest = Number.NEGATIVE_INFINITY;

  add(time: number): void {
    const behindMs = this.#latest - time;
    if (behindMs > HOUR_MS || behindMs < 0) this.#latest = time;
    else this.mostMs = Math.max(this.mostMs, behindMs);
  }
}

/** A grace period in which twice the disorder of a beginning counts: there is more to come than was seen. At most an hour. */
export function graceFor(disorderMs: number, leastMs: number): number {
  if (disorderMs <= leastMs) return leastMs;
  return GRACE_STEPS_MS.find((step) => step >= 2 * disorderMs) ?? HOUR_MS;
}
