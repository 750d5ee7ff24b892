import type { Serde, StreamsBuilder } from '../../../../streams/index.js';
import { numberSerde, stringSerde } from '../../../../streams/index.js';
import {
  TopologyTestDriver,
  type TopologyTestDriverOptions,
} from '../../../../streams/testing/topology-test-driver.js';

/** A record as a test writes it: key, value, timestamp. */
export type Given = readonly [key: string | null, value: string | null, timestamp: number];

/** Pipes records into the topic `in`, and answers what `out` got as `key=value@timestamp`. */
export async function drive<V = number>(
  builder: StreamsBuilder,
  records: readonly Given[],
  options: TopologyTestDriverOptions & { readonly valueSerde?: Serde<V>; readonly drain?: boolean } = {},
): Promise<string[]> {
  const { drain = false, valueSerde = numberSerde as unknown as Serde<V>, ...driverOptions } = options;
  const driver = await TopologyTestDriver.create(builder.build(), driverOptions);
  try {
    for (const [key, value, timestamp] of records) {
      await driver.pipeInput('in', stringSerde, stringSerde, { key, value, timestamp });
    }
    if (drain) await driver.drain();
    const output = await driver.readOutput('out', stringSerde, valueSerde);
    return output.map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`);
  } finally {
    await driver.close();
  }
}
