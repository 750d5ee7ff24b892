import { jsonSerde } from '@millrace/streams';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { ErrorBursts } from '../../../../app/results/error-bursts.js';
import { GoalResults } from '../../../../app/results/goal-results.js';
import { IncidentResults } from '../../../../app/results/incident-results.js';
import { type Snapshot, statusLine, statusLines } from '../../../../cli/terminal/status.js';
import { newWriterMetrics } from '../../../../producer/raw-topic-writer.js';
import type { Incident } from '../../../../schemas/records.js';

const TIME = Date.UTC(2026, 0, 31, 10, 5);
const HOSTILE = '\x1b[2J\u202e\u200b\n\x9b';

function goal(number: 1 | 2 | 3 | 4): GoalResults {
  return new GoalResults(number, `goal${number}-topic`, jsonSerde());
}

function incident(id: string, severity: Incident['severity'], summary: string): Incident {
  return {
    ...{ id, severity, summary, source_kind: 'web', scope: 's', state: 'opened' as const, opened: TIME, updated: TIME },
    ...{ resolved: null, alerts: 1, detectors: [], entities: [] },
  };
}

function snapshot(clients: readonly (readonly [string, number])[]): Snapshot {
  const goals = [goal(1), goal(2), goal(3), goal(4)];
  for (const [client_ip, count] of clients) goals[0]?.add({ client_ip, window_start: TIME, count });
  goals[2]?.add({ country: 'CH', window_start: TIME, count: 12_345 });
  goals[3]?.add({ host: `host-${'x'.repeat(200)}.example`, window_start: TIME, count: 1, avg_request_time: 0.25 });
  const incidents = new IncidentResults('incidents', jsonSerde());
  incidents.add(incident('a', 'warning', '日本語'.repeat(60)));
  incidents.add(incident('b', 'critical', `${HOSTILE}38 % of 60 requests failed`));
  const serverErrors = new ErrorBursts('server-errors-topic', jsonSerde());
  serverErrors.add({
    ...{ host: `host-${'x'.repeat(200)}.example`, window_start: TIME, window_end: TIME + 10_000 },
    ...{ count: 60, requests: 120, first_error: TIME + 500, last_error: TIME + 9000 },
  });
  const metrics = { deadLetters: 1, lateRecords: 1234, recordsConsumed: 5 };
  const writer = { ...newWriterMetrics(), events: 60_001 };
  return {
    ...{ seconds: 75, ratePerSecond: 1000, lag: 7, standbys: [], metrics, writer },
    feeds: true,
    results: { goals, serverErrors, incidents },
  };
}

function drawn(of: Snapshot, columns: number): string[] {
  return statusLines(of, columns).map(String);
}

describe('the status on a terminal', () => {
  it.each([200, 120, 100, 80, 60, 40, 20])('has no line wider than %d columns', (columns) => {
    const clients = [['2001:db8:1111:2222:3333:4444:5555:6666', 1_234_567]] as const;
    for (const line of drawn(snapshot(clients), columns)) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  });

  it('shows who is worst, not who came last', () => {
    const [, line] = drawn(
      snapshot([
        ['192.0.2.1', 11],
        ['192.0.2.2', 40],
        ['192.0.2.3', 12],
      ]),
      120,
    );
    expect(line).toMatch(/abusive clients .* 3 {2}192\.0\.2\.2 40 requests from 2026-01-31T10:05:00Z/);
  });

  it('keeps the figures where the entity must be cut off', () => {
    const lines = drawn(snapshot([['2001:db8:1111:2222:3333:4444:5555:6666', 40]]), 50);
    expect(lines.find((line) => line.includes('abusive clients'))).toMatch(/2001:[0-9a-f:]*… 40$/);
    expect(lines.find((line) => line.includes('request times'))).toMatch(/host-x*… 0\.250 s$/);
  });

  it('names what it counts in the singular and the plural, and the gravest incident first', () => {
    const lines = drawn(snapshot([['192.0.2.1', 11]]), 120);
    expect(lines[0]).toContain('60,001 events');
    expect(lines[0]).toMatch(/ 1 dead letter$/);
    const order = lines
      .filter((line) => /critical|warning/.test(line))
      .map((line) => /critical|warning/.exec(line)?.[0]);
    expect(order).toEqual(['critical', 'warning']);
  });
});

it('the status escapes what hosts, clients and incidents bring, on a terminal and off it', () => {
  const of = snapshot([[`${HOSTILE}203.0.113.5`, 20]]);
  for (const line of [...statusLines(of, 300), statusLine(of)]) {
    // Where there are colours, they are the program's own.
    const text = `${line}`.replaceAll(/\p{Cc}\[\d\d?m/gu, '');
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
  expect(drawn(of, 300).join('\n')).toContain('\\x1b[2J\\u202e\\u200b\\x0a\\x9b203.0.113.5 20 requests');
});
