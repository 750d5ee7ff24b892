import { expect, test } from 'vitest';
import { usualInWords } from '../../../../web/pages/incidents/signals.js';
import { number, percent } from '../../../../web/parts/wording.js';

const errors = { format: (value: number) => percent(value), unit: '%', isLimit: false, usualOf: undefined };
const times = { format: number, unit: 'ms', isLimit: false, usualOf: 'typical time' };

test('what is usual is said with its unit, once', () => {
  expect(usualInWords({ ...errors, usual: { low: null, high: 0.036 } })).toBe('usual ≤ 3.6 %');
  expect(usualInWords({ ...errors, usual: { low: 0.01, high: 0.036 } })).toBe('usual 1.0 to 3.6 %');
});

test('a range of another measure than the line says of which', () => {
  expect(usualInWords({ ...times, usual: { low: 68.4, high: 350.2 } })).toBe('typical time usually 68 to 350 ms');
  expect(usualInWords({ ...times, usual: { low: null, high: 350.2 } })).toBe('typical time usually ≤ 350 ms');
});

test('a limit that was set is not called usual', () => {
  const heat = { format: number, unit: '°C', isLimit: true, usualOf: undefined };
  expect(usualInWords({ ...heat, usual: { low: null, high: 40 } })).toBe('limit 40 °C');
});

test('nothing is said of what is not known', () => {
  expect(usualInWords({ ...times, usual: undefined })).toBe('');
  expect(usualInWords({ ...times, usual: { low: null, high: null } })).toBe('');
});
