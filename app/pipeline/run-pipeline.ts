import type { StandbyTask, StreamsMetrics, StreamsState } from '@millrace/streams';
import type { ApplicationConfig } from '../../topology/application-config.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import { RunningLake } from '../lake/running-lake.js';
import type { LogPlace, OpenLog } from '../log/open-log.js';
import { trainWhenThereIsNone } from '../models/training.js';
import type { Notify } from '../notice.js';
import type { Pipeline, PipelineOptions } from './pipeline.js';
import { startStreams } from './start-streams.js';
import { Workers } from './workers.js';

export interface PipelineRequest {
  /** Opened to run tasks, or, where other processes do, to read. */
  readonly data: OpenLog;
  readonly config: ApplicationConfig;
  readonly serdes: TopicSerdes;
  readonly options: PipelineOptions;
  /** Shares the work among so many processes, each with the log open for itself; on Kafka only. */
  readonly processes?: { readonly count: number; readonly log: LogPlace };
  /** Also stores what is read and found, in the Delta table there. */
  readonly lakeDirectory?: string;
  /** Trains a first model of services, when there is none and enough to train it on. */
  readonly trainsFirstModel?: boolean;
  /** Called when it ends by itself; `close` throws what it failed with. */
  readonly onFailure: () => void;
  readonly onNotice: Notify;
}

/** Runs the application, with what stands beside it, until it is closed. @throws LakeError; what `Streams#start` throws */
export async function runPipeline(request: PipelineRequest): Promise<RunningPipeline> {
  const { config, data, lakeDirectory, options, processes, serdes, trainsFirstModel = false } = request;
  const host = { onFailure: request.onFailure, onNotice: request.onNotice };
  const tasks: Pipeline =
    processes === undefined
      ? await startStreams(data, config, serdes, options, host)
      : new Workers({ log: processes.log, config, pipeline: options }, processes.count, host);
  try {
    const lake = lakeDirectory === undefined ? undefined : await RunningLake.open(data, lakeDirectory, host);
    const running = new RunningPipeline(tasks, lake, data, request.onNotice);
    if (trainsFirstModel && options.modelsDirectory !== undefined) running.train(config, options.modelsDirectory);
    return running;
  } catch (error) {
    await tasks.close();
    throw error;
  }
}

/** A pipeline that runs, with its lake. */
export class RunningPipeline implements Pipeline {
  readonly #tasks: Pipeline;
  readonly #lake: RunningLake | undefined;
  readonly #data: OpenLog;
  readonly #onNotice: Notify;
  readonly #training = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(tasks: Pipeline, lake: RunningLake | undefined, data: OpenLog, onNotice: Notify) {
    this.#tasks = tasks;
    this.#lake = lake;
    this.#data = data;
    this.#onNotice = onNotice;
  }

  get state(): StreamsState {
    return this.#tasks.state;
  }

  get metrics(): Readonly<StreamsMetrics> {
    return this.#tasks.metrics;
  }

  lag(): Promise<number> {
    return this.#tasks.lag();
  }

  standbyTasks(): Promise<readonly StandbyTask[]> {
    return this.#tasks.standbyTasks();
  }

  drain(options?: { readonly keepOpen?: boolean }): Promise<void> {
    return this.#tasks.drain(options);
  }

  train(config: ApplicationConfig, directory: string): void {
    const { signal } = this.#training;
    trainWhenThereIsNone(this.#data, config, directory, signal).catch((error: Error) => {
      if (!signal.aborted) this.#onNotice({ kind: 'training-failed', why: error.message });
    });
  }

  /**
   * Commits and ends, once.
   *
   * @param options.withinMs a last commit waits for brokers that are away, but not for longer: then the log is closed, and
   *   what the commit holds is processed again at the next start
   * @throws what the pipeline or the lake failed with, if one did
   */
  close({ withinMs }: { readonly withinMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(withinMs);
    return this.#closed;
  }

  async #close(withinMs: number | undefined): Promise<void> {
    this.#training.abort();
    const giveUp = () => {
      this.#onNotice({ kind: 'commit-given-up' });
      void this.#data.close();
    };
    const timer = withinMs === undefined ? undefined : setTimeout(giveUp, withinMs);
    try {
      await this.#tasks.close();
    } finally {
      clearTimeout(timer);
      await this.#lake?.close();
    }
  }
}
