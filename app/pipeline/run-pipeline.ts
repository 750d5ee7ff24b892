import type { StandbyTask, StreamsMetrics, StreamsState } from '@millrace/streams';
import type { ApplicationConfig } from '../../topology/application-config.js';
import { type Limits, LiveLimits, limitsOf } from '../../topology/live-limits.js';
import type { TopicSerdes } from '../../topology/serdes.js';
import { LakeBeside } from '../lake/lake-beside.js';
import { DEFAULT_LAKE_RETENTION, type LakeRetention } from '../lake/lake-upkeep.js';
import { RunningLake } from '../lake/running-lake.js';
import type { LogPlace, OpenLog } from '../log/open-log.js';
import { keepTraining } from '../models/training.js';
import type { Notify } from '../notice.js';
import type { Pipeline, PipelineOptions } from './pipeline.js';
import { startStreams } from './start-streams.js';
import { Workers } from './workers.js';

interface StoredIn {
  readonly directory: string;
  /** Undefined: what is stored stays. */
  readonly retention?: LakeRetention | undefined;
  /** Where the log is for a process of its own that stores; undefined: it is done here, and ends what runs when it fails. */
  readonly beside?: LogPlace | undefined;
}

export interface PipelineRequest {
  /** Opened to run tasks, or, where other processes do, to read. */
  readonly data: OpenLog;
  readonly config: ApplicationConfig;
  readonly serdes: TopicSerdes;
  readonly options: PipelineOptions;
  /** Shares the work among so many processes, each with the log open for itself; on Kafka only. */
  readonly processes?: { readonly count: number; readonly log: LogPlace };
  /** Also stores what is read and found, in a Delta table. */
  readonly lake?: StoredIn;
  /** Trains models of services, as soon as there is enough to train on, and again as there is more. */
  readonly trainsFirstModel?: boolean;
  /** Called when it ends by itself; `close` throws what it failed with. */
  readonly onFailure: () => void;
  readonly onNotice: Notify;
}

/** Runs the application, with what stands beside it, until it is closed. @throws LakeError; what `Streams#start` throws */
export async function runPipeline(request: PipelineRequest): Promise<RunningPipeline> {
  const { config, data, lake: storedIn, options, processes, serdes, trainsFirstModel = false } = request;
  const host = { onFailure: request.onFailure, onNotice: request.onNotice };
  const limits = new LiveLimits(limitsOf(config));
  const workers =
    processes === undefined
      ? undefined
      : new Workers({ log: processes.log, config, limits: limits.current(), pipeline: options }, processes.count, host);
  const tasks: Pipeline = workers ?? (await startStreams(data, config, serdes, options, { ...host, limits }));
  try {
    const lake = storedIn === undefined ? undefined : await lakeOf(storedIn, data, host);
    const running = new RunningPipeline({ tasks, limits: workers ?? limits, lake }, data, request.onNotice);
    if (trainsFirstModel && options.modelsDirectory !== undefined) running.train(config, options.modelsDirectory);
    return running;
  } catch (error) {
    await tasks.close();
    throw error;
  }
}

async function lakeOf(
  { beside, directory, retention }: StoredIn,
  data: OpenLog,
  host: Pick<PipelineRequest, 'onFailure' | 'onNotice'>,
): Promise<Lake> {
  if (beside === undefined) return RunningLake.open(data, { directory, retention, ...host });
  return new LakeBeside({ directory, place: beside, retention: retention ?? DEFAULT_LAKE_RETENTION }, host.onNotice);
}

interface Lake {
  /** What it keeps from now on; undefined: it keeps all. */
  readonly useRetention?: (retention: LakeRetention) => void;
  /** Stores what is there by now, and ends. */
  close(): Promise<void>;
}

/** What runs. */
interface Parts {
  readonly tasks: Pipeline;
  /** Whoever judges by the limits. */
  readonly limits: { useLimits(limits: Limits): void };
  readonly lake: Lake | undefined;
}

/** A pipeline that runs, with its lake. */
export class RunningPipeline implements Pipeline {
  readonly #tasks: Pipeline;
  readonly #limits: Parts['limits'];
  readonly #lake: Lake | undefined;
  readonly #data: OpenLog;
  readonly #onNotice: Notify;
  readonly #training = new AbortController();
  #closed: Promise<void> | undefined;

  constructor({ lake, limits, tasks }: Parts, data: OpenLog, onNotice: Notify) {
    this.#tasks = tasks;
    this.#limits = limits;
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

  /** Judges by these limits from the next windows on. */
  useLimits(limits: Limits): void {
    this.#limits.useLimits(limits);
  }

  /** What the lake keeps from now on. */
  useLakeRetention(retention: LakeRetention): void {
    this.#lake?.useRetention?.(retention);
  }

  train(config: ApplicationConfig, directory: string): void {
    const { signal } = this.#training;
    keepTraining(this.#data, config, directory, signal).catch((error: Error) => {
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
