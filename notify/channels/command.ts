import { spawn } from 'node:child_process';
import { DeliveryError } from '../delivery-error.js';
import type { Channel } from './channel.js';

export interface CommandOptions {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly [string, ...string[]];
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 30_000;
const MAX_SAID_BYTES = 2000;

/** A program of this machine, given the notification as JSON on its standard input. Exit status 0 is a success. */
export function commandChannel({ command, timeoutMs = TIMEOUT_MS }: CommandOptions): Channel {
  const [program, ...args] = command;
  return {
    deliver: ({ id, notification }, signal) =>
      new Promise((resolve, reject) => {
        const { HOME, LANG, PATH } = process.env;
        const child = spawn(program, args, {
          ...{ shell: false, stdio: ['pipe', 'pipe', 'pipe'], killSignal: 'SIGKILL' as const },
          // Nothing of what this process was given, such as keys, is the program's business.
          env: { HOME, LANG, PATH, MILLRACE_DELIVERY: id, MILLRACE_REASON: notification.reason },
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        });
        let said = '';
        const hear = (chunk: Buffer) => {
          if (said.length < MAX_SAID_BYTES) said = (said + chunk.toString()).slice(0, MAX_SAID_BYTES);
        };
        child.stdout?.on('data', hear);
        child.stderr?.on('data', hear);
        child.once('error', (cause) => {
          const message = cause.name === 'AbortError' ? `did not end within ${timeoutMs} ms` : cause.message;
          reject(new DeliveryError(`${program}: ${message}`, { retryable: true, cause }));
        });
        child.once('close', (code, killedBy) => {
          if (code === 0) resolve(said.trim());
          else
            reject(new DeliveryError(`${program} ended with ${code ?? killedBy}: ${said.trim()}`, { retryable: true }));
        });
        // A program that does not read is not at fault.
        child.stdin?.on('error', () => {});
        child.stdin?.end(JSON.stringify({ id, ...notification }));
      }),
  };
}
