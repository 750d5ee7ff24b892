import type { Log } from '@millrace/streams';
import { z } from 'zod';
import { jsonRecords } from '../../notify/topics.js';

/** Where Connect's workers say how it goes (`status.storage.topic`); compacted. */
const STATUS_TOPIC = 'connect-status';
const POLL_MS = 250;

export const connectStateSchema = z.enum([
  'RUNNING',
  'FAILED',
  'PAUSED',
  'STOPPED',
  'UNASSIGNED',
  'RESTARTING',
  'DESTROYED',
]);

const written = z.object({
  state: connectStateSchema,
  worker_id: z.string(),
  trace: z.string().nullish(),
});

/** How a connector, or a task of one, does. */
export interface PartState {
  readonly state: z.output<typeof connectStateSchema>;
  readonly worker: string;
  /** The first line of why it failed. */
  readonly failure: string | null;
}

/** What the workers of Kafka Connect have written of connectors and their tasks. */
export class ConnectState {
  readonly #connectors = new Map<string, PartState>();
  readonly #tasks = new Map<string, Map<number, PartState>>();

  /** Of an embedded log, or one without Connect, there is nothing. @throws Error when the log does not answer in time */
  static async read(log: Log, withinMs: number): Promise<ConnectState> {
    const state = new ConnectState();
    if (log.singleOwner) return state;
    const deadline = performance.now() + withinMs;
    const partitions = (await log.partitions(STATUS_TOPIC)) ?? 0;
    for (let partition = 0; partition < partitions; partition++) {
      const at = { topic: STATUS_TOPIC, partition };
      const end = await log.endOffset(at);
      let next = await log.startOffset(at);
      const consumer = log.consumer();
      try {
        consumer.assign(at, next);
        while (next < end) {
          if (performance.now() > deadline) throw new Error(`${STATUS_TOPIC} was not read in ${withinMs / 1000} s`);
          for (const cursor of await consumer.poll(POLL_MS)) {
            for (const { key, value } of jsonRecords(cursor)) state.take(key, value);
            next = cursor.nextOffset;
          }
        }
      } finally {
        await consumer.close();
      }
    }
    return state;
  }

  /** A record of the topic; a null says that it is gone. */
  take(key: string, value: unknown): void {
    const [, connector] = /^status-connector-(.+)$/.exec(key) ?? [];
    const [, taskOf, number] = /^status-task-(.+)-(\d+)$/.exec(key) ?? [];
    const { data } = written.safeParse(value);
    const part = data && {
      state: data.state,
      worker: data.worker_id,
      failure: data.trace?.split('\n', 1)[0]?.slice(0, 500) ?? null,
    };
    const isThere = part !== undefined && part.state !== 'DESTROYED';
    if (connector !== undefined) {
      if (isThere) this.#connectors.set(connector, part);
      else this.#connectors.delete(connector);
    } else if (taskOf !== undefined) {
      const tasks = this.#tasks.get(taskOf) ?? new Map<number, PartState>();
      this.#tasks.set(taskOf, tasks);
      if (isThere) tasks.set(Number(number), part);
      else tasks.delete(Number(number));
    }
  }

  get names(): string[] {
    return [...this.#connectors.keys()].sort();
  }

  connector(name: string): PartState | undefined {
    return this.#connectors.get(name);
  }

  tasks(name: string): (PartState & { readonly id: number })[] {
    return [...(this.#tasks.get(name) ?? [])]
      .map(([id, part]) => ({ id, ...part }))
      .sort((one, other) => one.id - other.id);
  }
}
