import { expect, test } from 'vitest';
import { labelsWithin } from '../../../../web/charts/time-axis.js';

const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 10, 27, 18, 40);

/** Of half an hour that begins at 18:40. */
const placeIn = (widthPx: number) => (time: number) => ((time - START) / (30 * MINUTE_MS)) * widthPx;

test('a time at an end of the axis, where it would be cut or touch a figure, is left out', () => {
  const times = [0, 10, 20, 29, 30].map((minute) => START + minute * MINUTE_MS);
  expect(labelsWithin(times, 30 * MINUTE_MS, 300, placeIn(300))).toEqual(['', '18:50', '19:00', '', '']);
  expect(labelsWithin(times, 30 * MINUTE_MS, 900, placeIn(900))).toEqual(['', '18:50', '19:00', '19:09', '']);
});
