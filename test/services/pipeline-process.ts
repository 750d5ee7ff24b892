import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type OpenLog, openLog } from '../../app/log/open-log.js';
import { DEFAULT_APPLICATION_CONFIG, topicsOf } from '../../topology/application-config.js';
import { registerSerdes, type TopicSerdes } from '../../topology/serdes.js';
import { Millrace, temporaryDirectory } from '../integration/millrace.js';
import { until } from '../until.js';

type Role = 'accessLog' | 'serviceLogs' | 'sensorReadings';

/** `millrace start` over an embedded log of its own, which is killed and started again; what is in its log can be read. */
export class PipelineProcess {
  readonly dataDirectory: string;
  readonly #remove: () => Promise<void>;
  readonly #runs: Millrace[] = [];

  private constructor(path: string, remove: () => Promise<void>) {
    this.dataDirectory = join(path, 'data');
    this.#remove = remove;
  }

  static async create(): Promise<PipelineProcess> {
    const { path, remove } = await temporaryDirectory();
    return new PipelineProcess(path, remove);
  }

  /** Resolves when others can read the log through it: before that, who looks would have the log to itself. */
  async start(...args: readonly string[]): Promise<void> {
    const place = ['--data-dir', this.dataDirectory, '--commit-interval', '50ms'];
    const served = () => readFile(join(this.dataDirectory, 'log', 'served'), 'utf8').catch(() => '');
    const before = await served();
    this.#runs.push(new Millrace(['start', ...place, ...args]));
    await until(async () => (await served()) !== before);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    for (const run of this.#runs.splice(0)) await run.kill(signal);
  }

  /** Waits until so many events are in the log, for as long as more of them come in. */
  async untilEvents(role: Role, count: number): Promise<void> {
    let reached = 0;
    await until(
      async () => {
        reached = await this.#withLog(({ log }) => endsOf(log, role))
          .then((ends) => ends.reduce((sum, end) => sum + end, 0))
          // No topic yet.
          .catch(() => 0);
        return reached >= count;
      },
      { progress: () => reached, patienceMs: 60_000 },
    );
  }

  /** Waits until no more events have come in for so long. @returns what is there */
  async eventsWhenQuiet<V>(role: Role, quietMs: number): Promise<V[]> {
    for (let before = -1; ; ) {
      await delay(quietMs);
      const events = await this.events<V>(role);
      if (events.length === before) return events;
      before = events.length;
    }
  }

  events<V>(role: Role): Promise<V[]> {
    return this.#withLog(async ({ log, schemas }) => {
      const serdes = (await registerSerdes(schemas, topicsOf(DEFAULT_APPLICATION_CONFIG))) as TopicSerdes;
      const topic = DEFAULT_APPLICATION_CONFIG.topics[role];
      const events: V[] = [];
      for (const [partition, end] of (await endsOf(log, role)).entries()) {
        const consumer = log.consumer();
        consumer.assign({ topic, partition }, 0);
        for (let next = 0; next < end; ) {
          for (const cursor of await consumer.poll(1000)) {
            while (cursor.next()) {
              events.push(serdes[role].deserialize(topic, cursor.valueBytes, cursor.valueStart, cursor.valueEnd) as V);
            }
            next = cursor.nextOffset;
          }
        }
        await consumer.close();
      }
      return events;
    });
  }

  async close(): Promise<void> {
    await this.end('SIGKILL');
    await this.#remove();
  }

  async #withLog<Answer>(ask: (open: OpenLog) => Promise<Answer>): Promise<Answer> {
    const { signal } = new AbortController();
    const open = await openLog(this.dataDirectory, { purpose: { runs: 'reader' }, signal, onNotice: () => {} });
    try {
      return await ask(open);
    } finally {
      await open.close();
    }
  }
}

async function endsOf(log: OpenLog['log'], role: Role): Promise<number[]> {
  const topic = DEFAULT_APPLICATION_CONFIG.topics[role];
  const ends: number[] = [];
  for (let partition = 0; partition < ((await log.partitions(topic)) ?? 0); partition++) {
    ends.push(await log.endOffset({ topic, partition }));
  }
  return ends;
}
