import { expect, it } from 'vitest';
import { countEvents, measuresOf, noCounts } from '../../../../bench/detection/cloud-scoring.js';

function series(...events: { first: number; last: number }[]) {
  const rows = Array.from({ length: 100 }, (_, i) => i);
  return { name: 'series', timestampsMs: rows, values: rows, events };
}

function count(events: { first: number; last: number }[], alerts: number[]) {
  const counts = noCounts();
  countEvents(counts, series(...events), alerts);
  return counts;
}

it('takes an alert up to three rows from an event for its detection', () => {
  const events = [{ first: 50, last: 52 }];

  expect(count(events, [47])).toMatchObject({ detected: 1, falseAlerts: 0, delays: [-3] });
  expect(count(events, [55])).toMatchObject({ detected: 1, falseAlerts: 0, delays: [5] });
  expect(count(events, [46, 56])).toMatchObject({ detected: 0, falseAlerts: 2, delays: [] });
});

it('counts an event once, however many alerts it has', () => {
  expect(count([{ first: 50, last: 60 }], [51, 53, 55])).toMatchObject({ events: 1, detected: 1, alerts: 3 });
});

it('leaves out the first 15 % of a series', () => {
  expect(count([{ first: 5, last: 14 }], [7, 14])).toMatchObject({ events: 0, alerts: 0 });
  expect(count([{ first: 5, last: 15 }], [15])).toMatchObject({ events: 1, detected: 1 });
});

it('measures precision over alerts and recall over events', () => {
  // 4 alerts, 1 of them false; 2 of 5 events; F1 = 2 * 0.75 * 0.4 / 1.15.
  const counts = { events: 5, detected: 2, alerts: 4, falseAlerts: 1, delays: [3, 0, 1] };

  const measures = measuresOf(counts);

  expect(measures).toMatchObject({ precision: 0.75, recall: 0.4, medianDelay: 1 });
  expect(measures.f1).toBeCloseTo(0.5217, 4);
});
