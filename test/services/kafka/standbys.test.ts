import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  numberSerde,
  Streams,
  StreamsBuilder,
  type StreamsConfig,
  stringSerde,
  TimeWindows,
  type Topology,
} from '@millrace/streams';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SchemaDirectory } from '../../../schemas/schema-directory.js';
import { DEFAULT_GOAL_CONFIG, type GoalConfig } from '../../../topology/goals/goal-config.js';
import { goalsTopology } from '../../../topology/goals/goals.js';
import { type GoalSerdes, registerSerdes } from '../../../topology/serdes.js';
import { temporaryDirectory } from '../../integration/millrace.js';
import { simulated } from '../../reference/events.js';
import { expectSameGoals } from '../../reference/expect-goals.js';
import { referenceGoals } from '../../reference/goals.js';
import { apart, appendEvents, createGoalTopics, partitioned, readGoals } from '../../reference/run-goals.js';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const reason = await whyNoServices(['kafka']);
let services: Services;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
/** Names the application and its topics: the broker is shared. */
let name: string;
const members = new Set<Member>();
const processes: ChildProcess[] = [];

/** A process of the application, as far as the group is concerned. */
class Member {
  private constructor(
    readonly log: KafkaLog,
    readonly streams: Streams,
  ) {}

  static async start(topology: Topology, config: Partial<StreamsConfig> & { stateDirectory: string }): Promise<Member> {
    const log = await KafkaLog.open({ brokers: services.addresses.brokers });
    const streams = new Streams(topology, { applicationId: name, log, numStandbyReplicas: 1, ...config });
    const member = new Member(log, streams);
    members.add(member);
    await streams.start();
    return member;
  }

  /** The ids of the tasks that it keeps the state of, once there are so many and it has all of them. */
  standbys(count: number): Promise<string[]> {
    return until(async () => {
      const standbys = await this.streams.standbyTasks();
      if (standbys.length !== count || standbys.some(({ lag }) => lag > 0)) return undefined;
      return standbys.map(({ id }) => id);
    });
  }

  async close(): Promise<void> {
    members.delete(this);
    await this.streams.close();
    await this.log.close();
  }
}

/** The goals in a process of its own. */
function startGoals(config: GoalConfig, stateDirectory: string): ChildProcess {
  const script = `
    import { Streams } from './dist/streams/index.js';
    import { KafkaLog } from './dist/streams/log/kafka/kafka-log.js';
    import { SchemaDirectory } from './dist/schemas/schema-directory.js';
    import { goalsTopology } from './dist/topology/goals/goals.js';
    import { registerSerdes } from './dist/topology/serdes.js';
    const { applicationId, brokers, config, schemas, stateDirectory } = JSON.parse(process.argv[1]);
    const log = await KafkaLog.open({ brokers });
    const serdes = await registerSerdes(new SchemaDirectory(schemas), config.topics);
    const topology = goalsTopology(config, serdes);
    await new Streams(topology, { applicationId, log, stateDirectory, numStandbyReplicas: 1 }).start();
  `;
  const task = { applicationId: name, brokers: services.addresses.brokers, config, schemas: schemas(), stateDirectory };
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, JSON.stringify(task)], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  processes.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}

function schemas(): string {
  return join(directory.path, 'schemas.json');
}

beforeAll(async () => {
  if (reason) return;
  services = await startServices(['kafka']);
}, 60_000);
afterAll(() => services?.close());
beforeEach(async () => {
  name = `t${randomUUID()}`;
  directory = await temporaryDirectory();
});
afterEach(async () => {
  for (const child of processes.splice(0)) await kill(child);
  for (const member of members) await member.close();
  await directory.remove();
});

