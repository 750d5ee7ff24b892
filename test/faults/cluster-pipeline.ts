import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KafkaLog } from '@millrace/streams/kafka';
import { expect } from 'vitest';
import { ConfluentRegistry } from '../../schemas/confluent-registry.js';
import type { AccessLog } from '../../schemas/records.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { type GoalSerdes, registerSerdes } from '../../topology/serdes.js';
import { Brokers, freePorts } from '../brokers/brokers.js';
import { StandaloneRegistry } from '../brokers/registry.js';
import { type Finished, Millrace } from '../integration/millrace.js';
import { expectSameGoals } from '../reference/expect-goals.js';
import { referenceGoals } from '../reference/goals.js';
import { appendEvents, partitioned, readGoals } from '../reference/run-goals.js';
import { until } from '../until.js';

const BROKERS = 3;
const PARTITIONS = 4;
/** About as many events a second: so many each time. */
const FEED_EVENTS = 50;
const FEED_INTERVAL_MS = 100;
const ENDS_WITHIN_MS = 30_000;
const CAUGHT_UP_WITHIN_MS = 120_000;
const config = DEFAULT_GOAL_CONFIG;

/** The goals on three brokers with three copies of everything, run by processes with data directories of their own. */
export class ClusterPipeline {
  readonly #processes: Millrace[] = [];
  #written = 0;

  private constructor(
    readonly brokers: Brokers,
    readonly registry: StandaloneRegistry,
    readonly events: readonly AccessLog[],
    readonly journal: (what: string) => void,
  ) {}

  static async create(events: readonly AccessLog[], journal: (what: string) => void): Promise<ClusterPipeline> {
    const brokers = await Brokers.start({ count: BROKERS });
    const [port] = await freePorts(1);
    const registry = await StandaloneRegistry.start(brokers.directory, port as number);
    return new ClusterPipeline(brokers, registry, events, journal);
  }

  /** Starts a process in a data directory of the name. */
  start(name: string, ...args: readonly string[]): Millrace {
    const running = new Millrace([
      'start',
      ...['--brokers', this.brokers.bootstrap, '--registry', this.registry.url],
      ...['--data-dir', join(this.brokers.directory, name), '--pipelines', 'goals', '--idle', '10h'],
      ...['--replication-factor', `${BROKERS}`, '--topic-config', 'min.insync.replicas=2'],
      ...['--partitions', `${PARTITIONS}`],
      ...args,
    ]);
    this.#processes.push(running);
    return running;
  }

  /** Writes events at their pace until it is told to stop, or all are written. @returns how many are written in all */
  async feed(stop: AbortSignal): Promise<number> {
    const log = await KafkaLog.open({ brokers: this.brokers.bootstrap, say: this.journal });
    const registry = new ConfluentRegistry({ url: this.registry.url });
    const serdes: GoalSerdes = await registerSerdes(registry, config.topics);
    await until(() => log.partitions(config.topics.accessLog), { patienceMs: 60_000 });
    while (!stop.aborted && this.#written < this.events.length) {
      const due = delay(FEED_INTERVAL_MS);
      const events = this.events.slice(this.#written, this.#written + FEED_EVENTS);
      await appendEvents(log, config, serdes, events);
      this.#written += events.length;
      await due;
    }
    registry.close();
    await log.close();
    return this.#written;
  }

  /** Resolves when all that was fed is processed. */
  async caughtUp(): Promise<void> {
    const log = await KafkaLog.open({ brokers: this.brokers.bootstrap, say: this.journal });
    let processed = 0;
    await until(
      async () => {
        this.requireRunning();
        processed = 0;
        for (let partition = 0; partition < PARTITIONS; partition++) {
          const topicPartition = { topic: config.topics.accessLog, partition };
          const committed = await log.committed('millrace', topicPartition);
          processed += committed?.offset ?? 0;
          // A commit's mark stands behind the last record.
          if ((committed?.offset ?? 0) < (await log.endOffset(topicPartition)) - 1) return undefined;
        }
        return true;
      },
      { progress: () => processed, patienceMs: CAUGHT_UP_WITHIN_MS },
    ).finally(() => log.close());
  }

  /** What the processes have said. */
  get said(): string {
    return this.#processes.map(({ stderr }, i) => `process ${i + 1}:\n${stderr}`).join('\n');
  }

  /** No process has ended by itself. */
  requireRunning(): void {
    for (const { process, stderr } of this.#processes) {
      if (process.exitCode !== null || process.signalCode !== null) {
        throw new Error(`a process has ended by itself (${process.signalCode ?? process.exitCode}): ${stderr}`);
      }
    }
  }

  /** Asks a process to stop, which it must do in order and in time. */
  async stop(running: Millrace): Promise<Finished> {
    const timer = setTimeout(() => running.process.kill('SIGKILL'), ENDS_WITHIN_MS);
    const finished = await running.kill('SIGTERM');
    clearTimeout(timer);
    this.#processes.splice(this.#processes.indexOf(running), 1);
    // A call that the client has not come back from holds a thread, with which only a signal ends a process.
    if (finished.stderr.includes('has not answered') && finished.signal === 'SIGTERM') return finished;
    expect(finished.signal, finished.stderr).toBeNull();
    expect(finished.code, finished.stderr).toBe(0);
    return finished;
  }

  /** Closes every window of what was fed, and compares all results with those of a plain computation. */
  async expectReferenceResults(): Promise<string> {
    const last = await this.start('last', '--once').finished;
    expect(last.code, last.stderr).toBe(0);
    const log = await KafkaLog.open({ brokers: this.brokers.bootstrap, say: this.journal });
    const registry = new ConfluentRegistry({ url: this.registry.url });
    try {
      const serdes = await registerSerdes(registry, config.topics);
      const actual = await readGoals(log, config, serdes);
      const events = this.events.slice(0, this.#written);
      const expected = referenceGoals(partitioned(events, PARTITIONS), { graceMs: 5000 });
      expectSameGoals(actual, expected);
      expect(actual.records[3], 'records of goal 3').toBe(expected.goal3.size);
      expect(actual.records[4], 'records of goal 4').toBe(expected.goal4.size);
      const results = [1, 2, 3, 4].map((goal) => actual.records[goal as 1]).join(', ');
      return `equal: ${this.#written} events; results of goals 1 to 4: ${results}`;
    } finally {
      registry.close();
      await log.close();
    }
  }

  async close(): Promise<void> {
    for (const running of this.#processes) await running.kill('SIGKILL');
    await this.registry.close();
    await this.brokers.close();
  }
}
