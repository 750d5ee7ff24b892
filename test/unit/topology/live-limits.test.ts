import { type Serde, stringSerde } from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessLog } from '../../../schemas/records.js';
import { applicationTopology } from '../../../topology/application.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../topology/application-config.js';
import { NO_FEEDBACK } from '../../../topology/feedback/verdicts.js';
import { LimitsOfWindows, LiveLimits, limitsOf, withLimits } from '../../../topology/live-limits.js';
import { registerSerdes, type TopicSerdes } from '../../../topology/serdes.js';
import { NO_MODEL } from '../../../topology/services/service-model.js';
import { MemoryRegistry } from '../../reference/run-goals.js';

const config = { ...DEFAULT_APPLICATION_CONFIG, watchesClock: false, readsAllPartitions: true };
const { topics } = config;
const given = limitsOf(config);
const START_MS = Date.UTC(2026, 0, 1, 9);
const SECOND_MS = 1000;

it('a window keeps the limits that it began with, and the next one has those of then', () => {
  const live = new LiveLimits(given);
  const limits = new LimitsOfWindows(live);
  const of = (start: number) => limits.of(start).goal1.threshold;
  const use = (threshold: number) => live.useLimits({ ...given, goal1: { threshold } });
  expect([of(0), of(1000), of(2000)]).toEqual([10, 10, 10]);
  use(20);
  expect([of(1000), of(2000), of(3000), of(2000)]).toEqual([10, 10, 20, 10]);
  use(5);
  // The one of 4000 was not seen before.
  expect([of(2000), of(3000), of(4000), of(3000)]).toEqual([10, 20, 5, 20]);
});

