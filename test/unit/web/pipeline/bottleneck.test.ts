import { expect, it } from 'vitest';
import { bottleneckOf } from '../../../../web/pages/pipeline/bottleneck.js';
import { type History, ratesOf, withStatus } from '../../../../web/pages/pipeline/rates.js';
import { statusOf } from '../../../../web/pages/pipeline/status.js';

const NOW = Date.UTC(2026, 10, 27, 14, 32, 5);

interface Told {
  readonly end?: number;
  readonly position?: number;
  readonly lagMs?: number;
  readonly holdsBack?: boolean;
  readonly state?: string;
  readonly restore?: { done: number; total: number };
  readonly counted?: number;
  readonly waits?: boolean;
}

const told = (at: number, one: Told) =>
  statusOf({
    ...{ instance: 'a', application: 'app', time: at, started: NOW - 600_000, state: one.state ?? 'RUNNING' },
    nodes: { counts: { records_in: one.counted ?? 0, records_out: (one.counted ?? 0) * 20, skipped: 0, late: 0 } },
    partitions: [
      {
        ...{ topic: 'in', partition: 2, task: '0_2', end_offset: one.end ?? 0, position: one.position ?? 0 },
        ...{ lag_records: (one.end ?? 0) - (one.position ?? 0), lag_ms: one.lagMs ?? 0 },
        ...{ watermark: NOW - 65_000, holds_back: one.holdsBack ?? false, idle_since: null },
      },
    ],
    tasks: [{ task: '1_0', subtopology: '1', partition: 0, watermark: NOW, waits_for_upstream: one.waits ?? false }],
    ...(one.restore !== undefined && { restore: one.restore }),
    commits: { count: 10, ms: { sum: 100, buckets: [] } },
    totals: {},
  });

function history(before: Told, now: Told): History {
  return withStatus(withStatus(new Map(), told(NOW - 6_000, before)), told(NOW - 1_000, now));
}

const sentence = (before: Told, now: Told, at = NOW) => bottleneckOf(history(before, now), at).sentence;

it('rates are of the last seconds: what was counted between two statuses by the time between them', () => {
  const rates = ratesOf(
    history({ end: 1_000, position: 1_000, counted: 1_000 }, { end: 3_000, position: 2_500, counted: 2_500 }),
  );
  expect(rates.nodes?.get('counts')).toEqual({ recordsIn: 300, recordsOut: 6_000 });
  expect(rates.partitions.get('in/2')).toEqual({ written: 400, read: 300 });
});

it('an instance that began anew is not compared with what it was before', () => {
  const old = withStatus(new Map(), told(NOW - 6_000, { counted: 9_000 }));
  const anew = withStatus(old, { ...told(NOW - 1_000, { counted: 10 }), started: NOW - 2_000 });
  expect(ratesOf(anew).nodes).toBeUndefined();
});

it('nothing holds it up: the sentence says so, and what has the most to do', () => {
  expect(sentence({}, { counted: 500 })).toBe(
    'Nothing holds it up, 0 s behind at most. counts has the most to do: 2,100 records a second in and out.',
  );
});

it('a partition that falls behind is named with what comes in and what is processed', () => {
  const found = bottleneckOf(
    history({ end: 0, position: 0 }, { end: 2_000, position: 1_500, lagMs: 1_700, counted: 1_500 }),
    NOW,
  );
  expect(found).toEqual({
    tone: 'warning',
    sentence:
      'in/2 is 1.7 s behind (500 records) and falls further behind: 400/s come in, 300/s are processed. counts has the most to do: 6,300/s.',
    node: 'in',
  });
});

it('one that catches up says when it will have', () => {
  expect(sentence({ end: 9_000, position: 1_000 }, { end: 10_000, position: 5_000, lagMs: 9_000 })).toBe(
    'in/2 is 9 s behind (5,000 records) and catches up in about 8 s: 200/s come in, 800/s are processed.',
  );
});

it('what holds stream time back is named with its newest record, also a task that waits for those before it', () => {
  expect(sentence({}, { holdsBack: true })).toBe(
    'in/2 holds stream time back: its newest record is of 14:31:00, and windows wait for it.',
  );
  expect(sentence({}, { waits: true })).toMatch(/^Task 1_0 waits for the tasks that feed it/);
});

it('an instance that restores, is in another state, or has not spoken, is said before all else', () => {
  expect(sentence({}, { restore: { done: 250, total: 1_000 }, lagMs: 9_000 })).toBe(
    'a restores its stores: 25 % of 1,000 records.',
  );
  expect(sentence({}, { state: 'REBALANCING' })).toBe('a is rebalancing.');
  expect(sentence({}, {}, NOW + 23_000)).toBe(
    'No instance has said anything for 24 s. What you see is as of 14:32:04.',
  );
  expect(sentence({}, { state: 'NOT_RUNNING' }, NOW + 23_000)).toBe(
    'It does not run: the last instance ended at 14:32:04.',
  );
});
