import { describe, expect, it } from 'vitest';
import type { Alert, ServiceHealth, ServiceLog } from '../../../schemas/records.js';
import { ApplicationRun } from '../../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

function lineAt(timestamp: number, changes: Partial<ServiceLog> = {}): ServiceLog {
  return {
    timestamp,
    service: 'shop',
    level: 'INFO',
    message: 'request completed',
    response_time: 50,
    endpoint: '/cart',
    method: 'GET',
    status: 200,
    user_id: null,
    session_id: null,
    request_id: null,
    ip: null,
    bytes: null,
    source: null,
    is_anomaly: false,
    ...changes,
  };
}

/** A line every so many milliseconds. */
function linesOf(
  seconds: number,
  everyMs: number,
  changes: (n: number) => Partial<ServiceLog> = () => ({}),
  startMs = START_MS,
): ServiceLog[] {
  return Array.from({ length: Math.floor((seconds * SECOND_MS) / everyMs) }, (_, n) =>
    lineAt(startMs + n * everyMs, changes(n)),
  );
}

async function outcomeOf(...lines: ServiceLog[][]): Promise<{ alerts: Alert[]; health: ServiceHealth[] }> {
  const run = await ApplicationRun.create({ config: { pipelines: ['services'] } });
  const inOrder = lines.flat().sort((one, other) => one.timestamp - other.timestamp);
  await run.append('serviceLogs', inOrder, ({ service }) => service);
  await run.process();
  await run.drain();
  const alerts = (await run.read('alerts')).map(({ value }) => value);
  const health = (await run.read('serviceHealth')).map(({ value }) => value);
  await run.close();
  return { alerts, health };
}

function linesOfAlerts(alerts: readonly Alert[]): string[] {
  return alerts.map(({ detector, entity, state }) => `${detector} ${entity} ${state}`);
}

describe('instances of a service', () => {
  const isBad = (n: number) => n % 5 === 4;
  const bad = { level: 'ERROR', response_time: 900 } as const;

  it('are compared where there are several', async () => {
    const { alerts } = await outcomeOf(
      linesOf(120, 100, (n) => ({ source: `host-${n % 5}`, ...(isBad(n) && n > 600 ? bad : {}) })),
    );
    expect(linesOfAlerts(alerts)).toContain('unlike-its-peers shop host-4 opened');
  });

  it.each([
    ['one', () => ({ source: 'host-0' })],
    ['one and another that logs seldom', (n: number) => ({ source: n % 60 === 0 ? 'host-1' : 'host-0' })],
    [
      'four and one that is a little slower',
      (n: number) => ({ source: `host-${n % 5}`, response_time: isBad(n) ? 66 : 61 }),
    ],
  ])('are not blamed: %s', async (_what, changes) => {
    const { alerts } = await outcomeOf(linesOf(300, 200, changes));
    expect(alerts).toEqual([]);
  });

  it('are well again when nobody hears of them', async () => {
    const { alerts } = await outcomeOf(
      linesOf(120, 100, (n) => ({ source: `host-${n % 5}`, ...(isBad(n) && n > 600 ? bad : {}) })),
      linesOf(120, 100, () => ({}), START_MS + 120 * SECOND_MS),
    );
    const ofInstance = alerts.filter(({ detector }) => detector === 'unlike-its-peers');
    expect(ofInstance.map(({ state }) => state)).toEqual(['opened', 'resolved']);
  });

  it('of two services on one host have alerts of their own', async () => {
    const onHost = (service: string) =>
      linesOf(120, 100, (n) => ({ service, source: `host-${n % 5}`, ...(isBad(n) && n > 600 ? bad : {}) }));
    const { alerts } = await outcomeOf(onHost('shop'), onHost('till'));
    const ids = alerts.filter(({ detector, state }) => detector === 'unlike-its-peers' && state === 'opened');
    expect(new Set(ids.map(({ id }) => id)).size).toBe(2);
  });
});

it('who is gone is forgotten after an hour, and what was open is over', async () => {
  const { alerts, health } = await outcomeOf(
    linesOf(600, 100),
    linesOf(2 * 3600, 1000, () => ({ service: 'till' })),
  );
  const down = health.filter((window) => window.service === 'shop' && window.health === 'down');
  expect(down).toHaveLength(3600 / 5);
  const silence = alerts.filter(({ detector }) => detector === 'silence');
  expect(silence.map(({ entity, state, time }) => [entity, state, time])).toEqual([
    ['shop', 'opened', START_MS + 605 * SECOND_MS],
    ['shop', 'resolved', START_MS + 10 * MINUTE_MS + 60 * MINUTE_MS],
  ]);
});

it('goes on after times that cannot be', async () => {
  const odd = [Number.POSITIVE_INFINITY, Number.NaN, -5, 1.7e308, Number.NEGATIVE_INFINITY, 0];
  const { health } = await outcomeOf(
    linesOf(60, 100, (n) => ({ response_time: odd[n] ?? 50, source: `host-${n % 3}`, ip: '192.0.2.1' })),
  );
  expect(health[0]?.count).toBe(50);
  expect(health[1]?.avg_response_time).toBeCloseTo(50, 9);
});

it.each(['__proto__', 'constructor', 'my shop'])('watches a service that is called %s', async (service) => {
  const { alerts } = await outcomeOf(
    linesOf(300, 100, () => ({ service, source: service, endpoint: service, ip: service })),
    linesOf(600, 1000, () => ({ service: 'till' })),
  );
  expect(linesOfAlerts(alerts)).toContain(`silence ${service} opened`);
  expect(new Set(alerts.map(({ scope }) => scope))).toEqual(new Set([`service/${service}`]));
});

it('finds errors of a service that logs less than a line a second', async () => {
  const { alerts } = await outcomeOf(
    linesOf(3600, 2000),
    linesOf(120, 2000, () => ({ level: 'ERROR' }), START_MS + 3600 * SECOND_MS),
  );
  expect(linesOfAlerts(alerts)).toContain('unusual-behaviour shop opened');
});