describe('limits that change while the application runs', () => {
  let live: LiveLimits;
  let serdes: TopicSerdes;
  let driver: TopologyTestDriver;

  beforeEach(async () => {
    live = new LiveLimits(given);
    serdes = await registerSerdes(new MemoryRegistry(), topics);
    driver = await TopologyTestDriver.create(applicationTopology(config, serdes, NO_MODEL, NO_FEEDBACK, live));
  });
  afterEach(() => driver.close());

  const request = (second: number, asked: Partial<AccessLog> = {}): AccessLog => ({
    ...{ server: 's', client_ip: '203.0.113.9', method: 'GET', status: 200, request_time: 0.1, bytes: null },
    ...{
      host: 'shop.example',
      country: 'DE',
      path: '/',
      user_agent: 'curl/8',
      timestamp: START_MS + second * SECOND_MS,
    },
    ...asked,
  });
  const pipe = (requests: readonly AccessLog[]) =>
    driver.pipeInputs(
      topics.accessLog,
      stringSerde,
      serdes.accessLog,
      requests.map((value) => ({ key: 'a', value, timestamp: value.timestamp })),
    );
  const read = async <V extends object>(topic: string, serde: Serde<V>): Promise<V[]> =>
    (await driver.readOutput(topic, stringSerde, serde)).flatMap(({ value }) => value ?? []);
  /** Twelve requests within a second: over a limit of 10, and under one of 20. */
  const burst = (second: number, asked: Partial<AccessLog> = {}) =>
    Array.from({ length: 12 }, (_, index) => request(second, { ...asked, path: `/page-${second}-${index}` }));

  it('count for windows of goal 1 that began after it', async () => {
    const starts = async () =>
      (await read(topics.goal1, serdes.goal1)).map(({ window_start }) => (window_start - START_MS) / SECOND_MS);
    await pipe(burst(0));
    // Those that hold the second 0.
    expect(Math.max(...(await starts()))).toBe(0);
    live.useLimits({ ...given, goal1: { threshold: 20 } });
    await pipe(burst(100, { client_ip: '203.0.113.10' }));
    expect(await starts()).toEqual([]);
    live.useLimits(given);
    await pipe(burst(200, { client_ip: '203.0.113.11' }));
    expect((await starts()).sort((one, other) => one - other)).toEqual(Array.from({ length: 20 }, (_, i) => 181 + i));
  });

  it('leave out clients that were excluded meanwhile', async () => {
    const entities = async () => {
      const alerts = await read(topics.alerts, serdes.alerts);
      return alerts.filter(({ state }) => state === 'opened').map(({ entity }) => entity);
    };
    const scan = (second: number, client_ip: string) =>
      [0, 1, 2, 3].flatMap((more) => burst(second + more, { client_ip, status: 404 }));
    /** Others move the time on, and lack nothing. */
    const others = (from: number) =>
      Array.from({ length: 30 }, (_, index) => request(from + index, { client_ip: '198.51.100.1', host: 'b.example' }));
    await pipe([...scan(0, '203.0.113.20'), ...others(4)]);
    expect(await entities()).toContain('203.0.113.20');
    live.useLimits({ ...given, abuse: { excludedClients: ['203.0.113.0/24'], crawlers: [] } });
    await pipe([...scan(1000, '203.0.113.21'), ...others(1004)]);
    expect(await entities()).not.toContain('203.0.113.21');
    await pipe([...scan(2000, '192.0.2.9'), ...others(2004)]);
    expect(await entities()).toContain('192.0.2.9');
  });

  it('say whether the client that makes a surge has an incident of its own', async () => {
    const usual = (from: number, to: number) =>
      Array.from({ length: (to - from) / 4 }, (_, index) =>
        request(from + 4 * index, { client_ip: `198.51.100.${index % 50}` }),
      );
    const surge = Array.from({ length: 800 }, (_, index) => request(1830 + index / 20));
    await pipe(usual(0, 1800));
    live.useLimits({ ...given, abuse: { excludedClients: ['203.0.113.0/24'], crawlers: [] } });
    await pipe([...surge, ...usual(1872, 2400)]);
    const surges = (await read(topics.alerts, serdes.alerts)).filter(({ detector }) => detector === 'traffic-surge');
    expect(new Set(surges.map(({ scope }) => scope))).toEqual(new Set(['web/*', 'web/shop.example']));
  });

  it('count for the next reading of a sensor', async () => {
    const score = async (second: number) => {
      const reading = { sensor_id: 'boiler', temperature: 50, pressure: 1, is_anomaly: false };
      await driver.pipeInput(topics.sensorReadings, stringSerde, serdes.sensorReadings, {
        key: 'boiler',
        value: { ...reading, timestamp: START_MS + second * SECOND_MS },
        timestamp: START_MS + second * SECOND_MS,
      });
      return (await read(topics.sensorScores, serdes.sensorScores)).map(({ anomaly_score }) => anomaly_score);
    };
    expect(await score(0)).toEqual([1]);
    live.useLimits({ ...given, sensors: { temperature: 60, pressure: 120 } });
    expect(await score(1)).toEqual([0]);
  });

  /** A minute of lines that a service answers requests with, and a line of the next minute that ends it. */
  const minute = (number: number, lines: number, responseTime: number) =>
    [...Array.from({ length: lines }, (_, index) => index * (59 / lines)), 62].map((second) => ({
      ...{ service: 'shop', level: 'INFO' as const, message: 'served', endpoint: '/pay', status: 200, method: 'GET' },
      ...{ response_time: responseTime, user_id: null, session_id: null, request_id: null, ip: null, bytes: null },
      ...{ source: null, is_anomaly: false, timestamp: START_MS + Math.floor((number * 60 + second) * SECOND_MS) },
    }));
  const alertsOf = async (lines: ReturnType<typeof minute>) => {
    await driver.pipeInputs(
      topics.serviceLogs,
      stringSerde,
      serdes.serviceLogs,
      lines.map((value) => ({ key: 'shop', value, timestamp: value.timestamp })),
    );
    const alerts = (await read(topics.alerts, serdes.alerts)).filter(({ scope }) => scope === 'service/shop');
    const ofEndpoint = alerts.filter(({ detector }) => ['SLOW_RESPONSE', 'TRAFFIC_SPIKE'].includes(detector));
    return [...new Set(ofEndpoint.map(({ detector, state }) => `${detector} ${state}`))].sort();
  };

  it('judge endpoints of services by fixed limits, and by what they learn when those are taken back', async () => {
    const endpoints = { requests: 20, errorRate: undefined, responseTime: 500 };
    live.useLimits({ ...given, endpoints });
    expect(await alertsOf(minute(2, 30, 800))).toEqual(['SLOW_RESPONSE opened', 'TRAFFIC_SPIKE opened']);
    live.useLimits(given);
    expect(await alertsOf(minute(4, 30, 800))).toEqual(['SLOW_RESPONSE resolved', 'TRAFFIC_SPIKE resolved']);
    expect(await alertsOf([...minute(6, 30, 800), ...minute(8, 30, 800)])).toEqual([]);
  });

  it('leave out what is maintained, from when that is declared on', async () => {
    const reading = async (second: number, temperature: number) => {
      const timestamp = START_MS + second * SECOND_MS;
      await driver.pipeInput(topics.sensorReadings, stringSerde, serdes.sensorReadings, {
        key: 'boiler',
        value: { sensor_id: 'boiler', temperature, pressure: 1, is_anomaly: false, timestamp },
        timestamp,
      });
      return (await read(topics.alerts, serdes.alerts)).map(({ state }) => state);
    };
    expect(await reading(0, 20)).toEqual([]);
    const maintenance = [{ from: START_MS, to: START_MS + 60 * SECOND_MS, of: ['sensor:boiler'] }];
    live.useLimits({ ...given, calendar: { holidays: [], maintenance } });
    expect(await reading(1, 50)).toEqual([]);
    live.useLimits(given);
    expect(await reading(2, 50)).toEqual(['opened']);
  });
});

it('what may change of a configuration is all that it takes of other limits', () => {
  const limits = limitsOf({
    ...config,
    budgets: [{ of: 'service:shop', perWeek: 3 }],
    calendar: { timeZone: 'Europe/Berlin', holidays: ['2026-12-25'], maintenance: [] },
    services: { ...config.services, falseAlarmsPerWeek: 7, endpoints: { ...config.services.endpoints, requests: 5 } },
  });
  const changed = withLimits(config, limits);
  expect(limitsOf(changed)).toEqual(limits);
  expect(changed.calendar).toEqual({ timeZone: 'UTC', holidays: ['2026-12-25'], maintenance: [] });
  expect(withLimits(changed, given)).toEqual(config);
});
