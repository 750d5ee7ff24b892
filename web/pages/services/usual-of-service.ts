import type { Schemas } from '../../api/client.js';
import type { Usual } from '../../charts/usual.js';

type Windows = readonly Schemas['ServiceHealth'][];

export function usualCounts(series: Windows): Usual {
  return {
    low: series.map(({ expected_count_low: low }) => low ?? null),
    high: series.map(({ expected_count_high: high }) => high ?? null),
  };
}

/** Lines a second, by the windows' ranges of how many there are in each. */
export function usualLines(series: Windows): Usual {
  const { high, low } = usualCounts(series);
  const perSecond = (count: number | null, index: number) => {
    const window = series[index];
    return count === null || window === undefined ? null : (count * 1000) / (window.window_end - window.window_start);
  };
  return { low: low.map(perSecond), high: high.map(perSecond) };
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
