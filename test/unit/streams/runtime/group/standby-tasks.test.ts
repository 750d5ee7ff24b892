import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type KeyValueStore,
  numberSerde,
  Streams,
  StreamsBuilder,
  stringSerde,
  type Topology,
} from '../../../../../streams/index.js';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import { GroupMembers } from '../../../../../streams/runtime/group/group-members.js';
import { Membership } from '../../../../../streams/runtime/group/membership.js';
import { StandbyTasks } from '../../../../../streams/runtime/group/standby-tasks.js';
import { TopologyTopics } from '../../../../../streams/runtime/topology-topics.js';
import { StateDirectory } from '../../../../../streams/state/state-directory.js';
import { temporaryDirectory } from '../../../../integration/millrace.js';
import { until } from '../../../../until.js';

const PARTITIONS = 2;
const WORDS = Array.from({ length: 20 }, (_, i) => `word ${i}`);

let log: EmbeddedLog;
let topology: Topology;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let standbys: StandbyTasks;
let membership: Membership;

function countWords(): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('words', { key: stringSerde, value: stringSerde })
    .groupBy((_key, word) => word, { key: stringSerde })
    .count({ name: 'counts' })
    .toStream()
    .to('counts', { value: numberSerde });
  return builder.build();
}

/** Counts each word once more, elsewhere. */
async function count(): Promise<void> {
  const transaction = log.transaction();
  for (const [i, word] of WORDS.entries()) transaction.append('words', i % PARTITIONS, i, null, Buffer.from(word));
  await transaction.commit();
  const streams = new Streams(topology, { applicationId: 'app', log });
  await streams.start();
  await streams.drain();
  await streams.close();
}

function members(processId: string, firstPartition: number | undefined): GroupMembers {
  return new GroupMembers({ log, topic: 'members', processId, firstPartition: () => firstPartition });
}

/** Standbys of all tasks: another member has them, and this one would get them. */
async function startStandbys(): Promise<StandbyTasks> {
  const stateDirectory = new StateDirectory(directory.path);
  const topics = await TopologyTopics.prepare(topology, {
    applicationId: 'app',
    log,
    repartition: 'auto',
    deadLetterTopic: undefined,
    lateTopic: undefined,
  });
  membership = new Membership(log, members('this', undefined));
  membership.start();
  const options = {
    log,
    stateDirectory,
    topology,
    topics,
    now: Date.now,
    replicas: 1,
    members: membership.members,
    onChange: () => membership.changed(),
  };
  const started = new StandbyTasks(options);
  started.start();
  return started;
}

async function stopStandbys(): Promise<void> {
  await membership.close();
  await standbys.close();
}

async function caughtUp(): Promise<void> {
  const other = members('other', 0);
  await until(async () => {
    await other.announce();
    standbys.check();
    const all = await standbys.all();
    return all.length === PARTITIONS && all.every(({ lag }) => lag === 0) ? true : undefined;
  });
}

/** The counts that the standbys hold. */
async function counts(): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const state = await standbys.activate(`1_${partition}`);
    const store = state?.stores.get('counts') as KeyValueStore<string, { readonly value: number }> | undefined;
    for await (const [word, { value }] of store?.all() ?? []) found.set(word, value);
    await state?.close();
  }
  return found;
}

beforeEach(async () => {
  directory = await temporaryDirectory();
  log = await EmbeddedLog.inMemory();
  for (const topic of ['words', 'counts']) await log.ensureTopic(topic, { partitions: PARTITIONS });
  await log.ensureTopic('members', { partitions: 1 });
  topology = countWords();
});

afterEach(async () => {
  await stopStandbys();
  await log.close();
  await directory.remove();
});

it('a standby holds what its task has committed, and goes on where it stopped', async () => {
  await count();
  standbys = await startStandbys();
  await caughtUp();
  await stopStandbys();
  await count();
  standbys = await startStandbys();
  await caughtUp();
  expect(await counts()).toEqual(new Map(WORDS.map((word) => [word, 2])));
});

it('a standby whose directory is corrupt is built anew from the changelog', async () => {
  await count();
  await mkdir(join(directory.path, '1_0'));
  await writeFile(join(directory.path, '1_0', 'CURRENT'), 'no database');
  standbys = await startStandbys();
  await caughtUp();
  expect(await counts()).toEqual(new Map(WORDS.map((word) => [word, 1])));
});

it('a standby that is ahead of its changelog is of another log, and is built anew', async () => {
  await count();
  await count();
  standbys = await startStandbys();
  await caughtUp();
  await stopStandbys();
  await log.close();
  log = await EmbeddedLog.inMemory();
  for (const topic of ['words', 'counts']) await log.ensureTopic(topic, { partitions: PARTITIONS });
  await log.ensureTopic('members', { partitions: 1 });
  await count();
  standbys = await startStandbys();
  await caughtUp();
  expect(await counts()).toEqual(new Map(WORDS.map((word) => [word, 1])));
});

it('a task that runs here has no standby beside it, until it is given up', async () => {
  await count();
  standbys = await startStandbys();
  await caughtUp();
  const state = await standbys.activate('1_0');
  expect((await standbys.all()).map(({ id }) => id)).toEqual(['1_1']);
  await state?.close();
  standbys.deactivate('1_0');
  await caughtUp();
});
