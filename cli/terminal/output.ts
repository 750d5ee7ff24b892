import type { SafeText } from './safe-text.js';

/** The only place that writes to the terminal, and it takes safe text only. */

/** Prints a result: a line, or several, on standard output. */
export function print(line: SafeText): void {
  process.stdout.write(`${line}\n`);
}

/** Prints what is not the result, such as progress and warnings, on standard error. */
export function say(line: SafeText): void {
  process.stderr.write(`${line}\n`);
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
