import type { RefusedLines } from '../../producer/refused-lines.js';
import { columnsOf } from './output.js';
import { count, number } from './quantities.js';
import { type SafeText, safe } from './safe-text.js';
import { cut } from './width.js';

/** Where the output is no terminal, or a very wide one. */
const MAX_COLUMNS = 160;

/** What is said of lines that could not be used: how many for each reason, the first of them with their text, and where they are. */
export function refusedText(refused: RefusedLines, deadLetterTopic: string): SafeText[] {
  if (refused.total === 0) return [];
  const isFormat = refused.counts[0]?.[0] === 'not-in-format';
  return [
    ...refusalsText(refused),
    safe`    all of them, with the reason, are in ${deadLetterTopic}`,
    ...(isFormat ? [safe`    a log of another format: --log-format takes the log_format of nginx.conf`] : []),
  ];
}

/** The same of lines that were only looked at. */
export function refusalsText(refused: RefusedLines): SafeText[] {
  if (refused.total === 0) return [];
  const columns = Math.min(columnsOf(process.stdout) ?? MAX_COLUMNS, MAX_COLUMNS);
  const reasons = refused.counts.map(([reason, lines]) => `${reason} ${number(lines)}`).join(', ');
  return [
    safe`${count(refused.total, 'line')} refused: ${reasons}`,
    ...refused.first.flatMap(({ line, reason, source, text }) => [
      cut(safe`    ${source}:${line}: ${reason}`, columns),
      cut(safe`        ${text}`, columns),
    ]),
  ];
}
