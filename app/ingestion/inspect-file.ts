import { readLogs } from '../../producer/log-source.js';
import { TextFile } from '../../producer/text-file.js';
import { GUESSED_LINES } from './format-guesses.js';
import { Findings, type Inspection, type InspectOptions } from './inspection.js';
import { serviceFromFile } from './service-from-file.js';

const GUESSED_BYTES = 256 * 1024;
const DAY_MS = 86_400_000;

/**
 * Reads a file as `start` would, and writes nothing.
 *
 * @param mostLines how many lines are looked at
 * @throws ProducerError for a file that cannot be read
 */
export async function inspectFile(
  path: string,
  options: InspectOptions,
  mostLines: number,
  signal: AbortSignal,
): Promise<Inspection> {
  const findings = new Findings();
  const batches = readLogs({
    ...options,
    ...{ inputs: [path], follow: false, signal, maxFutureMs: DAY_MS, positions: new Map() },
    details: () => true,
    serviceOf: serviceFromFile,
    onDecision: (message) => findings.decisions.push(message),
    onWarning: (message) => findings.warnings.push(message),
    onDamage: (message) => findings.warnings.push(message),
  });
  let isPart = false;
  for await (const batch of batches) {
    findings.add(batch);
    isPart = findings.lines >= mostLines;
    if (isPart) break;
  }
  return findings.inspection(path === '-' ? [] : await firstLines(path), options, isPart);
}

async function firstLines(path: string): Promise<string[]> {
  const file = await TextFile.open(path);
  try {
    const head = await file.head(GUESSED_BYTES);
    const lines = head
      .toString()
      .replace(/^\ufeff/, '')
      .split(/\r?\n/);
    // The last may be cut off.
    if (lines.length > 1) lines.pop();
    return lines.filter((line) => line.trim() !== '').slice(0, GUESSED_LINES);
  } finally {
    await file.close();
  }
}
