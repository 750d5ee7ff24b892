import { deserializeWhenReady } from '@millrace/streams';
import { ValueText } from '../../producer/kafka/value-text.js';
import type { OpenLog } from '../log/open-log.js';
import { type SampleOptions, sampleRecords } from '../log/sample-records.js';
import { GUESSED_LINES } from './format-guesses.js';
import { Findings, type Inspection, type InspectOptions } from './inspection.js';
import { eventIntakeFor } from './line-reading.js';

/**
 * Reads a sample of a topic's records as `start --source-topic` would, and writes nothing. Where a record is that is
 * refused, its partition and its offset say.
 *
 * @throws LogError, SchemaError; ProducerError LOG_FORMAT, MAP, TIME_ZONE
 */
export async function inspectTopic(
  { log, schemas }: Pick<OpenLog, 'log' | 'schemas'>,
  topic: string,
  options: InspectOptions,
  sample: SampleOptions,
): Promise<Inspection> {
  const findings = new Findings();
  const intake = eventIntakeFor(
    { ...options, excludedPaths: [] },
    {
      name: topic,
      onDecision: (message) => findings.decisions.push(message),
      onWarning: (message) => findings.warnings.push(message),
    },
  );
  const text = new ValueText(schemas);
  const first: string[] = [];
  const { isPart, records } = await sampleRecords(log, topic, sample);
  for (const { offset, partition, value } of records) {
    const source = `${topic}-${partition}`;
    if (value === null) {
      findings.refuse(source, offset, 'no-value: it has no value', Buffer.alloc(0));
      continue;
    }
    let line: string;
    try {
      line = await deserializeWhenReady(text, topic, value, 0, value.length);
    } catch (error) {
      findings.refuse(source, offset, `not-decoded: ${(error as Error).message}`, value);
      continue;
    }
    if (first.length < GUESSED_LINES) first.push(line);
    intake.addLine(line, source);
    const batch = intake.take();
    findings.add({ ...batch, badLines: batch.badLines.map((bad) => ({ ...bad, line: offset })) });
  }
  return findings.inspection(first, options, isPart);
}
