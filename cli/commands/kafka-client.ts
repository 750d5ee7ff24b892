import { existsSync } from 'node:fs';
import { InterruptedError } from './interruption.js';

/** Where it is seen from the sources, and from what was built of them. */
const MADE_BY = ['../../bin/kafka-client.mjs', '../../../bin/kafka-client.mjs'];

interface SetUp {
  setUpKafkaClient(): Promise<void>;
}

/** The Kafka client cannot be had here, or does not load: everything but Kafka works. */
export class KafkaClientError extends Error {
  override readonly name = 'KafkaClientError';
  readonly code = 'KAFKA_CLIENT_MISSING';
}

/**
 * Makes sure that the Kafka client is there before it is loaded. In a checkout it is got or built when it is first
 * wanted, which takes up to some minutes and is said on standard error.
 *
 * @throws KafkaClientError with what to do; InterruptedError
 */
export async function ensureKafkaClient(): Promise<void> {
  const program = MADE_BY.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  if (program !== undefined) {
    const setUp = (await import(program.href)) as SetUp;
    await setUp.setUpKafkaClient().catch((error: Error & { exitCode?: number }) => {
      throw error.exitCode === 1 ? new KafkaClientError(error.message) : new InterruptedError(error.message);
    });
  }
  try {
    await import('@confluentinc/kafka-javascript');
  } catch (cause) {
    throw new KafkaClientError(
      `the Kafka client @confluentinc/kafka-javascript does not load: ${(cause as Error).message.split('\n', 1)[0]}. ` +
        'Install it beside Millrace, with its install script allowed to run. Without it everything but Kafka works',
      { cause },
    );
  }
}
