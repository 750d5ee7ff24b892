import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../bench/peers/broker.js';
import { WrittenTopics } from '../../bench/peers/written-topics.js';
import { freePorts } from '../../stack/ports.js';
import { Stack } from '../../stack/stack.js';
import { temporaryDirectory } from '../integration/millrace.js';
import { whyNoStack } from './services.js';

const TOPIC = 'app-store-changelog';

describe.skipIf(await whyNoStack(['kafka']))('what the bench of the peers learns from the broker', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let stack: Stack;
  let log: KafkaLog;
  let broker: Broker;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    stack = await Stack.open({ directory: directory.path, ports: await freePorts() });
    await stack.up(['kafka']);
    log = await KafkaLog.open({ brokers: stack.addresses.brokers });
    broker = new Broker(stack.addresses.brokers);
    await log.ensureTopic(TOPIC, { partitions: 2 });
  }, 90_000);
  afterAll(async () => {
    broker?.close();
    await log?.close();
    await stack?.down();
    await directory?.remove();
  }, 60_000);

  it('counts the records of transactions without the marks that end them, also after their topic was deleted', async () => {
    const data = join(directory.path, 'kafka', 'data');
    const written = new WrittenTopics(data);
    for (let transactions = 0; transactions < 3; transactions++) {
      const transaction = log.transaction();
      for (let i = 0; i < 100; i++) transaction.append(TOPIC, i % 2, Date.now(), null, Buffer.from(`value ${i}`));
      await transaction.commit();
    }
    await log.endOffset({ topic: TOPIC, partition: 1 }, { settled: true });
    await log.endOffset({ topic: TOPIC, partition: 0 }, { settled: true });
    const sizes = await Promise.all(
      [0, 1].map(async (partition) => {
        const segments = (await readdir(join(data, `${TOPIC}-${partition}`))).filter((name) => name.endsWith('.log'));
        return Promise.all(segments.map(async (name) => (await stat(join(data, `${TOPIC}-${partition}`, name))).size));
      }),
    );

    written.findSegments([TOPIC]);
    const ends = await broker.ends(new Map([[TOPIC, 2]]));
    await broker.deleteTopics([TOPIC]);
    const total = written.total((topic) => topic === TOPIC);
    written.close();

    expect(total).toEqual({ records: 300, bytes: sizes.flat().reduce((sum, size) => sum + size, 0) });
    // 50 records and a mark a transaction.
    expect([...ends]).toEqual([
      [`${TOPIC}-0`, 153],
      [`${TOPIC}-1`, 153],
    ]);
    expect((await broker.topics()).has(TOPIC)).toBe(false);
  });

  it('tells what a group has committed', async () => {
    await log.ensureTopic('input', { partitions: 2 });
    const transaction = log.transaction();
    transaction.append('input', 0, Date.now(), null, Buffer.from('value'));
    transaction.commitOffset('group', { topic: 'input', partition: 1 }, { offset: 7, metadata: '' });
    await transaction.commit();

    // The group's coordinator learns of the commit a little after the transaction's own.
    await expect
      .poll(async () => [...(await broker.committed('group'))], { timeout: 20_000 })
      .toEqual([['input-1', 7]]);
    expect([...(await broker.committed('stranger'))]).toEqual([]);
  });
});
