import type { SourceOptions } from '../../cli/options/options.js';
import { ProducerError } from '../../producer/producer-error.js';
import { RawTopicWriter, type WriterMetrics } from '../../producer/raw-topic-writer.js';
import { TopicWriter } from '../../producer/topic-writer.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import type { Connection } from '../log/open-log.js';
import { feed, feedReadings, feedServiceLogs } from './feed.js';

/**
 * Writes what the pipelines that run are about: requests, from files or simulated, and, where those are simulated, service
 * logs and readings of sensors. Resolves when all of it is over, and others can read it.
 *
 * @throws ProducerError, LogError
 */
export async function feedSources(
  options: SourceOptions,
  { log }: Connection,
  { pipelines, topics }: ApplicationConfig,
  serdes: TopicSerdes,
  metrics: WriterMetrics,
  signal: AbortSignal,
): Promise<void> {
  const feeds: Promise<void>[] = [];
  if (options.input !== undefined || pipelines.includes('goals') || pipelines.includes('web-statistics')) {
    const { accessLog: topic, deadLetters: deadLetterTopic } = topics;
    const writer = await RawTopicWriter.create({
      ...{ log, topic, deadLetterTopic, metrics },
      serde: serdes.accessLog,
      inputs: options.input,
    });
    feeds.push(feed(options, writer, signal).then(() => writer.settle()));
  }
  if (options.input === undefined && pipelines.includes('services')) {
    const writer = await TopicWriter.create({
      log,
      topic: topics.serviceLogs,
      serde: serdes.serviceLogs,
      keyOf: ({ service }) => service,
    });
    feeds.push(feedServiceLogs(options, counted(writer, metrics, 'serviceLines'), signal).then(() => writer.settle()));
  }
  if (options.input === undefined && pipelines.includes('sensors')) {
    const writer = await TopicWriter.create({
      log,
      topic: topics.sensorReadings,
      serde: serdes.sensorReadings,
      keyOf: ({ sensor_id }) => sensor_id,
    });
    feeds.push(feedReadings(options, counted(writer, metrics, 'readings'), signal).then(() => writer.settle()));
  }
  await Promise.all(feeds);
}

/** A writer whose values count as events of a kind. */
function counted<V>(
  writer: { write(values: readonly V[]): Promise<void> },
  metrics: WriterMetrics,
  kind: 'serviceLines' | 'readings',
): { write(values: readonly V[]): Promise<void> } {
  return {
    write: async (values) => {
      await writer.write(values);
      metrics.events += values.length;
      metrics[kind] += values.length;
    },
  };
}

/**
 * @throws ProducerError NOTHING_USABLE when there were lines, and none of them was an event; INPUT_DAMAGED when a part of the
 *   input could not be read
 */
export function requireUsable({ damage, events, refused }: WriterMetrics): void {
  if (events === 0 && refused.total > 0) {
    throw new ProducerError('NOTHING_USABLE', 'no line of the input could be used; the reasons are above');
  }
  if (damage.length === 0) return;
  throw new ProducerError(
    'INPUT_DAMAGED',
    damage.length === 1
      ? 'a part of the input could not be read, as told above; what could be read is counted'
      : `parts of ${damage.length} inputs could not be read, as told above; what could be read is counted`,
  );
}
