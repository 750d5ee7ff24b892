import { Streams } from '@millrace/streams';
import { sourceTopology } from '../../producer/kafka/source-topics.js';
import { ValueText } from '../../producer/kafka/value-text.js';
import { addOddFields } from '../../producer/odd-fields.js';
import type { WriterMetrics } from '../../producer/raw-topic-writer.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import type { OpenLog } from '../log/open-log.js';
import { eventIntakeFor, type LineReading } from './line-reading.js';

/** A topic that others fill, and how its records are read. */
export interface TopicPlace {
  readonly topic: string;
  readonly format: string;
}

export interface TopicsRequest {
  readonly data: Pick<OpenLog, 'log' | 'schemas' | 'stateDirectory'>;
  readonly config: Pick<ApplicationConfig, 'pipelines' | 'topics'>;
  readonly serdes: TopicSerdes;
  readonly metrics: WriterMetrics;
  readonly signal: AbortSignal;
  /** Names the group that has read the topics so far. */
  readonly applicationId: string;
  /** Whether to end with what is there now. */
  readonly once: boolean;
}

/** Reads topics until the end, or until it is aborted. @throws LogError UNKNOWN_TOPIC; what `Streams` fails with */
export async function readTopics(
  places: readonly TopicPlace[],
  reading: LineReading,
  request: TopicsRequest,
): Promise<void> {
  const { applicationId, config, data, metrics, once, serdes, signal } = request;
  const { pipelines, topics } = config;
  const topology = sourceTopology({
    sources: places.map(({ format, topic }) => ({
      topic,
      newEvents: () => eventIntakeFor({ ...reading, format }),
      onBatch: ({ badLines, events, excluded, oddFields, readings, serviceLogs }) => {
        metrics.events += events.length + readings.length + serviceLogs.length;
        metrics.serviceLines += serviceLogs.length;
        metrics.readings += readings.length;
        metrics.excluded += excluded;
        addOddFields(metrics.oddFields, oddFields);
        for (const { bytes, line, reason, source } of badLines) metrics.refused.add(source, line, reason, bytes);
      },
    })),
    text: new ValueText(data.schemas),
    requests: { topic: topics.accessLog, serde: serdes.accessLog },
    ...(pipelines.includes('services') && {
      serviceLogs: { topic: topics.serviceLogs, serde: serdes.serviceLogs },
    }),
    ...(pipelines.includes('sensors') && {
      readings: { topic: topics.sensorReadings, serde: serdes.sensorReadings },
    }),
    deadLetterTopic: topics.deadLetters,
  });
  let failed: () => void = () => {};
  const failure = new Promise<void>((resolve) => {
    failed = resolve;
  });
  const streams = new Streams(topology, {
    applicationId: `${applicationId}-sources`,
    log: data.log,
    stateDirectory: data.stateDirectory,
    commitInterval: 100,
    deadLetterTopic: topics.deadLetters,
    deserializationExceptionHandler: () => 'dead-letter',
    processingExceptionHandler: () => 'dead-letter',
  });
  streams.onStateChange((state) => {
    if (state === 'ERROR') failed();
  });
  await streams.start();
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([...(once ? [streams.drain()] : []), aborted, failure]);
  } finally {
    await streams.close();
  }
}