describe.skipIf(reason)('the standbys of an application that counts words', () => {
  const PARTITIONS = 6;
  const WORDS = Array.from({ length: 60 }, (_, i) => `word ${i}`);
  let log: KafkaLog;
  let appended: number;

  beforeEach(async () => {
    appended = 0;
    log = await KafkaLog.open({ brokers: services.addresses.brokers });
    for (const topic of [wordsTopic(), countsTopic()]) await log.ensureTopic(topic, { partitions: PARTITIONS });
  });
  afterEach(() => log.close());

  const wordsTopic = () => `${name}-words`;
  const countsTopic = () => `${name}-counts`;

  function countWords(): Topology {
    const builder = new StreamsBuilder();
    builder
      .stream(wordsTopic(), { key: stringSerde, value: stringSerde })
      .groupBy((_key, word) => word, { key: stringSerde })
      .windowedBy(TimeWindows.ofSizeWithNoGrace('1d'))
      .count({ name: 'counts' })
      .toStream()
      .map(({ key }, count) => [key, count])
      .to(countsTopic(), { key: stringSerde, value: numberSerde });
    return builder.build();
  }

  const start = (state: string) => Member.start(countWords(), { stateDirectory: join(directory.path, state) });

  /** Writes every word once more, and waits until each was counted as often as it was written. */
  async function countOnceMore(): Promise<void> {
    appended++;
    const transaction = log.transaction();
    for (const [i, word] of WORDS.entries()) {
      transaction.append(wordsTopic(), i % PARTITIONS, appended, null, Buffer.from(word));
    }
    await transaction.commit();
    const counts = new Map<string, number>();
    const consumer = log.consumer();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      consumer.assign({ topic: countsTopic(), partition }, 0);
    }
    await until(async () => {
      for (const cursor of await consumer.poll(50)) {
        while (cursor.next()) {
          const { keyBytes, keyEnd, keyStart, valueBytes, valueStart } = cursor;
          counts.set(keyBytes.toString('utf8', keyStart, keyEnd), valueBytes.readDoubleBE(valueStart));
        }
      }
      return WORDS.every((word) => counts.get(word) === appended) ? true : undefined;
    }).catch(() => {});
    await consumer.close();
    expect(counts).toEqual(new Map(WORDS.map((word) => [word, appended])));
  }

  /** From here on, who has not read the changelog yet does not get it any more. */
  async function deleteChangelog(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const changelog = { topic: `${name}-counts-changelog`, partition };
      expect(await log.partitions(changelog.topic)).toBe(PARTITIONS);
      const end = await log.endOffset(changelog, { settled: true });
      if (end > 0) await log.deleteRecords(changelog, end);
      expect(await log.startOffset(changelog)).toBe(end);
    }
  }

  it('are of the tasks that the broker gives to those that are left, which need no changelog then', async () => {
    const running = [await start('a'), await start('b'), await start('c')];
    await countOnceMore();
    // 6 partitions: two each, and three each when one is lost. The members at the ends would get one more; the one in
    // the middle becomes either of the two, and would get any.
    const kept = await until(async () => {
      const standbys = await Promise.all(running.map(({ streams }) => streams.standbyTasks()));
      const counts = standbys.map(({ length }) => length).sort();
      return `${counts}` === '1,1,4' && standbys.flat().every(({ lag }) => lag === 0) ? standbys : undefined;
    });
    expect(new Set(kept.flat().map(({ id }) => id)).size).toBe(6);
    await deleteChangelog();
    const [first, second, third] = running;
    await first?.close();
    await countOnceMore();

    // Each keeps what the other has: those that ran here before, too.
    const [ofSecond = [], ofThird = []] = [await second?.standbys(3), await third?.standbys(3)];
    expect([...ofSecond, ...ofThird].sort()).toEqual(['1_0', '1_1', '1_2', '1_3', '1_4', '1_5']);
    await deleteChangelog();
    await second?.close();
    await countOnceMore();
    // All tasks run here: there is nothing more to keep.
    expect(await third?.streams.standbyTasks()).toEqual([]);
  });

  it('are not made of what another process with the directory has, and do not stand in its way', async () => {
    const alone = await start('a');
    const sharing = [await start('b'), await start('b')];
    await countOnceMore();
    // Each task of the first is kept once in the other directory, whoever would get it.
    await until(async () => {
      const standbys = await Promise.all(sharing.map(({ streams }) => streams.standbyTasks()));
      return standbys.flat().length === 2 && standbys.flat().every(({ lag }) => lag === 0) ? true : undefined;
    });
    await deleteChangelog();
    await alone.close();
    await countOnceMore();
    // Nobody had to build a second copy because the first was held.
    expect((await readdir(join(directory.path, 'b', name))).filter((entry) => entry.includes('.'))).toEqual([]);
  });
});

describe.skipIf(reason)('the goals, with standbys', () => {
  const PARTITIONS = 4;
  /** Each of the four goals, and the bursts of server errors, has a store in every partition. */
  const TASKS = 5 * PARTITIONS;

  it('are those of a plain computation when processes are killed', async () => {
    const events = simulated(40_000, 11, 2000);
    const config: GoalConfig = { ...DEFAULT_GOAL_CONFIG, ...apart(name) };
    const log = await KafkaLog.open({ brokers: services.addresses.brokers });
    await createGoalTopics(log, config, PARTITIONS);
    const serdes: GoalSerdes = await registerSerdes(new SchemaDirectory(schemas()), config.topics);
    let fed = 0;
    const feed = async (count: number) => {
      await appendEvents(log, config, serdes, events.slice(fed, fed + count));
      fed += count;
    };
    const here = await Member.start(goalsTopology(config, serdes), { stateDirectory: join(directory.path, 'here') });
    const startOther = () => startGoals(config, join(directory.path, 'other'));

    const first = startOther();
    await feed(10_000);
    await here.standbys(TASKS / 2);
    await feed(5_000);
    await kill(first);
    await feed(5_000);
    // Those that were kept run here now, and the others did all along.
    await here.standbys(0);

    // Killed while it copies; the next one goes on with the copy.
    const second = startOther();
    await feed(5_000);
    await until(async () => ((await readdir(join(directory.path, 'other', name))).length >= TASKS ? true : undefined));
    await delay(500);
    await kill(second);
    startOther();
    await feed(5_000);
    await here.standbys(TASKS / 2);
    await here.close();
    await feed(10_000);
    for (const child of processes.splice(0)) await kill(child);

    const last = await Member.start(goalsTopology(config, serdes), { stateDirectory: join(directory.path, 'other') });
    await last.streams.drain();
    const actual = await readGoals(log, config, serdes);
    const expected = referenceGoals(partitioned(events, PARTITIONS), { graceMs: 5000 });
    expectSameGoals(actual, expected);
    expect(actual.records[3]).toBe(expected.goal3.size);
    expect(actual.records[4]).toBe(expected.goal4.size);
    await log.close();
  });
});
