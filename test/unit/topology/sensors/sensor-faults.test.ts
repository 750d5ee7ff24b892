import { expect, it } from 'vitest';
import { type JudgedReading, judgeSensor, SENSOR_SHAPES } from '../../../../bench/detection/sensor-shapes.js';
import type { SensorReading } from '../../../../schemas/records.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const READINGS = 2000;
const HELD_OUT = SENSOR_SHAPES.filter(({ isTuned }) => !isTuned);

it.each([
  ['stuck', 'stuck'],
  ['nulls', 'missing'],
  ['noise', 'noise'],
  ['correlation', 'correlation'],
] as const)('finds %s of sensors that nothing was tuned on, and nothing before', (fault, detector) => {
  for (const shape of HELD_OUT) {
    const { faultFrom, opened } = judgeSensor(shape, fault, 5, READINGS);

    expect(opened.filter(({ reading }) => reading < faultFrom)).toEqual([]);
    expect(opened.map((one) => one.detector)).toContain(detector);
  }
});

it('finds a drift of six deviations in 400 readings', () => {
  for (const shape of SENSOR_SHAPES.filter(({ isTuned }) => isTuned)) {
    const { opened } = judgeSensor(shape, 'drift', 5, READINGS);

    expect(opened.map(({ detector }) => detector)).toContain('drift');
  }
});

it('has a learned score that is the share of readings with a fault, of sensors that nothing was tuned on', () => {
  const judged: JudgedReading[] = HELD_OUT.flatMap((shape) =>
    (['stuck', 'nulls', 'noise', 'correlation', undefined] as const).flatMap((fault) =>
      judgeSensor(shape, fault, 8, READINGS).judged.slice(500),
    ),
  );
  // The expected calibration error: over ten bins, by how much the mean score and the share of faults differ.
  let error = 0;
  for (let bin = 0; bin < 10; bin++) {
    const own = judged.filter(({ probability }) => Math.min(9, Math.floor(10 * probability)) === bin);
    const mean = own.reduce((sum, { probability }) => sum + probability, 0) / Math.max(1, own.length);
    const share = own.filter(({ isFaulty }) => isFaulty).length / Math.max(1, own.length);
    error += (own.length / judged.length) * Math.abs(mean - share);
  }
  expect(error).toBeLessThan(0.03);
});

it('gives a spike of many deviations a learned score near 1', () => {
  const [shape] = SENSOR_SHAPES;
  if (shape === undefined) throw new Error('there is no shape');
  const { faultFrom, judged } = judgeSensor(shape, 'spike', 3, READINGS);

  expect(judged[faultFrom]?.probability).toBeGreaterThan(0.9);
  expect(judged[faultFrom - 1]?.probability).toBeLessThan(0.1);
});

it('alerts when a sensor is read no more while others are, and ends the alert when it is again', async () => {
  const reading = (sensor_id: string, timestamp: number): SensorReading => ({
    ...{ sensor_id, timestamp, temperature: 20 + Math.sin(timestamp), pressure: 100 + Math.cos(timestamp) },
    is_anomaly: false,
  });
  const readings: SensorReading[] = [];
  for (let second = 0; second < 600; second++) {
    readings.push(reading('one', 1000 * second));
    if (second < 200 || second >= 500) readings.push(reading('other', 1000 * second + 1));
  }
  const run = await ApplicationRun.create({ config: { pipelines: ['sensors'] }, partitions: 1 });
  await run.append('sensorReadings', readings, ({ sensor_id }) => sensor_id);
  await run.drain();
  const alerts = (await run.read('alerts')).map(({ value }) => value).filter(({ detector }) => detector === 'stopped');
  await run.close();

  expect(alerts.map(({ entity, state }) => `${entity} ${state}`)).toEqual(['other opened', 'other resolved']);
  expect(alerts[0]?.time).toBeLessThan(220_000);
});
