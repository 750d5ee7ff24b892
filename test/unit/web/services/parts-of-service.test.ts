import { expect, test } from 'vitest';
import type { Alert } from '../../../../web/api/client.js';
import { hasAlert, partsOf, spreadInWords } from '../../../../web/pages/services/parts-of-service.js';

const ALL = [
  {
    field: 'source',
    values: [
      { value: 'auth-1', count: 200 },
      { value: 'auth-17', count: 100 },
    ],
  },
];
const FAILING = [{ field: 'source', values: [{ value: 'auth-17', count: 32 }] }];

const ALERT: Alert = {
  ...{ id: 'alert/1', source_kind: 'service', scope: 'service/auth', entity: 'auth auth-17', time: 5_000 },
  ...{ detector: 'unlike-its-peers', severity: 'critical', value: 0.32, expected_low: null, expected_high: 0.1 },
  ...{ window_start: 0, window_end: 5_000, fields: ['level'], explanation: 'x', state: 'opened' },
};

test('each part of a service has its lines and how many of them are errors, none where none is counted', () => {
  expect(partsOf('source', ALL, FAILING)).toEqual([
    { value: 'auth-1', lines: 200, errors: 0 },
    { value: 'auth-17', lines: 100, errors: 32 },
  ]);
  expect(partsOf('endpoint', ALL, FAILING)).toEqual([]);
});

test('how far instances lie apart is said, and which of them an alert is open for', () => {
  const parts = partsOf('source', ALL, FAILING);
  expect(spreadInWords(parts, [])).toBe('2 have 0 to 32 % errors.');
  expect(spreadInWords(parts, [ALERT])).toBe('2 have 0 to 32 % errors. An alert is open for auth-17.');
});

test('an alert of one instance is none of another whose name begins alike, nor is one that is over', () => {
  const [auth1, auth17] = partsOf('source', ALL, FAILING);
  expect(auth1 && hasAlert(auth1, [ALERT])).toBe(false);
  expect(auth17 && hasAlert(auth17, [ALERT])).toBe(true);
  expect(auth17 && hasAlert(auth17, [ALERT, { ...ALERT, state: 'resolved' }])).toBe(false);
});
