import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { readLogs } from '../../../producer/log-source.js';
import { RawTopicWriter } from '../../../producer/raw-topic-writer.js';
import type { AccessLog } from '../../../schemas/records.js';
import { jsonSerde } from '../../../streams/index.js';
import { EmbeddedLog } from '../../../streams/log/embedded/embedded-log.js';
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
