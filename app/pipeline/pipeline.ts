import type { ApplicationServer, StandbyTask, StreamsMetrics, StreamsState } from '@millrace/streams';

/** The topology at work, in this process or in several. */
export interface Pipeline {
  /** As for `Streams`; of several processes `RUNNING` when one of them is. */
  readonly state: StreamsState;
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

/** Plain values: they can be sent to another process. */
export interface PipelineOptions {
  readonly applicationId: string;
  readonly commitInterval: number;
  readonly idle: number | 'never';
  /** As for `Streams`. */
  readonly maxTimeAhead: number;
  readonly numStandbyReplicas: number;
  /** Of the program: what it does is then told once a second, in the topic of statuses. */
  readonly tellsStatusAs?: string;
  /** Where it is asked for its state; of several processes each at a port of its own. */
  readonly applicationServer?: ApplicationServer;
  /** Where the trained models of services are. */
  readonly modelsDirectory?: string;
}
