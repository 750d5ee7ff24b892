import { type LogSourceOptions, readLogs } from '../../producer/log-source.js';
import type { Findings, Inspection, InspectOptions } from './inspection.js';

const DAY_MS = 86_400_000;
const BATCH_LINES = 5_000;

export interface InspectedText extends Pick<LogSourceOptions, 'onText' | 'serviceOf'> {
  readonly input: LogSourceOptions['inputs'][number];
  readonly findings: Findings;
  /** How many lines are looked at. */
  readonly mostLines: number;
  /** The lines that formats are tried on, once the text was read. */
  firstLines(): Promise<readonly string[]>;
  /** Whether there was more than came. */
  isCut?(): boolean;
}

/** Reads a text as `start` would, and writes nothing. @throws ProducerError for one that cannot be read */
export async function inspectText(
  { findings, firstLines, input, isCut = () => false, mostLines, onText, serviceOf }: InspectedText,
  options: InspectOptions,
  signal: AbortSignal,
): Promise<Inspection> {
  const batches = readLogs({
    ...options,
    ...{ inputs: [input], follow: false, signal, maxFutureMs: DAY_MS, positions: new Map() },
    batchLines: Math.min(mostLines, BATCH_LINES),
    details: () => true,
    ...(onText === undefined ? {} : { onText }),
    ...(serviceOf === undefined ? {} : { serviceOf }),
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
  return findings.inspection(await firstLines(), options, isPart || isCut());
}
