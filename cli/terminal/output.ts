import type { Logger } from 'pino';
import type { SafeText } from './safe-text.js';

/** The only place that writes to the terminal, and it takes safe text only. */

/** Prints a result: a line, or several, on standard output. */
export function print(line: SafeText): void {
  process.stdout.write(`${line}\n`);
}

/** How bad it is. */
export type Level = 'error' | 'warn' | 'info';

/** From the worst on; with `debug` the HTTP server tells every request. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const MESSAGE_FORMS = ['text', 'json'] as const;

export interface MessageOptions {
  readonly logOutput: (typeof MESSAGE_FORMS)[number];
  readonly logLevel: LogLevel;
}

let leastBad: LogLevel = 'info';
let logger: Logger | undefined;

/** How `say` writes from now on. */
export async function sayAs({ logLevel, logOutput }: MessageOptions): Promise<void> {
  leastBad = logLevel;
  if (logger !== undefined) logger.level = logLevel;
  if (logOutput === 'text' || logger !== undefined) return;
  // Not loaded by who does not ask for it.
  const [{ pino }, { JSON_LINES, standardError }] = await Promise.all([
    import('pino'),
    import('../../api/json-log.js'),
  ]);
  logger = pino({ level: logLevel, ...JSON_LINES }, standardError());
}

/** From which level the HTTP server writes its log there, too; undefined where messages are for people. */
export function levelOfServer({ logLevel, logOutput }: MessageOptions): LogLevel | undefined {
  return logOutput === 'json' ? logLevel : undefined;
}

/** Whether messages are lines of JSON, for a program to read. */
export function saysJson(): boolean {
  return logger !== undefined;
}

/** Prints what is not the result, such as progress and warnings, on standard error. */
export function say(line: SafeText, level: Level = 'info'): void {
  if (logger !== undefined) logger[level](String(line));
  else if (LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(leastBad)) process.stderr.write(`${line}\n`);
}

/** Prints a line of many; resolves when the reader has room for the next. */
export async function printInTurn(line: SafeText): Promise<void> {
  if (process.stdout.write(`${line}\n`)) return;
  await new Promise((resolve) => process.stdout.once('drain', resolve));
}

/** Calls back when nobody reads standard output any more, as after `| head`. */
export function onNobodyReads(then: () => void): void {
  process.stdout.on('error', then);
}

/** How wide the terminal is that shows the stream; undefined where it is none. */
export function columnsOf(stream: NodeJS.WriteStream): number | undefined {
  return stream.isTTY ? stream.columns : undefined;
}
