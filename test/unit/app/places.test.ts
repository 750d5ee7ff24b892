import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lastPlace, placeFor } from '../../../app/log/places.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-places-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

it('gives the directory itself to the first kind of input, and a place in it to the other', () => {
  expect(placeFor(directory, 'simulated')).toBe(directory);
  const own = placeFor(directory, 'own-logs');
  expect(own).toBe(join(directory, 'own-logs'));
  expect(placeFor(directory, 'own-logs')).toBe(own);
  expect(placeFor(directory, 'simulated')).toBe(directory);
});

it('finds the place that the last run used', () => {
  expect(lastPlace(directory)).toBe(directory);
  placeFor(directory, 'simulated');
  mkdirSync(placeFor(directory, 'own-logs'));
  expect(lastPlace(directory)).toBe(join(directory, 'own-logs'));
  placeFor(directory, 'simulated');
  expect(lastPlace(directory)).toBe(directory);
});
