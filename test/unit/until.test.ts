import { expect, it } from 'vitest';
import { until } from '../until.js';

it('a wait takes as long as something moves', async () => {
  let count = 0;
  const waited = until(() => ++count === 12 && 'done', { progress: () => Math.floor(count / 2), patienceMs: 150 });
  expect(await waited).toBe('done');
});

it('a wait fails when nothing has moved for a while, and says what was reached', async () => {
  let count = 0;
  const waited = until(() => undefined, { progress: () => Math.min(++count, 3), patienceMs: 150 });
  await expect(waited).rejects.toThrow('nothing has moved for 0.15 s; it has come to 3');
  expect(count).toBeLessThan(10);
});

it('a read of progress that fails is none', async () => {
  const progress = (): never => {
    throw new Error('away');
  };
  await expect(until(() => false, { progress, patienceMs: 100 })).rejects.toThrow('nothing has moved');
});
