import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../producer/random.js';
import { EmbeddedLog } from '../../streams/log/embedded/embedded-log.js';
import { type CompiledLog, compileLog } from '../unit/streams/log/embedded/child-process.js';
import { readRecords } from '../unit/streams/log/log-contract.js';

const ROUNDS = 30;
const KILLS = 4;
/** So many steps at most are seen of a process before it is killed: of all, there are thrice as many as rounds. */
const STEPS = 16;
const OUTPUTS = ['priced', 'paid', 'visits', 'minutes', 'calm', 'near'];

/**
 * Writes its own input, round after round, one topic after the other, each time waiting until what it wrote is processed:
 * so the results depend on no chance, whenever the process ends. Goes on where the input ends.
 */
const APPLICATION = `
  import {
    BufferConfig, JoinWindows, SessionWindows, SlidingWindows, Streams, StreamsBuilder, stringSerde, Suppressed, TimeWindows,
  } from './streams/index.js';
  import { EmbeddedLog } from './streams/embedded.js';
  const [directory, rounds] = process.argv.slice(1);
  const INPUTS = ['prices', 'orders', 'payments'];
  const log = await EmbeddedLog.open({ directory: directory + '/log' });
  for (const topic of [...INPUTS, 'priced', 'paid', 'visits', 'minutes', 'calm', 'near']) await log.ensureTopic(topic, { partitions: 1 });

  const builder = new StreamsBuilder();
  const strings = { key: stringSerde, value: stringSerde };
  const prices = builder.table('prices', strings, { name: 'prices', versioned: '1h' });
  const orders = builder.stream('orders', strings);
  orders.leftJoin(prices, (order, price) => order + ' at ' + price, { name: 'priced' }).to('priced', strings);
  const payments = builder.stream('payments', strings);
  orders
    .leftJoin(payments, (order, paid) => order + ' by ' + paid,
      JoinWindows.ofTimeDifferenceAndGrace('5s', '10s'), { name: 'paid' })
    .to('paid', strings);
  orders
    .groupByKey()
    .windowedBy(SessionWindows.ofInactivityGapAndGrace('3s', '10s'))
    .emitStrategy('onWindowClose')
    .count({ name: 'visits' })
    .toStream()
    .map(({ key, window }, count) => [key, window.start + '-' + window.end + ': ' + count])
    .to('visits', strings);
  orders
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace('4s', '10s'))
    .count({ name: 'minutes' })
    .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()), { name: 'final-minutes' })
    .toStream()
    .map(({ key, window }, count) => [key, window.start + ': ' + count])
    .to('minutes', strings);
  orders
    .groupByKey()
    .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace('2s', '10s'))
    .emitStrategy('onWindowClose')
    .reduce((all, order) => all + ' ' + order, { name: 'near' })
    .toStream()
    .map(({ key, window }, all) => [key, window.start + ':' + all])
    .to('near', strings);
  payments
    .toTable({ name: 'last-payments' })
    .suppress(Suppressed.untilTimeLimit('5s', BufferConfig.maxRecords(12)), { name: 'calm-payments' })
    .toStream()
    .to('calm', strings);

  const streams = new Streams(builder.build(), {
    applicationId: 'app', log, stateDirectory: directory + '/state', commitInterval: 5,
  });
  await streams.start();

  const ends = () => Promise.all(INPUTS.map((topic) => log.endOffset({ topic, partition: 0 })));
  const EACH = 24;
  const processed = async (topic) => {
    const end = await log.endOffset({ topic, partition: 0 });
    const at = async () => (await log.committed('app', { topic, partition: 0 }))?.offset ?? 0;
    while ((await at()) < end) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  for (const topic of INPUTS) await processed(topic);
  for (let step = 0; ; step++) {
    const written = (await ends()).map((end) => end / EACH);
    const round = Math.min(...written);
    if (round >= Number(rounds)) break;
    const topic = INPUTS[written.indexOf(round)];
    const transaction = log.transaction();
    for (let i = 0; i < EACH; i++) {
      const n = round * EACH + i;
      const time = 1_000_000 + n * 200 + ((n * 7919) % 13) * 250;
      const key = 'key-' + ((n * (topic === 'payments' ? 31 : 17)) % 23);
      transaction.append(topic, 0, time, Buffer.from(key), Buffer.from(topic + '-' + n));
    }
    await transaction.commit();
    console.log('step ' + step + ';');
    await processed(topic);
  }
  await streams.drain();
  await streams.close();
  await log.close();
  console.log('done');
`;

let compiled: CompiledLog;
let directory: string;
let expected: Record<string, string[]>;

beforeAll(async () => {
  compiled = await compileLog();
  directory = await mkdtemp(join(tmpdir(), 'millrace-killed-'));
  const undisturbed = join(directory, 'undisturbed');
  await compiled.start(APPLICATION, undisturbed, String(ROUNDS)).line('done');
  expected = await resultsIn(undisturbed);
}, 120_000);

afterAll(async () => {
  await compiled.remove();
  await rm(directory, { recursive: true, force: true });
});

async function resultsIn(path: string): Promise<Record<string, string[]>> {
  const log = await EmbeddedLog.open({ directory: join(path, 'log') });
  try {
    const results: Record<string, string[]> = {};
    for (const topic of OUTPUTS) {
      const consumer = log.consumer();
      consumer.assign({ topic, partition: 0 }, 0);
      const records = await readRecords(consumer, await log.endOffset({ topic, partition: 0 }));
      results[topic] = records.map(({ key, timestamp, value }) => `${key} ${value} @${timestamp}`).sort();
    }
    return results;
  } finally {
    await log.close();
  }
}

async function damageTables(state: string): Promise<void> {
  for (const name of await readdir(state, { recursive: true })) {
    if (name.endsWith('.ldb')) await truncate(join(state, name), 60);
  }
}

it.each([1, 2])(
  'sessions, versions, what is suppressed and both sides of a join are as if nothing had happened after kills, a lost state and damaged tables (%i)',
  async (seed) => {
    for (const topic of OUTPUTS) expect(expected[topic]?.length).toBeGreaterThan(100);
    const random = new Random(seed);
    const disturbed = join(directory, `disturbed-${seed}`);
    const state = join(disturbed, 'state');
    for (let kill = 0; kill < KILLS; kill++) {
      const child = compiled.start(APPLICATION, disturbed, String(ROUNDS));
      await child.line(`step ${Math.floor(STEPS * random.uniform())};`);
      child.process.kill('SIGKILL');
      await child.exited();
      const damage = random.uniform();
      if (damage < 0.3) await rm(state, { recursive: true });
      else if (damage < 0.6) await damageTables(state);
    }
    await compiled.start(APPLICATION, disturbed, String(ROUNDS)).line('done');
    expect(await resultsIn(disturbed)).toEqual(expected);
  },
  120_000,
);
