import { expect, test } from 'vitest';
import type { IncidentDetail } from '../../../../web/api/client.js';
import { markdownOf, textOf } from '../../../../web/pages/incidents/incident-text.js';

const OPENED = Date.UTC(2026, 10, 27, 14, 25, 10);
const URL = 'http://127.0.0.1:4000/incidents/service%2Fpayment-service%401795789510000';

const INCIDENT: IncidentDetail = {
  ...{ id: 'service/payment-service@1795789510000', source_kind: 'service', scope: 'service/payment-service' },
  ...{ state: 'ongoing', severity: 'critical', opened: OPENED, updated: OPENED + 400_000, resolved: null, alerts: 1 },
  ...{ detectors: ['SLOW_RESPONSE'], entities: ['payment-service'], fine_until: null },
  ...{ acknowledged: true, silenced: false, was_fine: false, failing_lines: 4_799 },
  summary: 'payment-service: 213 responses took 323 ms typically, where 97 is the most.',
  alerts_list: [
    {
      ...{ id: '1', time: OPENED, source_kind: 'service', entity: 'payment-service', scope: 'service/payment-service' },
      ...{ detector: 'SLOW_RESPONSE', state: 'opened', severity: 'critical', value: 323, fields: ['response_time'] },
      ...{ expected_low: null, expected_high: 97, window_start: OPENED - 5_000, window_end: OPENED, resolved: null },
      explanation: 'responses took 323 ms',
    },
  ],
  series: { service_health: [], web_statistics: [], sensor_scores: [] },
  fields: {
    ...{ selected: 4_799, compared_with: 20_225, alike: [] },
    stand_out: [
      { field: 'message', value: 'no `lock` [1]', share: 0.804, share_before: 0.0041, lines: 3_858, g: 900, p: 0 },
    ],
  },
  lines: [
    {
      ...{ id: 'logs/1/7', time: OPENED + 921, kind: 'services', level: 'ERROR', status: 503 },
      message: 'upstream ``` timed out',
    },
  ],
  same_requests: [
    { service: 'database', message: 'could not acquire <*>', lines: 3_409, share: 0.71, share_of_others: 0.011 },
  ],
  together: { began: OPENED, first: null, others: [] },
  maintained: [],
  ...{ similar: [], actions: [], learned: [], deliveries: [] },
};

test('as text an incident has its title, since when, how bad, what stands out, lines and where it is', () => {
  expect(textOf(INCIDENT, URL, OPENED + 415_000)).toBe(`payment-service is slow

payment-service: 213 responses took 323 ms typically, where 97 is the most.

critical, ongoing since 2026-11-27 14:25:10 UTC, for 6 min 55 s, acknowledged

service/payment-service: 4,799 lines

Alerts:
- 14:25:10 SLOW_RESPONSE: responses took 323 ms

Fields that stand out (share of lines, in the hour before and now):
- message no \`lock\` [1]: 0.4 %, 80.4 %

In the same requests (share of lines, and of other requests):
- database could not acquire <*>: 71.0 %, 1.1 %

Lines:
14:25:10.921 ERROR 503 upstream \`\`\` timed out

${URL}`);
});

test('as Markdown the title is the link, and what was logged is code, also with backticks in it', () => {
  const text = markdownOf(INCIDENT, URL, OPENED + 415_000);
  expect(text).toContain(`# [payment-service is slow](${URL})`);
  expect(text).toContain('- message ``no `lock` [1]``: 0.4 %, 80.4 %');
  expect(text).toContain('- database `could not acquire <*>`: 71.0 %, 1.1 %');
  expect(text).toContain('````\n14:25:10.921 ERROR 503 upstream ``` timed out\n````');
});

test('one that is over says how long it took, and a part of which there is nothing is left out', () => {
  const over: IncidentDetail = { ...INCIDENT, state: 'resolved', resolved: OPENED + 60_000, lines: [] };
  const text = textOf({ ...over, same_requests: [] }, URL, OPENED + 999_000);
  expect(text).toContain('critical, since 2026-11-27 14:25:10 UTC, over after 1 min, acknowledged');
  expect(text).not.toContain('In the same requests');
  expect(text).not.toContain('Lines:');
});
