import type { Traffic, WebStatistics } from '../../schemas/records.js';

/** Of each host the sum of its windows, in the shape of a minute; what does not add up is null. */
export function summed(traffic: Iterable<Traffic>): WebStatistics[] {
  const byHost = new Map<string, Map<number, Traffic>>();
  for (const window of traffic) {
    const windows = byHost.get(window.host) ?? new Map<number, Traffic>();
    byHost.set(window.host, windows);
    // The newest of a window comes first.
    if (!windows.has(window.window_start)) windows.set(window.window_start, window);
  }
  return [...byHost].map(([host, windows]) => sumOf(host, [...windows.values()]));
}

function sumOf(host: string, windows: readonly Traffic[]): WebStatistics {
  const sum = (of: (window: Traffic) => number) => windows.reduce((total, window) => total + of(window), 0);
  const requests = sum((window) => window.requests);
  const clientErrors = sum(({ status_4xx }) => status_4xx);
  const serverErrors = sum(({ status_5xx }) => status_5xx);
  const isSized = windows.some(({ bytes }) => bytes !== null);
  return {
    host,
    window_start: Math.min(...windows.map(({ window_start }) => window_start)),
    window_end: Math.max(...windows.map(({ window_end }) => window_end)),
    request_count: requests,
    avg_response_time: null,
    stddev_response_time: null,
    p50_response_time: null,
    p95_response_time: null,
    p99_response_time: null,
    client_errors: clientErrors,
    server_errors: serverErrors,
    error_rate: requests === 0 ? 0 : (clientErrors + serverErrors) / requests,
    bytes: isSized ? sum(({ bytes }) => bytes ?? 0) : null,
    is_anomaly: false,
    rules: [],
  };
}
