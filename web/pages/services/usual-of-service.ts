import type { Schemas } from '../../api/client.js';
import type { Usual } from '../../charts/usual.js';

type Windows = readonly Schemas['ServiceHealth'][];

/** Lines a second, by the windows' ranges of how many there are in each. */
export function usualLines(series: Windows): Usual {
  const perSecond = (count: number | null | undefined, { window_end: end, window_start: start }: Windows[number]) =>
    count == null ? null : (count * 1000) / (end - start);
  return {
    low: series.map((window) => perSecond(window.expected_count_low, window)),
    high: series.map((window) => perSecond(window.expected_count_high, window)),
  };
}

export function usualErrors(series: Windows): Usual {
  return {
    low: series.map(() => null),
    high: series.map(({ expected_error_rate_high: high }) => high ?? null),
  };
}

/** Of the typical time, which is the geometric mean. */
export function usualTimes(series: Windows): Usual {
  return {
    low: series.map(({ expected_response_time_low: low }) => low ?? null),
    high: series.map(({ expected_response_time_high: high }) => high ?? null),
  };
}
