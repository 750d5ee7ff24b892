import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BadLine } from '../../../producer/line-reader.js';
import { type LogBatch, type LogSourceOptions, readLogs } from '../../../producer/log-source.js';
import type { SourcePosition } from '../../../producer/source-position.js';
import type { AccessLog } from '../../../schemas/records.js';

/** A line in the combined format whose client names it: 10.<high>.<low>.1. */
export function combined(n: number): string {
  const time = `17/May/2015:10:05:${String(n % 60).padStart(2, '0')} +0000`;
  return `${clientOf(n)} - - [${time}] "GET /page/${n} HTTP/1.1" 200 512 "-" "curl/8"`;
}

export function clientOf(n: number): string {
  return `10.${n >> 8}.${n & 0xff}.1`;
}

export function combinedLines(from: number, to: number): string {
  let text = '';
  for (let n = from; n < to; n++) text += `${combined(n)}\n`;
  return text;
}

export function clients(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => clientOf(from + index));
}

export async function temporaryFolder(): Promise<{ path: (name: string) => string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-producer-'));
  return { path: (name) => join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * Commits every batch with its position, as the raw topic's writer does; a run goes on where the last one was. Positions
 * go through JSON, for that is how they are kept.
 */
export class Committed {
  readonly events: AccessLog[] = [];
  readonly badLines: BadLine[] = [];
  readonly batches: LogBatch[] = [];
  readonly #positions = new Map<string, string>();

  get clients(): string[] {
    return this.events.map(({ client_ip }) => client_ip);
  }

  get reasons(): (string | undefined)[] {
    return this.badLines.map(({ reason }) => reason.split(':')[0]);
  }

  readonly warnings: string[] = [];

  get positions(): Map<string, SourcePosition> {
    return new Map([...this.#positions].map(([key, kept]) => [key, JSON.parse(kept) as SourcePosition]));
  }

  /** The position that was committed last of what was read under the path. */
  position(path: string): SourcePosition | undefined {
    return [...this.positions.values()].findLast(({ name }) => name === path);
  }

  /** Reads until the end, the signal, or `stopAfter` batches, when it stops as a process that is killed does. */
  async read(
    inputs: string | readonly string[],
    options: Partial<LogSourceOptions> & { readonly stopAfter?: number } = {},
  ): Promise<void> {
    const { stopAfter = Number.POSITIVE_INFINITY, ...rest } = options;
    let taken = 0;
    for await (const batch of readLogs(sourceOptions(inputs, this.#options(rest)))) {
      if (taken++ >= stopAfter) return;
      this.batches.push(batch);
      this.events.push(...batch.events);
      this.badLines.push(...batch.badLines);
      for (const [key, position] of batch.positions) {
        this.#positions.delete(key);
        if (position !== null) this.#positions.set(key, JSON.stringify(position));
      }
    }
  }

  #options(given: Partial<LogSourceOptions>): Partial<LogSourceOptions> {
    return {
      positions: this.positions,
      onWarning: (message) => this.warnings.push(message),
      onDamage: (message) => this.warnings.push(message),
      ...given,
    };
  }
}

export function sourceOptions(
  inputs: string | readonly string[],
  options: Partial<LogSourceOptions> = {},
): LogSourceOptions {
  return {
    inputs: typeof inputs === 'string' ? [inputs] : inputs,
    format: 'auto',
    host: 'unknown',
    server: 'web-1',
    maxFutureMs: 86_400_000,
    follow: false,
    signal: new AbortController().signal,
    positions: new Map(),
    ...options,
  };
}

/** Polls until it holds; the test's time limit is the limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(10);
}
