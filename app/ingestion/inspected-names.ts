import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LogError } from '@millrace/streams';
import { ProducerError } from '../../producer/producer-error.js';
import { isInterruption } from '../log/interrupted.js';
import type { OpenLog } from '../log/open-log.js';

/** What a name is of. */
export interface InspectedName {
  /** Of a topic, the log that has it; undefined: the name is a file's. */
  readonly data?: OpenLog;
  /** What is said where the name could be another thing, too. */
  readonly note?: string;
}

export interface InspectedNamesOptions {
  /** Opens the log whose topics are meant. @throws LogError */
  readonly open: () => Promise<OpenLog>;
  /** What is said of where that log is. */
  readonly place: string;
}

/** What has a slash in it is a path alone. */
const TOPIC_NAME = /^(?!\.{1,2}$)[\w.-]{1,249}$/;
const MOST_LISTED = 20;

/** Tells topics from files. A name of both is the topic's, for a file has its path. The log is opened when it has to be. */
export class InspectedNames {
  readonly #options: InspectedNamesOptions;
  #opened: Promise<OpenLog> | undefined;

  constructor(options: InspectedNamesOptions) {
    this.#options = options;
  }

  /** @throws ProducerError INPUT_MISSING where there is neither; LogError */
  async find(name: string): Promise<InspectedName> {
    if (name === '-' || !TOPIC_NAME.test(name)) return {};
    const isFile = await exists(name);
    let missing: string;
    try {
      this.#opened ??= this.#options.open();
      const data = await this.#opened;
      if ((await data.log.partitions(name)) !== undefined) {
        return {
          data,
          ...(isFile && { note: `${name} is a topic and a file: this is the topic; ./${name} is the file` }),
        };
      }
      missing = isFile ? '' : topicsText(await data.log.topics());
    } catch (error) {
      if (isInterruption(error)) throw error;
      const hasNoLog = error instanceof LogError && error.code === 'LOG_IO';
      if (!isFile && !hasNoLog) throw error;
      missing = (error as Error).message;
      if (isFile && !hasNoLog) return { note: `this is the file ${name}; topics could not be looked up: ${missing}` };
    }
    if (isFile) return {};
    throw new ProducerError(
      'INPUT_MISSING',
      `there is no file ${name}; its full path would be ${resolve(name)}. Nor is there a topic ${name} at ` +
        `${this.#options.place}: ${missing}`,
    );
  }

  async close(): Promise<void> {
    // What could not be opened was told.
    await this.#opened?.then(
      (data) => data.close(),
      () => {},
    );
  }
}

function topicsText(topics: readonly string[]): string {
  if (topics.length === 0) return 'it has no topics';
  const more = topics.length > MOST_LISTED ? `, and ${topics.length - MOST_LISTED} more` : '';
  return `it has ${topics.toSorted().slice(0, MOST_LISTED).join(', ')}${more}`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
