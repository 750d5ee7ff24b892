import type { Log } from '@millrace/streams';
import type { z } from 'zod';

/** What people keep in a compacted topic of one partition: JSON values by key. */
export class JsonTopic<Value> {
  readonly #log: Log;
  readonly #topic: string;
  readonly #schema: z.ZodType<Value>;
  readonly #values = new Map<string, Value>();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(log: Log, topic: string, schema: z.ZodType<Value>) {
    this.#log = log;
    this.#topic = topic;
    this.#schema = schema;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  get values(): Iterable<Value> {
    return this.#values.values();
  }

  /** What has been read of the topic; what does not fit is as if it were not there. */
  read(key: string, value: unknown): void {
    const { data } = this.#schema.safeParse(value);
    if (data === undefined) this.#values.delete(key);
    else this.#values.set(key, data);
  }

  /** Resolves when it is in the topic. @param value null deletes it @throws LogError */
  async put(key: string, value: Value | null): Promise<void> {
    const write = this.#writing.then(async () => {
      await this.#log.ensureTopic(this.#topic, { partitions: 1, cleanupPolicy: 'compact' });
      const transaction = this.#log.transaction();
      const bytes = value === null ? null : Buffer.from(JSON.stringify(value));
      transaction.append(this.#topic, 0, Date.now(), Buffer.from(key), bytes);
      await transaction.commit();
      if (value === null) this.#values.delete(key);
      else this.#values.set(key, value);
    });
    this.#writing = write.catch(() => {});
    await write;
  }
}
