import { chmodSync, existsSync, fstatSync, renameSync, statSync } from 'node:fs';
import { type Level, type Logger, pino } from 'pino';
import { JSON_LINES, standardError } from './json-log.js';

/** Of the log's file; as much again is kept in the one before it. */
export const MAX_LOG_BYTES = 32 * 2 ** 20;

/** Who did what, and what failed: nothing that is secret. */
export function serverLog(file: string, stderrLevel: Level | undefined, maxBytes = MAX_LOG_BYTES): Logger {
  const destination = new BoundedFile(file, maxBytes);
  const redact = { paths: ['password', '*.password', 'token', '*.token', 'secret', '*.secret'], censor: '…' };
  if (stderrLevel === undefined) return pino({ redact }, destination);
  const streams = pino.multistream([
    { stream: destination, level: 'info' },
    { stream: standardError(), level: stderrLevel },
  ]);
  const level = stderrLevel === 'debug' ? 'debug' : 'info';
  return pino({ redact, level, ...JSON_LINES }, streams);
}

/** A file that only its owner can read. When it is full it becomes `FILE.1`, in place of the one before, and a new one begins. */
class BoundedFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #file: ReturnType<typeof pino.destination> & { readonly fd?: number };

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#file = pino.destination({ dest: path, mkdir: true, mode: 0o600, sync: true });
    if (existsSync(path)) chmodSync(path, 0o600);
  }

  write(line: string): void {
    // Other servers of the directory write to it, too.
    const { ino, size } = fstatSync(this.#file.fd ?? 0);
    if (size > 0 && size + Buffer.byteLength(line) > this.#maxBytes) this.#roll(ino);
    this.#file.write(line);
  }

  #roll(own: number): void {
    // Where another server has put it aside, its new file is written on.
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino === own) renameSync(this.#path, `${this.#path}.1`);
    this.#file.reopen();
  }
}
