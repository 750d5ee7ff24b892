import { RawTopicWriter, type WriterMetrics } from '../../producer/raw-topic-writer.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import type { OpenLog } from '../log/open-log.js';

export interface RawWriterRequest {
  readonly data: Pick<OpenLog, 'log'>;
  /** Its pipelines say which events are read at all. */
  readonly config: Pick<ApplicationConfig, 'pipelines' | 'topics'>;
  readonly serdes: TopicSerdes;
  readonly metrics?: WriterMetrics;
  /** Paths of what will be read, where files are. */
  readonly inputs?: readonly string[] | undefined;
}

/** A writer of the events that the pipelines read, to their topics. @throws LogError */
export function rawWriterFor(request: RawWriterRequest): Promise<RawTopicWriter> {
  const { config, data, inputs, metrics, serdes } = request;
  const { pipelines, topics } = config;
  return RawTopicWriter.create({
    ...{ log: data.log, topic: topics.accessLog, deadLetterTopic: topics.deadLetters, inputs },
    ...(metrics === undefined ? {} : { metrics }),
    serde: serdes.accessLog,
    ...(pipelines.includes('services') && {
      serviceLogs: { topic: topics.serviceLogs, serde: serdes.serviceLogs },
    }),
    ...(pipelines.includes('sensors') && {
      readings: { topic: topics.sensorReadings, serde: serdes.sensorReadings },
    }),
  });
}
