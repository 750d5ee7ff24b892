import { describe, expect, it } from 'vitest';
import { createDetector } from '../../../detection/detectors.js';
import { Random } from '../../../producer/random.js';
import type { ServiceLog } from '../../../schemas/records.js';
import { alertScoreOf, Budgets, chanceOf, evidenceOf } from '../../../topology/budgets.js';
import { ApplicationRun } from '../../reference/run-application.js';

const START_MS = Date.UTC(2026, 5, 1, 12);
const MINUTE_MS = 60_000;

describe('the budget of an entity', () => {
  const budgets = new Budgets(
    [
      { of: 'service:*', perWeek: 5 },
      { of: 'service:batch-*', perWeek: 0.1 },
      { of: 'service:batch-invoices', perWeek: 3 },
      { of: 'host:shop.example', perWeek: 7 },
    ],
    2,
  );

  it.each([
    ['service/batch-invoices', 3],
    ['service/batch-mail', 0.1],
    ['service/web', 5],
    ['web/shop.example', 7],
    ['web/www.shop.example', 2],
    ['sensor/boiler', 2],
  ])('of %s it is %d a week', (scope, perWeek) => {
    expect(budgets.perWeek(scope)).toBe(perWeek);
  });

  it('makes what depends on it once for each budget', () => {
    const made: number[] = [];
    const of = budgets.each((perWeek) => {
      made.push(perWeek);
      return { perWeek };
    });
    for (const scope of ['service/a', 'service/b', 'web/c', 'web/d', 'service/a']) of(scope);
    expect(made).toEqual([5, 2]);
    expect(of('service/a')).toBe(of('service/b'));
  });
});

it.each([
  // e times rarer for each nat; by hand: 17 + ln 52 = 20.95, 17 - ln 10 = 14.70.
  [1 / 52, 20.951, 1e-9 / 52],
  [1, 17, 1e-9],
  [10, 14.697, 1e-8],
  [1e12, 6, 1e-4],
])('of %d a week, what is 17 nats or a chance of 1e-9 for one is %d nats or %d', (perWeek, evidence, chance) => {
  expect(evidenceOf(perWeek, 17)).toBeCloseTo(evidence, 3);
  expect(chanceOf(perWeek, 1e-9)).toBeCloseTo(chance, 15);
});

it('an instance that is unlike its peers, and a client that scans, are told sooner with a large budget', async () => {
  const services = ['small', 'usual', 'large'];
  const line = (service: string, time: number, changes: Partial<ServiceLog>): ServiceLog =>
    ({
      ...{ timestamp: time, service, level: 'INFO', message: 'served', endpoint: null, status: 200 },
      ...{ response_time: null, source: null, ip: null, ...changes },
    }) as unknown as ServiceLog;
  const lines: ServiceLog[] = [];
  for (let window = 0; window < 60; window++) {
    for (const service of services) {
      const start = START_MS + window * 5000;
      const isThen = window >= 20;
      for (let n = 0; n < 40; n++) {
        const source = `host-${n % 4}`;
        // Of ten lines of an instance in a window one fails, where none of its peers does.
        const level = isThen && n === 0 ? 'ERROR' : 'INFO';
        const ip = `192.0.2.${n % 20}`;
        lines.push(line(service, start + n * 100, { source, level, ip, status: n % 10 === 0 ? 404 : 200 }));
      }
      // Of 60 requests of one client more and more are refused, where 6 would be as a rule.
      const refused = isThen ? Math.min(60, 12 + 4 * (window - 20)) : 0;
      for (let n = 0; isThen && n < 60; n++) {
        lines.push(line(service, start + 4000 + n, { ip: '198.51.100.7', status: n < refused ? 404 : 200 }));
      }
    }
  }
  const run = await ApplicationRun.create({
    config: {
      pipelines: ['services'],
      budgets: [
        { of: 'service:small', perWeek: 1e-9 },
        { of: 'service:large', perWeek: 1000 },
      ],
    },
  });
  await run.append('serviceLogs', lines, ({ service }) => service);
  await run.drain();
  const opened = (await run.read('alerts')).map(({ value }) => value).filter(({ state }) => state === 'opened');
  await run.close();
  for (const name of ['unlike-its-peers', 'CLIENT_ERROR_SCAN']) {
    const [small, usual, large] = services.map((service) =>
      Math.min(
        Number.POSITIVE_INFINITY,
        ...opened
          .filter(({ detector, scope }) => detector === name && scope === `service/${service}`)
          .map(({ time }) => (time - START_MS) / 5000),
      ),
    );
    expect(large, name).toBeLessThan(usual ?? 0);
    expect(usual, name).toBeLessThan(small ?? 0);
  }
});

/** Of the same lines two services make, of which a share fails from some minute on. */
function linesOf(service: string, share: number): ServiceLog[] {
  const random = new Random(7);
  const lines: ServiceLog[] = [];
  for (let time = START_MS; time < START_MS + 30 * MINUTE_MS; time += 250) {
    const isWorse = time >= START_MS + 25 * MINUTE_MS;
    const fails = random.uniform() < (isWorse ? share : 0.02);
    lines.push({
      ...{ timestamp: time, service, level: fails ? 'ERROR' : 'INFO', message: 'served', endpoint: null },
      ...{ status: null, response_time: null, source: null },
    } as unknown as ServiceLog);
  }
  return lines;
}

it('the same rise of failures is told sooner of a service with a large budget, and not of one with a small one', async () => {
  const services = ['small', 'usual', 'large'];
  const run = await ApplicationRun.create({
    config: {
      pipelines: ['services'],
      budgets: [
        { of: 'service:small', perWeek: 1e-9 },
        { of: 'service:large', perWeek: 1000 },
      ],
    },
  });
  const lines = services.flatMap((service) => linesOf(service, 0.045));
  await run.append(
    'serviceLogs',
    lines.toSorted((one, other) => one.timestamp - other.timestamp),
    ({ service }) => service,
  );
  await run.drain();
  const opened = (await run.read('alerts')).map(({ value }) => value).filter(({ state }) => state === 'opened');
  await run.close();
  const first = (service: string) =>
    Math.min(Number.POSITIVE_INFINITY, ...opened.filter(({ entity }) => entity === service).map(({ time }) => time));
  expect(first('large')).toBeGreaterThan(START_MS + 25 * MINUTE_MS);
  expect(first('large')).toBeLessThan(first('usual'));
  expect(first('small')).toBe(Number.POSITIVE_INFINITY);
});

it('of small surges of a host, a hundred times the budget tells more, and a hundredth fewer', () => {
  const alertsAt = (perWeek: number) => {
    const detector = createDetector({ name: 'multi-resolution', alertScore: alertScoreOf(perWeek) });
    const random = new Random(1);
    const state = detector.initial();
    const told = new Set<number>();
    for (let minute = 0; minute < 3 * 1440; minute++) {
      const sixth = Math.floor(minute / 240);
      const isSurge = minute > 1440 && minute % 240 < 15;
      const value = random.logNormal(100, 0.1) * (isSurge ? 1.1 + 0.25 * (sixth % 8) : 1);
      const { isAnomalous } = detector.observe(state, START_MS + minute * MINUTE_MS, Math.log1p(value));
      if (isAnomalous) told.add(sixth);
    }
    return told.size;
  };
  const [few, usual, many] = [alertsAt(0.01), alertsAt(1), alertsAt(100)];
  expect(usual).toBeGreaterThan(few);
  expect(many).toBeGreaterThan(usual);
});
