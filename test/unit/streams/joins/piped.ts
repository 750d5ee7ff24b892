import { type StreamsBuilder, stringSerde } from '../../../../streams/index.js';
import {
  TopologyTestDriver,
  type TopologyTestDriverOptions,
} from '../../../../streams/testing/topology-test-driver.js';

export const STRINGS = { key: stringSerde, value: stringSerde };

export type Step = readonly [topic: string, key: string | null, value: string | null, timestamp: number];

/**
 * Pipes one record after the other, and answers what `out` got, of each step, as `key=value@timestamp`. `restart` ends the
 * application and starts it again, `drain` is the end of the input.
 */
export async function stepByStep(
  builder: StreamsBuilder,
  steps: readonly (Step | 'restart' | 'drain')[],
  options: TopologyTestDriverOptions = {},
): Promise<string[][]> {
  const driver = await TopologyTestDriver.create(builder.build(), options);
  const outputs: string[][] = [];
  try {
    for (const step of steps) {
      if (step === 'restart') await driver.restart();
      else if (step === 'drain') await driver.drain();
      else {
        const [topic, key, value, timestamp] = step;
        await driver.pipeInput(topic, stringSerde, stringSerde, { key, value, timestamp });
      }
      const output = await driver.readOutput('out', stringSerde, stringSerde);
      outputs.push(output.map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`));
    }
    return outputs;
  } finally {
    await driver.close();
  }
}

/** As `stepByStep`, without the borders between the steps. */
export async function piped(...given: Parameters<typeof stepByStep>): Promise<string[]> {
  return (await stepByStep(...given)).flat();
}
