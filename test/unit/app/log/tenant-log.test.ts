import { expect, it } from 'vitest';
import { TenantLog } from '../../../../app/log/tenant-log.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { append, describeLogContract, readRecords } from '../../streams/log/log-contract.js';

describeLogContract("a tenant's part of a log", async () => {
  const log = new TenantLog(await EmbeddedLog.inMemory(), 'acme.');
  return { log, close: () => log.close() };
});

it('shows a tenant its own topics, records and offsets, and none of another tenant or of nobody', async () => {
  const all = await EmbeddedLog.inMemory();
  const [acme, beta] = [new TenantLog(all, 'acme.'), new TenantLog(all, 'beta.')];
  await all.ensureTopic('logs', { partitions: 1 });
  for (const log of [acme, beta]) await log.ensureTopic('logs', { partitions: 1 });
  await append(acme, 'logs', 0, ['of acme']);
  await append(beta, 'logs', 0, ['of beta', 'of beta, too']);
  const transaction = acme.transaction();
  transaction.commitOffset('readers', { topic: 'logs', partition: 0 }, { offset: 1, metadata: 'acme' });
  await transaction.commit();

  expect(await acme.topics()).toEqual(['logs']);
  expect((await all.topics()).sort()).toEqual(['acme.logs', 'beta.logs', 'logs']);
  for (const [log, values] of [
    [acme, ['of acme']],
    [beta, ['of beta', 'of beta, too']],
  ] as const) {
    const consumer = log.consumer();
    consumer.assign({ topic: 'logs', partition: 0 }, 0);
    const records = await readRecords(consumer, values.length);
    await consumer.close();
    expect(records.map(({ value }) => String(value))).toEqual(values);
  }
  expect(await all.endOffset({ topic: 'logs', partition: 0 })).toBe(0);
  expect(await acme.committed('readers', { topic: 'logs', partition: 0 })).toMatchObject({ metadata: 'acme' });
  expect(await beta.committed('readers', { topic: 'logs', partition: 0 })).toBeUndefined();
  expect(await acme.partitions('beta.logs')).toBeUndefined();
  await all.close();
});
