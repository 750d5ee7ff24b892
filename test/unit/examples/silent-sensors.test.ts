import { numberSerde, stringSerde } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { expect, it } from 'vitest';
import { sensorStateSerde, silentSensors } from '../../../examples/silent-sensors.js';

/** Readings by sensor and second; answers what was reported, with the second of the report and of the reading before. */
async function reports(readings: readonly (readonly [sensor: string, second: number])[]): Promise<string[]> {
  const driver = await TopologyTestDriver.create(silentSensors());
  const input = driver.createInputTopic('readings', { key: stringSerde, value: numberSerde });
  for (const [sensor, second] of readings) await input.pipeInput(sensor, 20, second * 1000);
  const states = driver.createOutputTopic('sensor-states', { key: stringSerde, value: sensorStateSerde });
  const output = await states.readRecords();
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

it('a sensor that was heard before a restart is known to be silent after it', async () => {
  const driver = await TopologyTestDriver.create(silentSensors());
  const input = driver.createInputTopic('readings', { key: stringSerde, value: numberSerde });
  const states = driver.createOutputTopic('sensor-states', { key: stringSerde, value: sensorStateSerde });
  await input.pipeInput('pump', 20, 0);
  await driver.restart();
  await input.pipeInput('boiler', 20, 40_000);
  expect(await states.readRecords()).toMatchObject([{ key: 'pump', value: { state: 'silent', lastHeard: 0 } }]);
  await driver.close();
});
