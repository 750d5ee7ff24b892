import { Streams } from '@millrace/streams';
import { applicationTopology } from '../../topology/application.js';
import { type ApplicationConfig, topicsOf } from '../../topology/application-config.js';
import type { LimitsSource } from '../../topology/live-limits.js';
import { type ForgottenState, onForgottenState } from '../../topology/monitoring/stored-state.js';
import { RECORD_FAULTS } from '../../topology/record-faults.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import { FollowedFeedback } from '../feedback/followed-feedback.js';
import type { OpenLog } from '../log/open-log.js';
import { ModelDirectory } from '../models/model-directory.js';
import type { Notify } from '../notice.js';
import type { PipelineOptions } from './pipeline.js';
import { StatusPublisher } from './status-publisher.js';

export interface StreamsHost {
  /** Default: those of the configuration. */
  readonly limits?: LimitsSource;
  readonly onFailure: () => void;
  readonly onNotice: Notify;
}

/** Runs the application in this process; `onFailure` is called when it ends by itself. */
export async function startStreams(
  { beside, log, stateDirectory }: Pick<OpenLog, 'beside' | 'log' | 'stateDirectory'>,
  config: ApplicationConfig,
  serdes: TopicSerdes,
  { modelsDirectory, tellsStatusAs: version, ...options }: PipelineOptions,
  { limits, onFailure, onNotice }: StreamsHost,
): Promise<Streams> {
  const models =
    modelsDirectory === undefined || !config.pipelines.includes('services')
      ? undefined
      : await ModelDirectory.watch(modelsDirectory, onNotice);
  const feedback = topicsOf(config).alerts === undefined ? undefined : await FollowedFeedback.follow(log, onNotice);
  const topology = applicationTopology(config, serdes, models, feedback, limits);
  const endForgotten = onForgottenState(eachOnce((state) => onNotice({ kind: 'state-forgotten', ...state })));
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
    if (state !== 'ERROR' && state !== 'NOT_RUNNING') return;
    endForgotten();
    models?.close();
    void feedback?.close();
  });
  if (version !== undefined) {
    StatusPublisher.start({
      ...{ streams, topology, version, onNotice, applicationId: options.applicationId },
      answersOverTls: options.applicationServer?.tls !== undefined,
      ...{ topic: config.topics.pipelineStatus, use: (tell) => beside?.use(tell) ?? tell(log) },
    });
  }
  await streams.start();
  return streams;
}

/** There is a state for each client, host, sensor or service. */
function eachOnce(tell: (state: ForgottenState) => void): (state: ForgottenState) => void {
  const told = new Set<string>();
  return (state) => {
    const name = `${state.store} ${state.format}`;
    if (told.has(name)) return;
    told.add(name);
    tell(state);
  };
}
