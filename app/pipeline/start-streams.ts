import { Streams } from '@millrace/streams';
import { applicationTopology } from '../../topology/application.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import { RECORD_FAULTS } from '../../topology/record-faults.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import type { OpenLog } from '../log/open-log.js';
import { ModelDirectory } from '../models/model-directory.js';
import type { Notify } from '../notice.js';
import type { PipelineOptions } from './pipeline.js';
import { StatusPublisher } from './status-publisher.js';

/** Runs the application in this process; `onFailure` is called when it ends by itself. */
export async function startStreams(
  { log, stateDirectory }: Pick<OpenLog, 'log' | 'stateDirectory'>,
  config: ApplicationConfig,
  serdes: TopicSerdes,
  { modelsDirectory, tellsStatusAs: version, ...options }: PipelineOptions,
  { onFailure, onNotice }: { readonly onFailure: () => void; readonly onNotice: Notify },
): Promise<Streams> {
  const models =
    modelsDirectory === undefined || !config.pipelines.includes('services')
      ? undefined
      : await ModelDirectory.watch(modelsDirectory, onNotice);
  const topology = applicationTopology(config, serdes, models);
  const streams = new Streams(topology, {
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
  // On Kafka a producer has one transaction at a time, and no commit may wait for what is told.
  if (version !== undefined && log.singleOwner) {
    const { applicationId } = options;
    StatusPublisher.start({ streams, topology, applicationId, version, log, topic: config.topics.pipelineStatus });
  }
  await streams.start();
  return streams;
}
