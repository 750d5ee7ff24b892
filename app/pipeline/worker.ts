import type { StandbyTask, StreamsMetrics } from '@millrace/streams';
import { isInterruption } from '../../cli/commands/interruption.js';
import { failureText } from '../../cli/terminal/failure-text.js';
import { sayWarnings } from '../../cli/terminal/warnings.js';
import type { ApplicationConfig } from '../../topology/application-config.js';
import { endProcess } from '../end-process.js';
import { type ConnectionOptions, connect, serdesOf } from '../log/open-log.js';
import { keepFilesPrivate } from '../log/privacy.js';
import { type PipelineOptions, startStreams } from './pipeline.js';

const REPORT_INTERVAL_MS = 250;

/** What a worker is started with. */
export interface WorkerTask {
  readonly connection: ConnectionOptions;
  readonly config: ApplicationConfig;
  readonly pipeline: PipelineOptions;
}

export interface WorkerProgress {
  readonly metrics: StreamsMetrics;
  readonly lag: number;
  readonly standbys: readonly StandbyTask[];
}

/** What a worker tells of itself. */
export type WorkerReport =
  | ({ readonly kind: 'progress' } & WorkerProgress)
  | { readonly kind: 'failed'; readonly message: string };

/** One process of a pipeline of several: it runs tasks until its parent, which owns the terminal, says or goes. */
async function work({ config, connection: options, pipeline }: WorkerTask): Promise<void> {
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve());
  });
  for (const event of ['disconnect', 'SIGTERM', 'message']) process.on(event, () => stop.abort());
  const connection = await connect(options, { runs: 'tasks' }, stop.signal);
  const serdes = await serdesOf(connection.schemas, config);
  let failed: () => void = () => {};
  const failure = new Promise<void>((resolve) => {
    failed = resolve;
  });
  const streams = await startStreams(connection, config, serdes, pipeline, failed);
  const tell = async () => {
    const [lag, standbys] = await Promise.all([streams.lag(), streams.standbyTasks()]);
    report({ kind: 'progress', metrics: streams.metrics, lag, standbys });
  };
  const timer = setInterval(() => {
    // What cannot be told now is told the next time.
    tell().catch(() => {});
  }, REPORT_INTERVAL_MS);
  await Promise.race([stopped, failure]);
  clearInterval(timer);
  await streams.close();
  await tell().catch(() => {});
  await connection.close();
}

function report(message: WorkerReport): void {
  if (process.connected) process.send?.(message);
}

keepFilesPrivate();
sayWarnings();
// The terminal sends an interrupt to every process; the parent is the one that acts on it.
process.on('SIGINT', () => {});
process.once('message', (task: WorkerTask) => {
  work(task)
    .catch((error: Error) => {
      if (!isInterruption(error)) report({ kind: 'failed', message: `${failureText(error)}` });
    })
    .finally(() => endProcess(0));
});
