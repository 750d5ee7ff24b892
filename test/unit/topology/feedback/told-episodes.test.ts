import { expect, it } from 'vitest';
import type { Feedback } from '../../../../schemas/feedback.js';
import type { Alert } from '../../../../schemas/records.js';
import {
  type GoingOn,
  isOtherwiseNow,
  toldFirst,
  toldFurther,
  toldOver,
} from '../../../../topology/feedback/told-episodes.js';
import { Verdicts } from '../../../../topology/feedback/verdicts.js';

const START = Date.UTC(2026, 5, 1, 12);

const ALERT: Alert = {
  ...{ id: `web/203.0.113.7/abusive-client@${START}`, time: START + 20_000, source_kind: 'web', entity: '203.0.113.7' },
  ...{ scope: 'client/203.0.113.7', detector: 'abusive-client', state: 'opened', severity: 'warning', value: 15 },
  ...{ expected_low: null, expected_high: 10, window_start: START, window_end: START + 20_000 },
  ...{ explanation: '', fields: ['client_ip'] },
};

const UP_TO_20: Feedback = {
  ...{ id: 'a', incident: 'i', verdict: 'fine', by: 'anna', note: null, said: 1, from: 0, until: null, daily: null },
  entities: 'same',
  limits: [
    {
      ...{ source_kind: 'web', detector: 'abusive-client', entity: '203.0.113.7', signal: 'client_ip' },
      ...{ direction: 'high', severity: 'warning', value: 20, longest_ms: null, words: '' },
    },
  ],
};

const episode = (): GoingOn => ({ alert: ALERT, lastOver: START + 20_000, peak: 15 });
const nothing = new Verdicts({ current: () => [] });
const fine = new Verdicts({ current: () => [UP_TO_20] });

it('a client that asks no more than was fine is not told, and is recorded with why', () => {
  const goingOn = episode();
  const first = toldFirst(goingOn, fine);
  expect(first.alerts).toEqual([]);
  expect(first.episode).toMatchObject({ state: 'open', quiet: { feedback: 'a' }, peaks: [{ value: 15 }] });
  expect(toldOver(goingOn, { ...ALERT, state: 'resolved' })).toMatchObject({ alerts: [], episode: { state: 'over' } });
});

it('it is told as a new alert as soon as it asks more', () => {
  const goingOn = episode();
  toldFirst(goingOn, fine);
  const later = { ...goingOn, peak: 21, lastOver: START + 60_000 };
  expect(isOtherwiseNow(goingOn, fine)).toBe(false);
  expect(isOtherwiseNow(later, fine)).toBe(true);
  expect(toldFurther(later, fine).alerts).toMatchObject([
    { id: `web/203.0.113.7/abusive-client@${START + 60_000}`, state: 'opened', time: START + 60_000 },
  ]);
  expect(toldOver(later, { ...later.alert, state: 'resolved' }).alerts).toMatchObject([{ state: 'resolved' }]);
});

it('an alert that is open ends when people say that it was fine, and is told again when that is taken back', () => {
  const goingOn = episode();
  expect(toldFirst(goingOn, nothing).alerts).toEqual([ALERT]);
  expect(isOtherwiseNow(goingOn, fine)).toBe(true);
  expect(toldFurther(goingOn, fine).alerts).toMatchObject([{ id: ALERT.id, state: 'resolved' }]);
  expect(toldFurther({ ...goingOn, lastOver: START + 90_000 }, nothing).alerts).toMatchObject([{ state: 'opened' }]);
});
