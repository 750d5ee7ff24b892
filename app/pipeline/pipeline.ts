import { type StandbyTask, Streams, type StreamsMetrics } from '@millrace/streams';
import { say } from '../../cli/terminal/output.js';
import { SafeText } from '../../cli/terminal/safe-text.js';
import { applicationTopology } from '../../topology/application.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import { RECORD_FAULTS } from '../../topology/record-faults.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import type { Connection } from '../log/open-log.js';
import { ModelDirectory } from './models.js';

/** The topology at work, in this process or in several. */
export interface Pipeline {
  readonly metrics: Readonly<StreamsMetrics>;
  /** Records that are still to be processed. */
  lag(): Promise<number>;
  /** As for `Streams`; a task may be there for each of several processes. */
  standbyTasks(): Promise<readonly StandbyTask[]>;
  /** As for `Streams`. */
  drain(options?: { readonly keepOpen?: boolean }): Promise<void>;
  /** Commits and ends. @throws what the pipeline failed with, if it did */
  close(): Promise<void>;
}

export interface PipelineOptions {
  readonly applicationId: string;
  readonly commitInterval: number;
  readonly idle: number | 'never';
  /** As for `Streams`. */
  readonly maxTimeAhead: number;
  readonly numStandbyReplicas: number;
  /** Where the trained models of services are. */
  readonly modelsDirectory?: string;
}

/** Runs the application in this process; `onFailure` is called when it ends by itself. */
export async function startStreams(
  { log, stateDirectory }: Connection,
  config: ApplicationConfig,
  serdes: TopicSerdes,
  { modelsDirectory, ...options }: PipelineOptions,
  onFailure: () => void,
): Promise<Streams> {
  const models =
    modelsDirectory === undefined || !config.pipelines.includes('services')
      ? undefined
      : await ModelDirectory.watch(modelsDirectory, (message) => say(SafeText.of(message)));
  const streams = new Streams(applicationTopology(config, serdes, models), {
    ...options,
    ...RECORD_FAULTS,
    log,
    stateDirectory,
    deadLetterTopic: config.topics.deadLetters,
    lateTopic: config.topics.late,
  });
  streams.onStateChange((state) => {
    if (state === 'ERROR') onFailure();
    if (state === 'ERROR' || state === 'NOT_RUNNING') models?.close();
  });
  await streams.start();
  return streams;
}
