import { expect, it } from 'vitest';
import { Streams, StreamsBuilder, stringSerde } from '../../../../streams/index.js';
import { EmbeddedLog } from '../../../../streams/log/embedded/embedded-log.js';
import { type Log, LogError, type Transaction } from '../../../../streams/log/log.js';

const RECORDS = 20_000;
const BATCH_RECORDS = 500;
/** More than that the log does not take in one transaction, as a broker does not take what needs too long. */
const MAX_BYTES = 100_000;

/** The log, with transactions that are refused when they are large. */
function refusingLargeTransactions(log: Log): Log {
  return new Proxy(log, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (name === 'transaction') return () => refusingToBeLarge(target.transaction());
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function refusingToBeLarge(transaction: Transaction): Transaction {
  const { commit } = transaction;
  transaction.commit = async () => {
    if (transaction.sizeBytes <= MAX_BYTES) return commit.call(transaction);
    await transaction.abort();
    throw new LogError('TRANSACTION_ABORTED', 'it is too large');
  };
  return transaction;
}

it('an application whose commits are refused makes smaller ones, and gets on', async () => {
  const log = await EmbeddedLog.inMemory();
  await log.ensureTopic('words', { partitions: 1 });
  for (let record = 0; record < RECORDS; ) {
    const transaction = log.transaction();
    for (const end = record + BATCH_RECORDS; record < end; record++) {
      transaction.append('words', 0, record, Buffer.from(`word-${record}`), Buffer.from('x'));
    }
    await transaction.commit();
  }
  const builder = new StreamsBuilder();
  builder.stream('words', { key: stringSerde, value: stringSerde }).groupByKey().count({ name: 'counts' });
  const streams = new Streams(builder.build(), {
    applicationId: 'app',
    log: refusingLargeTransactions(log),
    commitInterval: '1h',
  });
  await streams.start();
  await streams.drain();
  await streams.close();
  expect(await log.committed('app', { topic: 'words', partition: 0 })).toMatchObject({ offset: RECORDS });
  expect(await log.endOffset({ topic: 'app-counts-changelog', partition: 0 })).toBe(RECORDS);
  expect(streams.metrics.abortedCommits).toBeGreaterThan(0);
  await log.close();
});
