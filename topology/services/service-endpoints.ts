import { toMilliseconds } from '@millrace/streams';
import { WARMUP } from '../../detection/chart.js';
import type { ApplicationConfig } from '../application-config.js';
import { Budgets } from '../budgets.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { following, type Limits, type LimitsSource, withLimits } from '../live-limits.js';
import { detectionOf, type Limit } from '../monitoring/limits.js';
import { Monitor } from '../monitoring/monitor.js';
import { percent, short } from '../monitoring/numbers-in-words.js';
import type { Detection } from '../monitoring/signals.js';
import { currentJudge } from '../monitoring/window-monitor.js';
import type { TopicSerdes } from '../serdes.js';
import { type LineStatistics, lineStatisticsSerde, OF_LINES } from './line-statistics.js';
import { type Lines, partOfService, scopeOfPart } from './service-lines.js';
import { monitorLines } from './service-monitor.js';
import { countSignal, levelSignal, rateSignal, typicalTimes } from './service-signals.js';

const WEEK_MS = 7 * 86_400_000;
/** Alternatives of the charts of an endpoint, and endpoints of a service that share its budget of false alarms. */
const CHARTS = 8;
const ENDPOINTS = 20;

type Settings = ApplicationConfig['services']['endpoints'];

/** What is unusual of each endpoint of a service, every minute. */
export function serviceEndpoints(
  lines: Lines,
  config: ApplicationConfig,
  serdes: TopicSerdes<'alerts'>,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  const monitorOf = (now: Limits) => {
    const { endpoints } = withLimits(config, now).services;
    const ofBudget = new Budgets(now.budgets, now.falseAlarmsPerWeek).each((perWeek) => detections(endpoints, perWeek));
    return new Monitor('service', ofBudget, verdicts);
  };
  monitorLines(
    lines.filter((_key, { endpoint }) => endpoint !== null, { name: 'lines-of-endpoints' }),
    {
      windows: 'endpoints',
      monitor: 'endpoint-monitor',
      size: config.services.endpoints.size,
      entity: ({ endpoint, service }) => partOfService(service, endpoint),
      aggregator: OF_LINES,
      serde: lineStatisticsSerde,
      judge: currentJudge(following(limits, monitorOf)),
      scope: scopeOfPart,
      watchesClock: false,
    },
    config,
    serdes,
  );
}

/** A limit where one is set; by default what the endpoint's own past makes likely. */
function detections(endpoints: Settings, falseAlarmsPerWeek: number): Detection<LineStatistics>[] {
  const { errorRate, leastRequests, requests, responseTime, size } = endpoints;
  const windows = WEEK_MS / toMilliseconds(size, 'the size of a window') / falseAlarmsPerWeek;
  const budget = { windows, charts: CHARTS * ENDPOINTS };
  const learned = { leastWindows: 1, budget } as const;
  const episodes = { closeAfter: 1 };
  const explainTime = (time: number, { count }: { count: number }) =>
    `${short(count)} responses took ${short(time)} ms typically`;
  return [
    requests === undefined
      ? {
          name: 'TRAFFIC_SPIKE',
          signals: [
            rateSignal({
              ...{ chart: 'requests', field: 'endpoint', severity: 'warning', events: 'requests', ...learned },
              ...{ count: ({ count }) => count, factors: [8, 30], judgedAfter: WARMUP },
            }),
          ],
          episodes,
        }
      : detectionOf<LineStatistics>({
          ...{ name: 'TRAFFIC_SPIKE', limit: requests, closeAfter: 1, severity: 'warning', field: 'endpoint' },
          value: ({ count }) => count,
          explain: (count) => `${short(count)} requests`,
        } satisfies Limit<LineStatistics>),
    errorRate === undefined
      ? {
          name: 'HIGH_ERROR_RATE',
          signals: [
            countSignal({
              ...{ chart: 'errors', field: 'status', severity: 'critical', words: 'failed', events: 'requests' },
              tally: ({ count, failures }) => ({ count, failures }),
              options: { ...learned, odds: [4, 20], leastFailures: 5, leastShare: 0.05, memory: 240 },
            }),
          ],
          episodes,
        }
      : detectionOf<LineStatistics>({
          ...{ name: 'HIGH_ERROR_RATE', limit: errorRate, closeAfter: 1, severity: 'critical', field: 'status' },
          value: ({ failed, responses }) => (responses < leastRequests ? undefined : failed / responses),
          write: percent,
          explain: (rate, { responses }) => `${percent(rate)} of ${short(responses)} responses are errors`,
        }),
    responseTime === undefined
      ? {
          name: 'SLOW_RESPONSE',
          signals: [
            levelSignal({
              ...{ chart: 'response_time', field: 'response_time', severity: 'warning', sample: typicalTimes },
              ...{ factors: [2.5, 8], memory: 120, explain: explainTime, ...learned },
            }),
          ],
          episodes,
        }
      : detectionOf<LineStatistics>({
          ...{ name: 'SLOW_RESPONSE', limit: responseTime, closeAfter: 1, severity: 'warning', field: 'response_time' },
          value: ({ times }) => (times.count < leastRequests ? undefined : (times.mean ?? undefined)),
          explain: (mean, { times }) => `${short(times.count)} responses took ${short(mean)} ms on average`,
        }),
  ];
}
