import { writeFile } from 'node:fs/promises';
import { jsonSerde } from '@millrace/streams';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { expect, it } from 'vitest';
import { readLogs } from '../../../producer/log-source.js';
import { RawTopicWriter } from '../../../producer/raw-topic-writer.js';
import type { AccessLog } from '../../../schemas/records.js';
import { combinedLines, sourceOptions, temporaryFolder } from './log-inputs.js';

it('a second writer of the same input is refused before it doubles a line', async () => {
  const folder = await temporaryFolder();
  const input = folder.path('access.log');
  await writeFile(input, combinedLines(0, 100));
  const log = await EmbeddedLog.inMemory();
  for (const topic of ['raw', 'dlq']) await log.ensureTopic(topic, { partitions: 1 });
  const serde = jsonSerde<AccessLog>();
  const make = () => RawTopicWriter.create({ log, topic: 'raw', deadLetterTopic: 'dlq', serde });
  const [first, second] = [await make(), await make()];
  const write = async (writer: RawTopicWriter) => {
    for await (const batch of readLogs(sourceOptions(input, { positions: writer.positions })))
      await writer.writeBatch(batch);
  };
  await write(first);
  await expect(write(second)).rejects.toMatchObject({ code: 'INPUT_IN_USE' });
  expect(await log.endOffset({ topic: 'raw', partition: 0 })).toBe(100);
  await log.close();
  await folder.remove();
});

it('two writers of the same input that commit at the same time write each line once', async () => {
  const folder = await temporaryFolder();
  const input = folder.path('access.log');
  await writeFile(input, combinedLines(0, 100));
  const log = await EmbeddedLog.inMemory();
  for (const topic of ['raw', 'dlq']) await log.ensureTopic(topic, { partitions: 1 });
  const serde = jsonSerde<AccessLog>();
  const make = () => RawTopicWriter.create({ log, topic: 'raw', deadLetterTopic: 'dlq', serde });
  const writers = await Promise.all([make(), make(), make()]);
  const batchOf = async (writer: RawTopicWriter) => {
    for await (const batch of readLogs(sourceOptions(input, { positions: writer.positions }))) return { writer, batch };
    throw new Error('the input is empty');
  };
  const prepared = await Promise.all(writers.map(batchOf));

  const outcomes = await Promise.allSettled(prepared.map(({ writer, batch }) => writer.writeBatch(batch)));

  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'INPUT_IN_USE' });
  }
  expect(await log.endOffset({ topic: 'raw', partition: 0 })).toBe(100);
  await log.close();
  await folder.remove();
});

it('writers of different inputs that commit at the same time all write', async () => {
  const folder = await temporaryFolder();
  const log = await EmbeddedLog.inMemory();
  for (const topic of ['raw', 'dlq']) await log.ensureTopic(topic, { partitions: 1 });
  const serde = jsonSerde<AccessLog>();
  const writeOne = async (index: number) => {
    const input = folder.path(`site${index}.log`);
    await writeFile(input, combinedLines(1000 * index, 1000 * index + 100));
    const writer = await RawTopicWriter.create({ log, topic: 'raw', deadLetterTopic: 'dlq', serde });
    const options = sourceOptions(input, { positions: writer.positions, batchLines: 10 });
    for await (const batch of readLogs(options)) await writer.writeBatch(batch);
  };

  await Promise.all([1, 2, 3, 4].map(writeOne));

  expect(await log.endOffset({ topic: 'raw', partition: 0 })).toBe(400);
  await log.close();
  await folder.remove();
});
