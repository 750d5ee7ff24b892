import { jsonSerde, newMetrics } from '@millrace/streams';
import { describe, expect, it } from 'vitest';
import { GoalResults } from '../../../../app/results/goal-results.js';
import { IncidentResults } from '../../../../app/results/incident-results.js';
import { type Run, summary } from '../../../../cli/terminal/summary.js';
import { newWriterMetrics } from '../../../../producer/raw-topic-writer.js';
import type { Incident } from '../../../../schemas/records.js';
import { DEFAULT_APPLICATION_CONFIG } from '../../../../topology/application-config.js';
import { heapUsed } from '../../../heap-used.js';

function run(change: Partial<Run> = {}): Run {
  return {
    ...{ metrics: newMetrics(), writer: newWriterMetrics(), feeds: true, seconds: 1, graceMs: 5000 },
    ...{ topics: DEFAULT_APPLICATION_CONFIG.topics, consume: 'millrace consume' },
    results: { goals: [new GoalResults(1, 'goal1-topic', jsonSerde())], serverErrors: undefined, incidents: undefined },
    ...change,
  };
}

function late(graceNeededMs: number): Run {
  const goal1 = { records: 3, dropped: 1, maxLatenessMs: graceNeededMs, graceNeededMs };
  return run({ metrics: { ...newMetrics(), lateRecords: 3, late: { goal1 } } });
}

describe('the advice about what came too late', () => {
  it.each([
    [19_001, '--grace 20s counts them'],
    [20_000, '--grace 20s counts them'],
    [61_500, '--grace 62s counts them'],
    [150_000, '--grace 3m counts them'],
    [3_600_000, '--grace 60m counts them'],
  ])('for %d ms is a grace period that can be given as it stands', (neededMs, advice) => {
    expect(`${summary(late(neededMs))}`).toContain(advice);
  });

  it.each([3_600_001, 544 * 86_400_000, 1000])(
    'for %d ms, which no grace period is for, is another directory',
    (neededMs) => {
      const text = `${summary(late(neededMs))}`;
      expect(text).toContain(
        'older than what this data directory already holds: a run with another --data-dir counts them',
      );
      expect(text).not.toContain('--grace');
    },
  );
});

it('a summary counts in the singular and the plural, and says none of what there is none of', () => {
  const goal = new GoalResults(1, 'goal1-topic', jsonSerde());
  expect(`${summary(run())}`).toContain('goal 1, abusive clients: none');
  goal.add({ client_ip: '203.0.113.5', window_start: 0, count: 20 });
  const results = { goals: [goal], serverErrors: undefined, incidents: undefined };
  const text = `${summary(run({ results, writer: { ...newWriterMetrics(), events: 1 } }))}`;
  expect(text).toContain('1 event in 1.0 s (1/s)');
  expect(text).toContain('goal 1, abusive clients: 1 result for 1 client\n    203.0.113.5 20 requests from 1970-01-01');
  expect(text).toContain('to see more: millrace consume goal1-topic --from-beginning');
});

it('a summary tells how many requests there were, which a count asks for, and what else', () => {
  const writer = { ...newWriterMetrics(), events: 857, serviceLines: 325, readings: 32 };
  expect(`${summary(run({ writer }))}`).toContain(
    '857 events (500 requests, 325 lines of services, 32 sensor readings) in 1.0 s',
  );
});

it('a summary of lines among which no request is says nothing of goals', () => {
  const writer = { ...newWriterMetrics(), events: 7, serviceLines: 3, readings: 4 };
  expect(`${summary(run({ writer }))}`).not.toContain('goal');
  expect(`${summary(run({ writer: { ...writer, events: 8 } }))}`).toContain('goal 1, abusive clients: none');
});

it('results of a million clients are kept in the memory of ten thousand, and the worst are right', () => {
  const goal = new GoalResults(1, 'goal1-topic', jsonSerde());
  const before = heapUsed();
  for (let client = 0; client < 1_000_000; client++) {
    // 7919 is coprime to the number of clients: each has a rank of its own.
    goal.add({ client_ip: `client ${client}`, window_start: 0, count: (client * 7919) % 1_000_000 });
  }
  const grownMiB = (heapUsed() - before) / 2 ** 20;
  expect(goal.top(3).map(({ count }) => count)).toEqual([999_999, 999_998, 999_997]);
  expect(goal.keys).toEqual({ count: 10_000, isMore: true });
  // 1,000,000 entries take about 200 MiB.
  expect(grownMiB).toBeLessThan(20);
});

it('incidents that are over are forgotten first, and still counted', () => {
  const incidents = new IncidentResults('incidents', jsonSerde(), 10);
  for (let id = 0; id < 25; id++) {
    const state = id === 0 ? 'opened' : 'resolved';
    const incident = { id: String(id), state, severity: 'warning', opened: id, updated: id, summary: 'x' };
    incidents.add(incident as unknown as Incident);
  }
  expect(incidents.count).toBe(25);
  expect(incidents.open.map(({ id }) => id)).toEqual(['0']);
  expect(incidents.gravest(2).map(({ id }) => id)).toEqual(['24', '23']);
});
