import { setTimeout as delay } from 'node:timers/promises';
import { KafkaLog } from '@millrace/streams/kafka';
import { expect } from 'vitest';
import { ConfluentRegistry } from '../../schemas/confluent-registry.js';
import type { AccessLog } from '../../schemas/records.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { type GoalSerdes, registerSerdes } from '../../topology/serdes.js';
import { expectSameGoals } from '../reference/expect-goals.js';
import { referenceGoals } from '../reference/goals.js';
import { partitioned, readGoals, readRawTopic } from '../reference/run-goals.js';
import { type Services, startServices } from '../services/services.js';
import { until } from '../until.js';
import { expectNumbers, feedNumbers, NUMBERS, NUMBERS_PROGRAM } from './numbers.js';
import { type Action, type Field, prepareField, UnderFire, type UnderFireOptions } from './under-fire.js';

const PARTITIONS = 4;
const FEED_NUMBERS = 10;
const FEED_INTERVAL_MS = 50;
const CAUGHT_UP_WITHIN_MS = 120_000;
/** Longer than a transaction may last, so that the broker ends those that were open. */
const LONG_OUTAGE_MS = 11_000;
const config = DEFAULT_GOAL_CONFIG;

/** Enough of each event to know it by. */
function places(events: readonly AccessLog[]): string[] {
  return events.map(({ client_ip, host, timestamp }) => `${timestamp} ${client_ip} ${host}`);
}

/** The goals and the numbers on a broker, each run by several processes, the raw topic fed by one that reads a file. */
export class KafkaUnderFire extends UnderFire {
  #written = 0;

  private constructor(
    options: UnderFireOptions,
    field: Field,
    readonly services: Services,
    readonly log: KafkaLog,
    readonly registry: ConfluentRegistry,
    readonly serdes: GoalSerdes,
    readonly place: readonly string[],
    readonly numbers: object,
  ) {
    super(options, field);
  }

  static async create(options: UnderFireOptions): Promise<KafkaUnderFire> {
    const services = await startServices(['kafka', 'registry']);
    const { brokers, registryUrl } = services.addresses;
    const log = await KafkaLog.open({ brokers, say: (message) => options.journal.note(message) });
    for (const [id, topic] of Object.entries(config.topics)) {
      await log.ensureTopic(topic, { partitions: id === 'deadLetters' ? 1 : PARTITIONS });
    }
    for (const topic of ['numbers', 'numbers-passed', 'numbers-counted', 'numbers-grouped']) {
      await log.ensureTopic(topic, { partitions: NUMBERS.partitions });
    }
    const registry = new ConfluentRegistry({ url: registryUrl });
    const serdes = await registerSerdes(registry, config.topics);
    const field = await prepareField(options);
    const { data, file } = field;
    const place = ['--brokers', brokers, '--registry', registryUrl, '--data-dir', data];
    const numbers = { ...NUMBERS, brokers, registry: registryUrl, dataDir: data };
    const run = new KafkaUnderFire(options, field, services, log, registry, serdes, place, numbers);
    run.addSlot({
      name: 'producer',
      args: () => ['produce', ...place, '--input', file.path, '--follow'],
      steps: 'producer',
    });
    // The wall clock is to close no window, however long nothing comes.
    for (let i = 0; i < 3; i++) {
      run.addSlot({
        name: `goals-${i}`,
        args: () => ['start', ...place, '--pipelines', 'goals', '--idle', '10h'],
        steps: 'kafka',
      });
    }
    for (let i = 0; i < 2; i++) {
      const args = () => [JSON.stringify(numbers)];
      run.addSlot({ name: `numbers-${i}`, program: NUMBERS_PROGRAM, args, steps: 'kafka' });
    }
    return run;
  }

  protected get furtherActions(): readonly Action[] {
    return [
      { weight: 1, run: () => this.#brokerAway('kill', this.random.below(3000)) },
      { weight: 1, run: () => this.#brokerAway('stop', this.random.below(3000)) },
      { weight: 1, run: () => this.#brokerAway('kill', LONG_OUTAGE_MS + this.random.below(3000)) },
    ];
  }

  protected async feedNumbers(): Promise<void> {
    while (this.#written < this.numbersFed) {
      const to = Math.min(this.numbersFed, this.#written + FEED_NUMBERS);
      await feedNumbers(this.log, this.#written, to);
      this.#written = to;
      await delay(FEED_INTERVAL_MS);
    }
  }

  protected async caughtUp(): Promise<void> {
    let places: string[] = [];
    const isDone = async (group: string, topic: string): Promise<boolean> => {
      let isAtEnd = true;
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const committed = (await this.log.committed(group, { topic, partition }))?.offset ?? 0;
        const end = await this.log.endOffset({ topic, partition });
        places.push(`${topic}-${partition} ${committed} of ${end}`);
        // A commit's mark stands behind the last record.
        isAtEnd &&= committed >= end - 1;
      }
      return isAtEnd;
    };
    await until(
      async () => {
        places = [];
        const areDone = [await isDone('millrace', config.topics.accessLog), await isDone('numbers', 'numbers')];
        return areDone.every(Boolean);
      },
      { progress: () => places.join(', '), patienceMs: CAUGHT_UP_WITHIN_MS },
    );
  }

  protected async finish(): Promise<void> {
    await this.runToEnd(['produce', ...this.place, '--input', this.field.file.path]);
    await this.runToEnd(['start', ...this.place, '--pipelines', 'goals', '--once']);
    await this.runToEnd([JSON.stringify({ ...this.numbers, drain: true })], NUMBERS_PROGRAM);
    const partitions = partitioned(this.field.file.events, PARTITIONS);
    const raw = await readRawTopic(this.log, config, this.serdes);
    expect(raw.map(places), 'raw topic, in its order').toEqual(partitions.map(places));
    const actual = await readGoals(this.log, config, this.serdes);
    const expected = referenceGoals(partitions, { graceMs: 5000 });
    expectSameGoals(actual, expected);
    expect(actual.records[3], 'records of goal 3').toBe(expected.goal3.size);
    expect(actual.records[4], 'records of goal 4').toBe(expected.goal4.size);
    await expectNumbers(this.log, this.numbersFed);
    this.journal.note(
      `equal: ${this.field.file.events.length} events, ${this.numbersFed} numbers; ` +
        `results of goals 1 to 4: ${[1, 2, 3, 4].map((goal) => actual.records[goal as 1]).join(', ')}`,
    );
  }

  protected async closeServices(): Promise<void> {
    this.registry.close();
    await this.log.close();
    await this.services.close();
  }

  async #brokerAway(how: 'kill' | 'stop', milliseconds: number): Promise<void> {
    this.journal.action(
      how === 'kill' ? 'kill -9 of the broker' : 'broker stopped',
      `broker: ${how}, ${milliseconds} ms`,
    );
    await this.services[how]('kafka');
    await delay(milliseconds);
    await this.services.start('kafka');
    this.journal.note('broker: ready');
  }
}
