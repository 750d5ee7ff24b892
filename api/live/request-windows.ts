import type { Traffic, WebStatistics } from '../../schemas/records.js';

/** The requests of all hosts in a window. */
export interface RequestWindow {
  readonly window_start: number;
  readonly window_end: number;
  readonly requests: number;
  readonly errors_5xx: number;
  readonly bytes: number | null;
  readonly p95_response_time: number | null;
}

const ALL_HOSTS = '*';

/**
 * What is known of all requests: by the few seconds of `traffic` as far as those are kept, and by the minutes of web statistics
 * before. No request is in two of them.
 */
export function requestWindows(traffic: Iterable<Traffic>, statistics: Iterable<WebStatistics>): RequestWindow[] {
  const windows: RequestWindow[] = [];
  let earliest = Number.POSITIVE_INFINITY;
  for (const { bytes, host, p95_response_time, requests, status_5xx, window_end, window_start } of traffic) {
    if (host !== ALL_HOSTS) continue;
    earliest = Math.min(earliest, window_start);
    windows.push({ window_start, window_end, requests, errors_5xx: status_5xx, bytes, p95_response_time });
  }
  for (const { bytes, host, p95_response_time, request_count, server_errors, window_end, window_start } of statistics) {
    if (host !== ALL_HOSTS || window_end > earliest) continue;
    const counts = { requests: request_count, errors_5xx: server_errors, bytes, p95_response_time };
    windows.push({ window_start, window_end, ...counts });
  }
  return windows;
}
