import { expect, it } from 'vitest';
import type { AccessLog, Alert, SensorReading } from '../../../schemas/records.js';
import { ApplicationRun } from '../../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Hosts that a task watches at most, and the roster of them. */
const MAX_ROWS = 10_001;

function request(host: string, timestamp: number): AccessLog {
  return {
    ...{ host, timestamp, server: 's', client_ip: '203.0.113.5', method: 'GET', status: 200 },
    ...{ request_time: 0.1, country: 'ZZ', bytes: null },
  };
}

it('hosts that are made up are forgotten, and drive out none that are usually there', async () => {
  const regular = Array.from({ length: 45 }, (_, minute) =>
    ['shop.example', 'api.example'].map((host) => request(host, START_MS + minute * MINUTE_MS)),
  ).flat();
  const flood = Array.from({ length: 25_000 }, (_, index) =>
    request(`host-${index}.example`, START_MS + 40 * MINUTE_MS + index * 9),
  );
  const requests = [...regular, ...flood].sort((one, other) => one.timestamp - other.timestamp);
  const run = await ApplicationRun.create({ config: { pipelines: ['web-statistics'] } });
  await run.append('accessLog', requests, () => 'a');
  await run.drain();
  const stored = await run.storedKeys('web-monitor');
  const results = await run.read('webStatistics');
  await run.close();
  expect(stored.size).toBeLessThanOrEqual(MAX_ROWS);
  expect(stored.has('shop.example') && stored.has('api.example') && stored.has('*')).toBe(true);
  // Each of them has its statistics all the same.
  expect(new Set(results.map(({ value: { host } }) => host)).size).toBe(25_003);
});

const readingsOn = (days: readonly number[], sensors: readonly string[]): SensorReading[] =>
  days.flatMap((day) =>
    sensors.map((sensor_id) => ({
      ...{ sensor_id, timestamp: START_MS + day * DAY_MS, temperature: 20, pressure: 100, is_anomaly: false },
    })),
  );

it('sensors that have been silent for more than a week are forgotten, and what was open is over', async () => {
  const many = Array.from({ length: 500 }, (_, index) => `gone-${index}`);
  const hot = readingsOn([0], ['hot']).map((reading) => ({ ...reading, temperature: 90 }));
  const days = Array.from({ length: 12 }, (_, day) => day);
  const readings = [...hot, ...readingsOn([0, 1], many), ...readingsOn(days, ['here'])].sort(
    (one, other) => one.timestamp - other.timestamp,
  );
  const run = await ApplicationRun.create({ config: { pipelines: ['sensors'] } });
  for (const day of days) {
    const ofDay = readings.filter(({ timestamp }) => timestamp === START_MS + day * DAY_MS);
    await run.append('sensorReadings', ofDay, ({ sensor_id }) => sensor_id);
  }
  await run.drain();
  const stored = await run.storedKeys('sensor-monitor');
  const lastHeard = await run.storedKeys('sensors-last-heard');
  const alerts = (await run.read('alerts')).map(({ value }) => `${value.entity} ${value.detector} ${value.state}`);
  const scores = await run.read('sensorScores');
  await run.close();
  expect([...stored]).toEqual(['here']);
  expect(lastHeard.size).toBe(1);
  expect(alerts).toEqual(['hot over-limit opened', 'hot over-limit resolved']);
  expect(scores).toHaveLength(readings.length);
});

it('scopes without an alert for more than a week are forgotten', async () => {
  const alert = (scope: string, day: number, state: Alert['state']): Alert => ({
    ...{ id: `${scope}/d@0`, time: START_MS + day * DAY_MS, source_kind: 'service', entity: scope, scope },
    ...{ detector: 'd', state, severity: 'warning', value: 1, expected_low: null, expected_high: 0 },
    ...{ window_start: 0, window_end: 0, explanation: 'it is so.', fields: [] },
  });
  const days = Array.from({ length: 12 }, (_, day) => day);
  const run = await ApplicationRun.create({ config: { pipelines: ['services'] } });
  const scopes = Array.from({ length: 300 }, (_, index) => `service/gone-${index}`);
  await run.append('alerts', [...scopes.map((scope) => alert(scope, 0, 'opened'))], ({ scope }) => scope);
  await run.append('alerts', [...scopes.map((scope) => alert(scope, 1, 'resolved'))], ({ scope }) => scope);
  await run.append(
    'alerts',
    days.map((day) => ({ ...alert('service/here', day, 'opened'), id: `here@${day}` })),
    ({ scope }) => scope,
  );
  await run.drain();
  const stored = await run.storedKeys('incidents');
  const lastHeard = await run.storedKeys('incidents-last-heard');
  await run.close();
  expect([...stored]).toEqual(['service/here']);
  expect(lastHeard.size).toBe(1);
});

it('a scope with alerts that nobody resolves takes bounded memory', async () => {
  const run = await ApplicationRun.create({ config: { pipelines: ['services'] } });
  const alerts = Array.from(
    { length: 800 },
    (_, index): Alert => ({
      ...{
        id: `s/d@${index}`,
        time: START_MS + index,
        source_kind: 'service',
        entity: `e${index}`,
        scope: 'service/s',
      },
      ...{
        detector: `d${index}`,
        state: 'opened',
        severity: 'warning',
        value: 1,
        expected_low: null,
        expected_high: 0,
      },
      ...{ window_start: 0, window_end: 0, explanation: 'it is so.', fields: [] },
    }),
  );
  await run.append('alerts', alerts, ({ scope }) => scope);
  await run.drain();
  const last = (await run.read('incidents')).at(-1)?.value;
  await run.close();
  expect(last).toMatchObject({ alerts: 800, state: 'ongoing' });
  expect(last?.entities.length).toBeLessThanOrEqual(50);
  expect(last?.detectors.length).toBeLessThanOrEqual(50);
});
