import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import { type SensorFault, SensorSimulator } from '../../../../producer/sensor-simulator.js';
import type { SensorReading } from '../../../../schemas/records.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const FAULTS: readonly SensorFault[] = [
  { kind: 'overheating', sensorId: 'sensor-3', startMs: START_MS + HOUR_MS, endMs: START_MS + HOUR_MS + MINUTE_MS },
  { kind: 'overpressure', sensorId: 'sensor-4', startMs: START_MS + HOUR_MS, endMs: START_MS + HOUR_MS + MINUTE_MS },
];

function readingsOf(hours: number): SensorReading[] {
  const simulator = new SensorSimulator({ seed: 2, startMs: START_MS, readingsPerSecond: 5, faults: FAULTS });
  const readings: SensorReading[] = [];
  while (simulator.arrivalMs < START_MS + hours * HOUR_MS) readings.push(simulator.next().reading);
  return readings;
}

const bySensor = ({ sensor_id }: SensorReading) => sensor_id;

it('gives every reading the score 1 over 40 °C or a pressure of 120, else 0', async () => {
  const readings: SensorReading[] = [
    [40, 120],
    [40.01, 100],
    [20, 120.5],
    [null, 121],
    [41, null],
    [null, null],
    [-10, 0],
  ].map(([temperature = null, pressure = null], second) => ({
    sensor_id: 'boiler',
    temperature,
    pressure,
    timestamp: START_MS + 1000 * second,
    is_anomaly: false,
  }));
  const run = await ApplicationRun.create({ config: { pipelines: ['sensors'] } });
  await run.append('sensorReadings', readings, bySensor);
  await run.drain();
  const scores = (await run.read('sensorScores')).map(({ value }) => value);
  await run.close();
  expect(scores.map(({ anomaly_score }) => anomaly_score)).toEqual([0, 1, 1, 1, 1, 0, 0]);
  expect(scores.map(({ fields }) => fields.join())).toEqual([
    '',
    'temperature',
    'pressure',
    'pressure',
    'temperature',
    '',
    '',
  ]);
});

it('keeps the history of each sensor and hour, and alerts once a fault', async () => {
  const readings = readingsOf(2.5);
  const run = await ApplicationRun.create({ config: { pipelines: ['sensors'] }, partitions: 3 });
  await run.append('sensorReadings', readings, bySensor);
  await run.drain();
  const scores = await run.read('sensorScores');
  const history = new Map((await run.read('sensorHours')).map(({ key, value }) => [key, value]));
  const alerts = (await run.read('alerts')).map(({ value }) => value);
  await run.close();

  expect(scores).toHaveLength(readings.length);
  expect(history.size).toBe(20 * 3);
  for (const { sensor_id, window_start, ...actual } of history.values()) {
    const hour = readings.filter(
      ({ sensor_id: id, timestamp }) =>
        id === sensor_id && timestamp >= window_start && timestamp < window_start + HOUR_MS,
    );
    const temperatures = hour.map(({ temperature }) => temperature as number);
    expect(actual.count).toBe(hour.length);
    expect(actual.temperature_min).toBe(Math.min(...temperatures));
    expect(actual.temperature_max).toBe(Math.max(...temperatures));
    expect(actual.temperature_avg).toBeCloseTo(
      temperatures.reduce((sum, temperature) => sum + temperature, 0) / hour.length,
      9,
    );
    expect(actual.over_limit).toBe(
      hour.filter(({ pressure, temperature }) => (temperature ?? 0) > 40 || (pressure ?? 0) > 120).length,
    );
  }
  const overLimit = alerts.filter(({ detector, state }) => detector === 'over-limit' && state === 'opened');
  expect(overLimit.map(({ entity, fields }) => `${entity} ${fields}`).sort()).toEqual([
    'sensor-3 temperature',
    'sensor-4 pressure',
  ]);
  const faulty = new Set(FAULTS.map(({ sensorId }) => sensorId));
  const learned = alerts.filter(({ detector, state }) => detector === 'unusual-reading' && state === 'opened');
  expect(learned.filter(({ entity }) => !faulty.has(entity))).toEqual([]);
});

it('judges any other quantity by what is usual of it, and keeps its history', async () => {
  const random = new Random(5);
  const readings: SensorReading[] = Array.from({ length: 600 }, (_, n) => ({
    ...{ sensor_id: 'pump-1/vibration', temperature: null, pressure: null },
    value: n === 550 ? 9 : 2 + 0.2 * random.normal(),
    timestamp: START_MS + 5000 * n,
    is_anomaly: n === 550,
  }));
  const run = await ApplicationRun.create({ config: { pipelines: ['sensors'] } });
  await run.append('sensorReadings', readings, bySensor);
  await run.drain();
  const unusual = (await run.read('sensorScores')).filter(({ value }) => value.is_anomaly);
  const alerts = (await run.read('alerts')).filter(({ value }) => value.state === 'opened');
  const [history] = await run.read('sensorHours');
  await run.close();
  expect(unusual.map(({ value: { fields, value } }) => [value, fields])).toEqual([[9, ['value']]]);
  expect(alerts.map(({ value: { detector, explanation } }) => [detector, explanation.split(',')[0]])).toEqual([
    ['unusual-reading', 'pump-1/vibration: a value of 9'],
  ]);
  expect(history?.value).toMatchObject({ temperature_avg: null, value_max: 9 });
  expect(history?.value.value_avg).toBeCloseTo(readings.reduce((sum, { value }) => sum + (value ?? 0), 0) / 600, 9);
});
