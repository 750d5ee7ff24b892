import { expect, it } from 'vitest';
import { createDetector } from '../../../../detection/detectors.js';
import { threshold } from '../../../../detection/threshold.js';
import { Random } from '../../../../producer/random.js';
import type { AlertEpisode, Feedback } from '../../../../schemas/feedback.js';
import type { Alert } from '../../../../schemas/records.js';
import { Verdicts } from '../../../../topology/feedback/verdicts.js';
import { Monitor } from '../../../../topology/monitoring/monitor.js';
import type { Detection } from '../../../../topology/monitoring/signals.js';
import { countSignal } from '../../../../topology/services/service-signals.js';

const SECOND = 1000;
const MINUTE = 60_000;

const OVER_TEN: Detection<number> = {
  name: 'over-ten',
  signals: [
    {
      ...{ detector: threshold({ limit: 10 }), value: (value: number) => value, side: 'high', severity: 'warning' },
      ...{ field: 'size', explain: (value: number) => `it is ${value}` },
    },
  ],
  episodes: { closeAfter: 1 },
};

function fine(detector: string, signal: string, value: number, verdict: Feedback['verdict'] = 'fine'): Feedback {
  return {
    ...{ id: 'a', incident: 'i', verdict, by: 'anna', note: null, said: 1, from: 0, until: null },
    ...{ daily: null, entities: 'same' },
    limits: [
      {
        ...{ source_kind: 'sensor', detector, entity: 'hall', signal, direction: 'high', severity: 'critical' },
        ...{ value, longest_ms: null, words: '' },
      },
    ],
  };
}

/** Observes one value a second, or whatever the step is. */
function observed<O>(
  detection: Detection<O>,
  values: readonly O[],
  said: (index: number) => readonly Feedback[],
  step = SECOND,
) {
  let at = 0;
  const lists = new Map<number, readonly Feedback[]>();
  const current = () => {
    const list = said(at);
    const key = list.length;
    lists.set(key, lists.get(key) ?? list);
    return lists.get(key) as readonly Feedback[];
  };
  const monitor = new Monitor<O>('sensor', [detection], new Verdicts({ current }));
  const state = monitor.initial();
  const alerts: Alert[] = [];
  const episodes: AlertEpisode[] = [];
  const unusual: number[] = [];
  for (const [index, value] of values.entries()) {
    at = index;
    const start = index * step;
    const judged = monitor.observe(state, value, { entity: 'hall', scope: 'hall', start, end: start + step });
    alerts.push(...judged.alerts);
    episodes.push(...(judged.episodes ?? []));
    if (judged.deviations.length > 0) unusual.push(index);
  }
  return { alerts: alerts.map(({ id, state: is }) => `${is} ${id.split('@')[1]}`), episodes, unusual };
}

it('an alert that is no graver than what was fine is recorded as not told, and a graver one is told', () => {
  const { alerts, episodes } = observed(OVER_TEN, [0, 15, 0, 25, 0], () => [fine('over-ten', 'size', 20)]);
  expect(alerts).toEqual(['opened 3000', 'resolved 3000']);
  expect(episodes.map(({ alert, quiet, state }) => [alert.value, quiet?.feedback ?? null, state])).toEqual([
    [15, 'a', 'open'],
    [15, 'a', 'over'],
    [25, null, 'open'],
    [25, null, 'over'],
  ]);
});

it('an episode that was fine is told when it gets graver, and its farthest value is known', () => {
  const { alerts, episodes, unusual } = observed(OVER_TEN, [0, 15, 18, 30, 12, 0], () => [
    fine('over-ten', 'size', 20),
  ]);
  expect(alerts).toEqual(['opened 3000', 'resolved 3000']);
  expect(unusual).toEqual([3]);
  expect(episodes.at(-1)).toMatchObject({ state: 'over', quiet: null, peaks: [{ value: 30, direction: 'high' }] });
});

it('an alert that is open ends when people say that it was fine', () => {
  const { alerts } = observed(OVER_TEN, [0, 15, 15, 15, 0], (at) => (at < 3 ? [] : [fine('over-ten', 'size', 20)]));
  expect(alerts).toEqual(['opened 1000', 'resolved 1000']);
});

const ERRORS: Detection<number> = {
  name: 'errors',
  signals: [
    countSignal<number>({
      ...{ chart: 'errors', field: 'level', severity: 'critical', words: 'failed', events: 'lines' },
      tally: (failures) => ({ count: 100, failures }),
      options: { budget: { windows: 100_000, charts: 4 } },
    }),
  ],
  episodes: { closeAfter: 1 },
};

it('counts that were fine are learned as usual: they are judged by a higher share since', () => {
  const quiet = new Array<number>(200).fill(0);
  const values = [...quiet, ...new Array<number>(10).fill(10)];
  const last = (said: readonly Feedback[]) => {
    const monitor = new Monitor<number>('sensor', [ERRORS], new Verdicts({ current: () => said }));
    const state = monitor.initial();
    return values.map((value, index) => {
      const start = index * SECOND;
      return monitor.observe(state, value, { entity: 'hall', scope: 'hall', start, end: start + SECOND });
    });
  };
  const highest = (said: readonly Feedback[]) => last(said).at(-1)?.expectations?.['errors']?.high ?? 0;
  // 1,000 lines in 21,000 that failed are one in twenty of all that is remembered; without them it is none.
  expect(highest([])).toBeLessThan(0.04);
  expect(highest([fine('errors', 'errors', 0.5)])).toBeGreaterThan(0.05);
});

it('what was a fault does not become usual, however long it lasts', () => {
  const quiet = new Array<number>(200).fill(0);
  // An alarm that lasts for 360 windows is adopted.
  const values = [...quiet, ...new Array<number>(600).fill(10)];
  const isOpenAtEnd = (said: readonly Feedback[]) => observed(ERRORS, values, () => said).unusual.at(-1) === 799;
  expect(isOpenAtEnd([])).toBe(false);
  expect(isOpenAtEnd([fine('errors', 'errors', 0.5, 'fault')])).toBe(true);
});

it('what was fine in a series is learned as usual by the detector of many resolutions', () => {
  const random = new Random(3);
  const values = Array.from({ length: 4000 }, (_, index) =>
    Math.round(100 + 3 * random.normal() + (index > 3000 && index % 100 < 3 ? 60 : 0)),
  );
  const series: Detection<number> = {
    name: 'series',
    signals: [
      {
        ...{ detector: createDetector(), value: (value: number) => value, severity: 'warning', field: 'size' },
        explain: (value: number) => `it is ${value}`,
      },
    ],
    episodes: { closeAfter: 3 },
  };
  const told = observed(series, values, () => [], MINUTE).alerts.length;
  const { alerts, episodes } = observed(series, values, () => [fine('series', 'size', 1000)], MINUTE);
  expect(told).toBeGreaterThan(10);
  expect(alerts).toEqual([]);
  expect(episodes.length).toBeGreaterThan(0);
  // Learned: in the end it is not even kept quiet any more.
  expect(episodes.filter(({ began }) => began > 3500 * MINUTE).length).toBeLessThan(5);
});
