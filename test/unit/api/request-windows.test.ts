import { expect, test } from 'vitest';
import { requestWindows } from '../../../api/live/request-windows.js';
import type { Traffic, WebStatistics } from '../../../schemas/records.js';

const QUANTILES = { p50_response_time: 1, p95_response_time: 2, p99_response_time: 3 };

function trafficAt(window_start: number, host = '*'): Traffic {
  return {
    ...{ host, window_start, window_end: window_start + 5000, requests: 7, bytes: 70, clients: 2 },
    ...{ status_1xx: 0, status_2xx: 4, status_3xx: 0, status_4xx: 1, status_5xx: 2, ...QUANTILES },
  };
}

function minuteAt(window_start: number, host = '*'): WebStatistics {
  return {
    ...{ host, window_start, window_end: window_start + 60_000, request_count: 84, client_errors: 12 },
    ...{ server_errors: 24, error_rate: 0.4, bytes: null, is_anomaly: false, rules: [], ...QUANTILES },
    ...{ avg_response_time: 1, stddev_response_time: 1 },
  };
}

test('requests are told by the traffic of all hosts, and by minutes where that is no longer kept', () => {
  const traffic = [trafficAt(125_000), trafficAt(120_000), trafficAt(120_000, 'a.example')];
  const minutes = [minuteAt(120_000), minuteAt(60_000), minuteAt(60_000, 'a.example'), minuteAt(0)];
  const windows = requestWindows(traffic, minutes);
  expect(windows.map(({ window_start }) => window_start)).toEqual([125_000, 120_000, 60_000, 0]);
  expect(windows.map(({ requests }) => requests)).toEqual([7, 7, 84, 84]);
  expect(windows.map(({ errors_5xx }) => errors_5xx)).toEqual([2, 2, 24, 24]);
});

test('without traffic, requests are told by minutes', () => {
  expect(requestWindows([], [minuteAt(0)])).toMatchObject([{ window_start: 0, window_end: 60_000, requests: 84 }]);
});
