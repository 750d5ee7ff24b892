import { pathsNow } from '../../producer/input-paths.js';
import type { WriterMetrics } from '../../producer/raw-topic-writer.js';
import { TopicWriter } from '../../producer/topic-writer.js';
import { TOPICS } from '../../schemas/topics.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import type { OpenLog } from '../log/open-log.js';
import type { Notify } from '../notice.js';
import { rawWriterFor } from './raw-writer.js';
import { ingestFiles } from './read-files.js';
import { readTopics } from './read-topics.js';
import { receiveMessages } from './receive-messages.js';
import { simulateReadings, simulateRequests, simulateServiceLogs } from './simulations.js';
import type { Source } from './source.js';

export interface IngestRequest {
  readonly data: Pick<OpenLog, 'log' | 'schemas' | 'stateDirectory'>;
  /** Its pipelines say what is simulated, and its topics where it goes. */
  readonly config: Pick<ApplicationConfig, 'pipelines' | 'topics'>;
  readonly serdes: TopicSerdes;
  /** Counts what is written while it is. */
  readonly metrics: WriterMetrics;
  readonly signal: AbortSignal;
  readonly onNotice: Notify;
  /** Names the group that reads topics of others; default `produce`. */
  readonly applicationId?: string;
  /** Whether to end with what those topics hold now; default false. */
  readonly once?: boolean;
}

/**
 * Writes what the pipelines that run are about: requests, service logs and readings of sensors, from files or simulated.
 * Resolves when all of it is over, or aborted, and others can read it.
 *
 * @throws ProducerError, LogError
 */
export async function ingest(source: Source, request: IngestRequest): Promise<void> {
  const { data, metrics, onNotice, serdes, signal } = request;
  const { pipelines, topics } = request.config;
  const { log } = data;
  const work: Promise<void>[] = [];
  if (source.kind === 'network') {
    const { mqtt, syslog, topics: places } = source;
    if (syslog.length + mqtt.length > 0) work.push(receiveMessages({ syslog, mqtt, reading: source }, request));
    if (places.length > 0) work.push(readTopics(places, source, { applicationId: 'produce', once: false, ...request }));
    await Promise.all(work);
    return;
  }
  if (source.kind === 'files' || pipelines.includes('goals') || pipelines.includes('web-statistics')) {
    const inputs = source.kind === 'files' ? source.inputs.flatMap(filesNow) : undefined;
    const writer = await rawWriterFor({ data, config: request.config, serdes, metrics, inputs });
    const written =
      source.kind === 'files'
        ? ingestFiles(source, writer, signal, onNotice)
        : simulateRequests(source, writer, signal);
    work.push(written.then(() => writer.settle()));
  }
  if (source.kind === 'simulated' && pipelines.includes('services')) {
    const writer = await TopicWriter.create({
      log,
      topic: topics.serviceLogs,
      serde: serdes.serviceLogs,
      keyOf: (line) => line[TOPICS.serviceLogs.key],
    });
    const written = simulateServiceLogs(source, counted(writer, metrics, 'serviceLines'), signal);
    work.push(written.then(() => writer.settle()));
  }
  if (source.kind === 'simulated' && pipelines.includes('sensors')) {
    const writer = await TopicWriter.create({
      log,
      topic: topics.sensorReadings,
      serde: serdes.sensorReadings,
      keyOf: (reading) => reading[TOPICS.sensorReadings.key],
    });
    const written = simulateReadings(source, counted(writer, metrics, 'readings'), signal);
    work.push(written.then(() => writer.settle()));
  }
  await Promise.all(work);
}

/** The files that are there of an input. */
function filesNow(input: string): readonly string[] {
  try {
    return pathsNow(input);
  } catch {
    // Who reads it says what is wrong with it.
    return [];
  }
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
