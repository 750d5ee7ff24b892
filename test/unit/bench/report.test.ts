import { describe, expect, it } from 'vitest';
import { jsonReport, type Run, tableReport } from '../../../bench/peers/report.js';

const nothing = { records: 0, bytes: 0 };

function run(peer: string, round: number, seconds: number): Run {
  return {
    peer,
    setup: 'all four',
    round,
    figures: {
      seconds,
      processingSeconds: seconds - 1,
      cpuSeconds: 2 * seconds,
      brokerCpuSeconds: 1,
      peakBytes: 300e6,
      filesBytes: 0,
      changelog: { records: 7, bytes: 2e6 },
      repartition: nothing,
      results: nothing,
    },
    goals: { goal1: { expected: 4, missing: 1, different: 0, unexpected: 0, records: 3 } },
  };
}

describe('the report of the peers', () => {
  it('gives median and range over the rounds of each setup', () => {
    const runs = [run('one', 1, 5), run('other', 1, 10), run('other', 2, 10), run('one', 2, 4), run('one', 3, 2)];

    const { setups } = JSON.parse(jsonReport(runs, 1000, {}));

    expect(setups).toHaveLength(2);
    expect(setups[0]).toMatchObject({
      peer: 'one',
      rounds: 3,
      eventsPerSecond: { median: 250, least: 200, most: 500 },
      processingEventsPerSecond: { median: 1000 / 3, least: 250, most: 1000 },
      cpuSeconds: { median: 8, least: 4, most: 10 },
      lostPercent: { median: 25, least: 25, most: 25 },
    });
  });

  it('takes the mean of the middle two of an even number of rounds', () => {
    const { setups } = JSON.parse(jsonReport([run('one', 1, 2), run('one', 2, 4)], 1000, {}));

    expect(setups[0].eventsPerSecond.median).toBe(375);
  });

  it('shows what differs between rounds with its range, and what was lost', () => {
    const table = tableReport([run('one', 1, 5), run('one', 2, 4), run('one', 3, 2)], 1000);

    expect(table).toContain('200-500');
    expect(table).toContain('25.0 %');
  });
});
