import type { StandbyTask, StreamsMetrics, StreamsState } from '@millrace/streams';
import type { ApplicationConfig } from '../../topology/application-config.js';
import { type Limits, LiveLimits } from '../../topology/live-limits.js';
import { endInTime, endProcess, KAFKA_ENDS_WITHIN_MS } from '../end-process.js';
import { isInterruption } from '../log/interrupted.js';
import { type LogPlace, openLog } from '../log/open-log.js';
import { keepFilesPrivate } from '../log/privacy.js';
import { serdesOf } from '../log/topics.js';
import type { Notice } from '../notice.js';
import type { PipelineOptions } from './pipeline.js';
import { startStreams } from './start-streams.js';
import { type ToldFailure, toldFailure } from './worker-failure.js';

const REPORT_INTERVAL_MS = 250;

/** What a worker is started with. */
export interface WorkerTask {
  readonly log: LogPlace;
  readonly config: ApplicationConfig;
  readonly limits: Limits;
  readonly pipeline: PipelineOptions;
}

/** What it is told after that. */
export type WorkerOrder = 'close' | { readonly limits: Limits };

export interface WorkerProgress {
  readonly state: StreamsState;
  readonly metrics: StreamsMetrics;
  readonly lag: number;
  readonly standbys: readonly StandbyTask[];
}

/** What a worker tells of itself: its parent is the one that speaks to users. */
export type WorkerReport =
  | ({ readonly kind: 'progress' } & WorkerProgress)
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'failed'; readonly failure: ToldFailure };

/** One process of a pipeline of several: it runs tasks until its parent, which owns the terminal, says or goes. */
async function work({ config, limits, log: place, pipeline }: WorkerTask): Promise<void> {
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve());
  });
  const live = new LiveLimits(limits);
  for (const event of ['disconnect', 'SIGTERM']) process.on(event, () => stop.abort());
  process.on('message', (order: WorkerOrder) => {
    if (order === 'close') stop.abort();
    else live.useLimits(order.limits);
  });
  endInTime(stop.signal, KAFKA_ENDS_WITHIN_MS, notify);
  const data = await openLog(place.url, {
    ...place,
    purpose: { runs: 'tasks' },
    signal: stop.signal,
    onNotice: notify,
  });
  const serdes = await serdesOf(data.schemas, config);
  let failed: () => void = () => {};
  const failure = new Promise<void>((resolve) => {
    failed = resolve;
  });
  const streams = await startStreams(data, config, serdes, pipeline, {
    ...{ limits: live, onFailure: failed, onNotice: notify },
  });
  const tell = async () => {
    const [lag, standbys] = await Promise.all([streams.lag(), streams.standbyTasks()]);
    report({ kind: 'progress', state: streams.state, metrics: streams.metrics, lag, standbys });
  };
  const timer = setInterval(() => {
    // What cannot be told now is told the next time.
    tell().catch(() => {});
  }, REPORT_INTERVAL_MS);
  await Promise.race([stopped, failure]);
  clearInterval(timer);
  await streams.close();
  await tell().catch(() => {});
  await data.close();
}

function report(message: WorkerReport): void {
  if (process.connected) process.send?.(message);
}

function notify(notice: Notice): void {
  report({ kind: 'notice', notice });
}

keepFilesPrivate();
process.removeAllListeners('warning');
process.on('warning', ({ message, name }) => notify({ kind: 'warning', name, message }));
// The terminal sends an interrupt to every process; the parent is the one that acts on it.
process.on('SIGINT', () => {});
process.once('message', (task: WorkerTask) => {
  work(task)
    .catch((error: Error) => {
      if (!isInterruption(error)) report({ kind: 'failed', failure: toldFailure(error) });
    })
    .finally(() => endProcess(0));
});
