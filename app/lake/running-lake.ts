import { LakeWriter } from '../../lake/lake-writer.js';
import type { OpenLog } from '../log/open-log.js';
import type { Notify } from '../notice.js';
import { LAKE_SOURCES } from './lake-sources.js';
import { keepLake, type LakeRetention } from './lake-upkeep.js';

export interface RunningLakeOptions {
  readonly directory: string;
  /** Undefined: what is stored stays. */
  readonly retention?: LakeRetention | undefined;
  readonly onFailure: () => void;
  readonly onNotice: Notify;
}

/** Stores what a pipeline reads and finds, in this process. */
export class RunningLake {
  readonly #writer: LakeWriter;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #upkeep: Promise<void>;
  #retention: LakeRetention | undefined;
  #failure: Error | undefined;

  private constructor(writer: LakeWriter, { directory, onFailure, onNotice, retention }: RunningLakeOptions) {
    this.#writer = writer;
    const { signal } = this.#stop;
    this.#running = writer.run(signal).catch((error: Error) => {
      this.#failure = error;
      onFailure();
    });
    const say = (message: string) => onNotice({ kind: 'lake', message });
    this.#retention = retention;
    this.#upkeep =
      retention === undefined
        ? Promise.resolve()
        : keepLake(directory, () => this.#retention ?? retention, signal, say);
  }

  /** @throws LakeError */
  static async open(
    { log, schemas }: Pick<OpenLog, 'log' | 'schemas'>,
    options: RunningLakeOptions,
  ): Promise<RunningLake> {
    const onWarning = (message: string) => options.onNotice({ kind: 'lake', message });
    const { directory } = options;
    return new RunningLake(
      await LakeWriter.open({ log, schemas, directory, sources: LAKE_SOURCES, onWarning }),
      options,
    );
  }

  /** What storing has failed with, if it did. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** What it keeps from now on, unless it keeps all. */
  useRetention(retention: LakeRetention): void {
    this.#retention = retention;
  }

  /** Stores what is there by now, and ends. @throws what storing has failed with, if it did */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#running, this.#upkeep]);
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#writer.drain();
    } finally {
      await this.#writer.close();
    }
  }
}
