import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe } from 'vitest';
import { describeLogContract } from '../../unit/streams/log/log-contract.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const reason = await whyNoServices(['kafka']);

describe.skipIf(reason)('over a broker', () => {
  let services: Services;
  beforeAll(async () => {
    services = await startServices(['kafka']);
  }, 60_000);
  afterAll(() => services?.close());

  describeLogContract('the Kafka log', async () => {
    const log = await KafkaLog.open({ brokers: services.addresses.brokers });
    return { log, close: () => log.close() };
  });
});
