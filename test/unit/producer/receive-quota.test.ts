import { expect, it } from 'vitest';
import { ReceiveQuota } from '../../../producer/network/over-http/quota.js';

function quotaOf(limits: { readonly bytes?: number; readonly lines?: number }) {
  const clock = { ms: 0 };
  return { clock, quota: new ReceiveQuota(limits, () => clock.ms) };
}

it('lets a second’s worth through at once, and more when it is made up for', () => {
  const { clock, quota } = quotaOf({ lines: 100 });
  quota.require();
  quota.spendLines(100);
  expect(() => quota.require()).toThrow('More than 100 lines a second have come; go on in 1 s.');
  clock.ms = 10;
  quota.require();
});

it('takes a body of any size whole, and says how long that takes to make up for', () => {
  const { clock, quota } = quotaOf({ bytes: 1000 });
  quota.require();
  quota.spendBytes(31_000);
  const refusal = { status: 429, code: 'over-quota', retryAfterSeconds: 30 };
  expect(() => quota.require()).toThrow(expect.objectContaining(refusal));
  clock.ms = 29_999;
  expect(() => quota.require()).toThrow(expect.objectContaining({ ...refusal, retryAfterSeconds: 1 }));
  clock.ms = 30_001;
  quota.require();
});

it('lets through, on average, no more than is allowed, however it comes', () => {
  const { clock, quota } = quotaOf({ bytes: 5000, lines: 50 });
  let [bytes, lines] = [0, 0];
  for (clock.ms = 0; clock.ms < 600_000; clock.ms += 7) {
    try {
      quota.require();
    } catch {
      continue;
    }
    const body = { bytes: 1 + ((clock.ms * 31) % 4000), lines: 1 + (clock.ms % 90) };
    quota.spendBytes(body.bytes);
    quota.spendLines(body.lines);
    bytes += body.bytes;
    lines += body.lines;
  }
  // Of 600 s, one more that the buckets held at first, and the last body.
  expect(bytes).toBeLessThanOrEqual(5000 * 601 + 4000);
  expect(lines).toBeLessThanOrEqual(50 * 601 + 90);
  expect(Math.max(bytes / (5000 * 600), lines / (50 * 600))).toBeGreaterThan(0.95);
});

it('holds nobody up without limits', () => {
  const { quota } = quotaOf({});
  quota.spendBytes(1e12);
  quota.spendLines(1e12);
  quota.require();
});
