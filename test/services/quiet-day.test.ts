import { expect, it } from 'vitest';
import { ServiceLogSimulator } from '../../producer/service-log-simulator.js';
import type { ServiceLog } from '../../schemas/records.js';
import { ApplicationRun } from '../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const HOUR_MS = 3_600_000;

/** Among the long tests for its minute: it needs no service. */
it('is silent over a day whose traffic follows the day', async () => {
  const run = await ApplicationRun.create({ config: { pipelines: ['services'] } });
  const simulator = new ServiceLogSimulator({ seed: 3, startMs: START_MS, linesPerSecond: 20, faults: [] });
  while (simulator.arrivalMs < START_MS + 26 * HOUR_MS) {
    await run.append(
      'serviceLogs',
      Array.from({ length: 20_000 }, () => simulator.next().line),
      ({ service }: ServiceLog) => service,
    );
  }
  await run.drain();
  const alerts = (await run.read('alerts')).map(({ value }) => value);
  await run.close();
  // Endpoints are judged by the minute, with limits of their own.
  const opened = alerts.filter(({ entity, state }) => state === 'opened' && !entity.includes(' /'));
  expect(opened.map(({ explanation }) => explanation)).toEqual([]);
});
