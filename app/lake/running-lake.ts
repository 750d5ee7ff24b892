import { LakeWriter } from '../../lake/lake-writer.js';
import type { OpenLog } from '../log/open-log.js';
import type { Notify } from '../notice.js';
import { LAKE_SOURCES } from './lake-sources.js';

/** Stores what a pipeline reads and finds, in the pipeline's process. */
export class RunningLake {
  readonly #writer: LakeWriter;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #failure: Error | undefined;

  private constructor(writer: LakeWriter, onFailure: () => void) {
    this.#writer = writer;
    this.#running = writer.run(this.#stop.signal).catch((error: Error) => {
      this.#failure = error;
      onFailure();
    });
  }

  /** @throws LakeError */
  static async open(
    { log, schemas }: Pick<OpenLog, 'log' | 'schemas'>,
    directory: string,
    { onFailure, onNotice }: { readonly onFailure: () => void; readonly onNotice: Notify },
  ): Promise<RunningLake> {
    const onWarning = (message: string) => onNotice({ kind: 'lake', message });
    return new RunningLake(
      await LakeWriter.open({ log, schemas, directory, sources: LAKE_SOURCES, onWarning }),
      onFailure,
    );
  }

  /** Stores what is there by now, and ends. @throws what storing has failed with, if it did */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#writer.drain();
    } finally {
      await this.#writer.close();
    }
  }
}
