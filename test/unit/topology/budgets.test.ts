import { describe, expect, it } from 'vitest';
import { createDetector } from '../../../detection/detectors.js';
import { Random } from '../../../producer/random.js';
import type { ServiceLog } from '../../../schemas/records.js';
import { alertScoreOf, Budgets } from '../../../topology/budgets.js';
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
