import { numberSerde, stringSerde } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { expect, it } from 'vitest';
import { sensorStateSerde, silentSensors } from '../../../examples/silent-sensors.js';

/** Readings by sensor and second; answers what was reported, with the second of the report and of the reading before. */
async function reports(readings: readonly (readonly [sensor: string, second: number])[]): Promise<string[]> {
  const driver = await TopologyTestDriver.create(silentSensors());
  for (const [key, second] of readings) {
    await driver.pipeInput('readings', stringSerde, numberSerde, { key, value: 20, timestamp: second * 1000 });
  }
  const output = await driver.readOutput('sensor-states', stringSerde, sensorStateSerde);
  await driver.close();
  return output.map(
    ({ key, timestamp, value }) =>
      `${timestamp / 1000}: ${key} ${value?.state} since ${(value?.lastHeard ?? 0) / 1000}`,
  );
}

it('a sensor is reported once when it has sent nothing for 30 s, and once more when it is back', async () => {
  expect(
    await reports([
      ['pump', 0],
      ['boiler', 29],
      ['boiler', 40],
      ['boiler', 80],
      ['pump', 85],
    ]),
  ).toEqual(['40: pump silent since 0', '85: pump back since 0']);
});

it('a reading that comes out of order does not make its sensor look silent', async () => {
  expect(
    await reports([
      ['pump', 35],
      ['pump', 2],
      ['boiler', 50],
    ]),
  ).toEqual([]);
});
