import { existsSync } from 'node:fs';
import { MillraceError } from '@millrace/streams';

/** Where it is seen from the sources, and from what was built of them. */
const MADE_BY = ['../../bin/kafka-client.mjs', '../../../bin/kafka-client.mjs'];

interface SetUp {
  setUpKafkaClient(): Promise<void>;
}

/** The Kafka client cannot be installed here, does not load, or its build was interrupted. Everything but Kafka works. */
export class KafkaClientError extends MillraceError<'KAFKA_CLIENT_MISSING' | 'INTERRUPTED'> {
  /** @param exitCode what a program that cannot go on without it ends with */
  constructor(
    code: 'KAFKA_CLIENT_MISSING' | 'INTERRUPTED',
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

/**
 * Makes sure that the Kafka client is there before it is loaded. In a checkout it is got or built when it is first
 * wanted, which takes up to some minutes and is said on standard error.
 *
 * @throws KafkaClientError KAFKA_CLIENT_MISSING with what to do, INTERRUPTED
 */
export async function ensureKafkaClient(): Promise<void> {
  const program = MADE_BY.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  if (program !== undefined) {
    const { setUpKafkaClient } = (await import(program.href)) as SetUp;
    await setUpKafkaClient().catch((error: Error & { exitCode?: number }) => {
      const { exitCode = 1, message } = error;
      throw new KafkaClientError(exitCode === 1 ? 'KAFKA_CLIENT_MISSING' : 'INTERRUPTED', message, exitCode, {
        cause: error,
      });
    });
  }
  try {
    await import('@confluentinc/kafka-javascript');
  } catch (cause) {
    throw new KafkaClientError(
      'KAFKA_CLIENT_MISSING',
      `the Kafka client @confluentinc/kafka-javascript does not load: ${(cause as Error).message.split('\n', 1)[0]}. ` +
        'Run `npm install @confluentinc/kafka-javascript` where Millrace is installed, with its install script allowed ' +
        'to run. Without it everything but Kafka works',
      1,
      { cause },
    );
  }
}
