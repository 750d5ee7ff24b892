import { expect, it } from 'vitest';
import type { Feedback, FeedbackLimit } from '../../../../schemas/feedback.js';
import { isAlike } from '../../../../topology/feedback/alike.js';
import { type Gone, Verdicts } from '../../../../topology/feedback/verdicts.js';

const NOON = Date.UTC(2026, 5, 1, 12);
const HOUR = 3_600_000;

const LIMIT: FeedbackLimit = {
  ...{ source_kind: 'service', detector: 'unusual-behaviour', entity: 'checkout', signal: 'errors' },
  ...{
    direction: 'high',
    severity: 'critical',
    value: 0.2,
    longest_ms: 600_000,
    words: 'errors of checkout up to 20 %',
  },
};

function said(fields: Partial<Feedback> = {}, limit: Partial<FeedbackLimit> = {}): Feedback {
  return {
    ...{
      id: 'a',
      incident: 'i',
      verdict: 'fine',
      by: 'anna',
      note: null,
      said: 1,
      from: NOON,
      until: NOON + 24 * HOUR,
    },
    ...{ daily: null, entities: 'same', limits: [{ ...LIMIT, ...limit }] },
    ...fields,
  };
}

const GONE: Gone = {
  ...{ sourceKind: 'service', detector: 'unusual-behaviour', entity: 'checkout', signal: 'errors', time: NOON + HOUR },
  ...{ direction: 'high', severity: 'critical', value: 0.15, lastedMs: 60_000 },
};

function isFine(feedback: Feedback | readonly Feedback[], gone: Partial<Gone> = {}): boolean {
  const list = [feedback].flat();
  return new Verdicts({ current: () => list }).fine({ ...GONE, ...gone }) !== undefined;
}

it('what was fine is so up to its value, its length, its severity and in its direction, and no further', () => {
  expect(isFine(said())).toBe(true);
  expect(isFine(said(), { value: 0.2 })).toBe(true);
  expect(isFine(said(), { value: 0.21 })).toBe(false);
  expect(isFine(said(), { lastedMs: 600_001 })).toBe(false);
  expect(isFine(said({}, { longest_ms: null }), { lastedMs: 24 * HOUR })).toBe(true);
  expect(isFine(said({}, { severity: 'warning' }))).toBe(false);
  expect(isFine(said(), { direction: 'low' })).toBe(false);
  expect(isFine(said({}, { direction: 'low', value: 10 }), { direction: 'low', value: 9 })).toBe(false);
  expect(isFine(said({}, { direction: 'low', value: 10 }), { direction: 'low', value: 11 })).toBe(true);
});

it('what was fine says nothing of other detectors, signals and entities', () => {
  expect(isFine(said(), { detector: 'silence' })).toBe(false);
  expect(isFine(said(), { signal: 'lines' })).toBe(false);
  expect(isFine(said(), { entity: 'billing' })).toBe(false);
});

it('it holds from the time of the incident to its end, by the time of the events', () => {
  expect(isFine(said(), { time: NOON - 1 })).toBe(false);
  expect(isFine(said(), { time: NOON })).toBe(true);
  expect(isFine(said(), { time: NOON + 24 * HOUR })).toBe(false);
  expect(isFine(said({ until: null }), { time: NOON + 1e12 })).toBe(true);
});

it('at a time of day it holds by the clock of its zone, also when that is changed for summer', () => {
  const nightly = said({
    ...{ from: 0, until: null },
    daily: { from_minute: 23 * 60 + 30, to_minute: 60, time_zone: 'Europe/Berlin' },
  });
  // 00:30 in Berlin is 23:30 UTC in winter, and 22:30 UTC in summer.
  expect(isFine(nightly, { time: Date.UTC(2026, 0, 10, 23, 30) })).toBe(true);
  expect(isFine(nightly, { time: Date.UTC(2026, 6, 10, 22, 30) })).toBe(true);
  expect(isFine(nightly, { time: Date.UTC(2026, 6, 10, 23, 30) })).toBe(false);
});

it('what was said last counts: a fault is none any more when it was fine since, and the other way round', () => {
  const fine = said();
  const fault = said({ id: 'b', verdict: 'fault', said: 2 });
  expect(isFine([fine, fault])).toBe(false);
  expect(isFine([fine, { ...fault, said: 0 }])).toBe(true);
  expect(new Verdicts({ current: () => [fine, fault] }).isFault(GONE)).toBe(true);
  expect(new Verdicts({ current: () => [{ ...fault, said: 0 }, fine] }).isFault(GONE)).toBe(false);
});

it('entities are alike whose names differ in numbers, or that are addresses of one network', () => {
  expect(isAlike('web-1', 'web-12')).toBe(true);
  expect(isAlike('checkout-7f9c4d', 'checkout-80bb1')).toBe(true);
  expect(isAlike('web-1', 'db-1')).toBe(false);
  expect(isAlike('checkout', 'billing')).toBe(false);
  expect(isAlike('203.0.113.7', '203.0.113.99')).toBe(true);
  expect(isAlike('203.0.113.7', '203.0.114.7')).toBe(false);
  expect(isFine(said({ entities: 'alike' }, { entity: 'web-1' }), { entity: 'web-2' })).toBe(true);
  expect(isFine(said({}, { entity: 'web-1' }), { entity: 'web-2' })).toBe(false);
});
