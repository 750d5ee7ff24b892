import { expect, it } from 'vitest';
import { SERVICES, ServiceLogSimulator } from '../../producer/service-log-simulator.js';
import type { ServiceHealth } from '../../schemas/records.js';
import { predictionOf, trainServiceModel } from '../../topology/services/service-model.js';
import { ApplicationRun } from '../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const MINUTE_MS = 60_000;

/** The windows of so many minutes of simulated logs, with a fault of a minute in each service in the last five. */
async function windowsOf(seed: number, minutes: number, isFaulty: boolean): Promise<ServiceHealth[]> {
  const faults = SERVICES.map((service, index) => {
    const startMs = START_MS + (minutes - 5 + index) * MINUTE_MS;
    return {
      kind: index % 2 === 0 ? 'latency-step' : 'error-burst',
      service,
      startMs,
      endMs: startMs + MINUTE_MS,
    } as const;
  });
  const simulator = new ServiceLogSimulator({ seed, startMs: START_MS, faults: isFaulty ? faults : [] });
  const run = await ApplicationRun.create({ config: { pipelines: ['services'] } });
  const lines = [];
  while (simulator.arrivalMs < START_MS + minutes * MINUTE_MS) lines.push(simulator.next().line);
  await run.append('serviceLogs', lines, ({ service }) => service);
  await run.drain();
  const windows = (await run.read('serviceHealth')).map(({ value }) => value);
  await run.close();
  return windows;
}

it('a model of ordinary windows finds those of faults, and says what stands out', async () => {
  const model = trainServiceModel(await windowsOf(1, 60, false), 3);
  const predictions = (await windowsOf(2, 20, true)).map((window) => predictionOf(model, window));
  const firstFaultMs = START_MS + 15 * MINUTE_MS;
  const before = predictions.filter((one) => one !== undefined && one.window_end <= firstFaultMs);
  const falsely = before.filter((one) => one?.is_anomaly);
  expect(falsely.length / before.length).toBeLessThan(0.02);
  for (const [index, service] of SERVICES.entries()) {
    const startMs = firstFaultMs + index * MINUTE_MS;
    const during = predictions.filter(
      (one) => one?.service === service && one.window_start >= startMs && one.window_end <= startMs + MINUTE_MS,
    );
    const found = during.filter((one) => one?.is_anomaly);
    expect(found.length / during.length, service).toBeGreaterThan(0.7);
    expect(found[0]?.model_version).toBe(3);
    const fields = new Set(found.flatMap((one) => one?.fields ?? []));
    expect([...fields].join()).toContain(index % 2 === 0 ? 'response_time' : 'error_rate');
  }
});

it('a model says nothing of a window without lines, nor of a service that it was not trained on', async () => {
  const windows = await windowsOf(1, 10, false);
  const [window] = windows;
  if (window === undefined) throw new Error('there are no windows');
  const model = trainServiceModel(windows, 1);
  expect(Object.keys(model.services).sort()).toEqual([...SERVICES].sort());
  expect(predictionOf(model, window)?.service).toBe(window.service);
  expect(predictionOf(model, { ...window, count: 0 })).toBeUndefined();
  expect(predictionOf(model, { ...window, service: 'another' })).toBeUndefined();
});
