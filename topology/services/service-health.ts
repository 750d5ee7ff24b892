import { stringSerde, toMilliseconds } from '@millrace/streams';
import type { LocalTime } from '../../detection/local-time.js';
import { rateSpike } from '../../detection/rate-spike.js';
import { MISSED, silence } from '../../detection/silence.js';
import { usualDay } from '../../detection/usual-day.js';
import { zScore } from '../../detection/z-score.js';
import type { ServiceHealth } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { Budgets } from '../budgets.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { following, type Limits, type LimitsSource } from '../live-limits.js';
import { type Judgement, Monitor } from '../monitoring/monitor.js';
import { percent, short } from '../monitoring/numbers-in-words.js';
import type { Detection, Expectation } from '../monitoring/signals.js';
import { currentJudge, type JudgedWindow } from '../monitoring/window-monitor.js';
import type { TopicSerdes } from '../serdes.js';
import { type LineStatistics, lineStatisticsSerde, OF_LINES, secondsIn } from './line-statistics.js';
import { type Lines, scopeOfService } from './service-lines.js';
import { type ModelSource, predictionOf } from './service-model.js';
import { CLOSE_AFTER, monitorLines } from './service-monitor.js';
import { countSignal, levelSignal, rateSignal, slowSignal, typicalBytes, typicalTimes } from './service-signals.js';

const MS_PER_SECOND = 1000;
const WEEK_MS = 7 * 86_400_000;
/** What fewer lines have in common says little: shares are of so many at least, typical times are not judged. */
const MIN_LINES = 5;
/** Under which a service's state has what is forecast of it. */
export const USUAL_DAY = 'usual-day';
/** However many false alarms are allowed, fewer lines are not missed. */
const MIN_MISSED = 8;
/** Evidence of a service is looked for in so many ways: alternatives of all its charts. */
const CHARTS = 20;
/** Windows over which typical times and sizes are means: an hour, so that what creeps is seen. */
const TIME_MEMORY = 720;

/** How each service does, every few seconds; and what is unusual about it. */
export function serviceHealth(
  lines: Lines,
  config: ApplicationConfig,
  serdes: TopicSerdes<'serviceHealth' | 'mlPredictions' | 'alerts'>,
  models: ModelSource,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  const { detectors, services, topics, watchesClock } = config;
  const monitorOf = ({ budgets, falseAlarmsPerWeek }: Limits) => {
    const ofBudget = new Budgets(budgets, falseAlarmsPerWeek).each((perWeek) =>
      serviceDetections(detectors, services, perWeek, verdicts.calendar.localTime),
    );
    return new Monitor('service', ofBudget, verdicts);
  };
  const judged = monitorLines(
    lines,
    {
      windows: 'services',
      monitor: 'service-monitor',
      size: services.size,
      entity: ({ service }) => service,
      aggregator: OF_LINES,
      serde: lineStatisticsSerde,
      judge: currentJudge(following(limits, monitorOf)),
      scope: scopeOfService,
      watchesClock,
    },
    config,
    serdes,
  );
  const health = judged.map((service, window) => [`${service}@${window.start}`, healthOf(window)], {
    name: 'service-health',
  });
  health.to(topics.serviceHealth, { name: 'send-service-health', key: stringSerde, value: serdes.serviceHealth });
  health
    .flatMapValues(
      (window) => {
        const model = models.current();
        const prediction = model === undefined ? undefined : predictionOf(model, window);
        return prediction === undefined ? [] : [prediction];
      },
      { name: 'predictions' },
    )
    .to(topics.mlPredictions, { name: 'send-predictions', key: stringSerde, value: serdes.mlPredictions });
}

function serviceDetections(
  families: ApplicationConfig['detectors'],
  { size }: ApplicationConfig['services'],
  falseAlarmsPerWeek: number,
  localTime: LocalTime,
): readonly Detection<LineStatistics>[] {
  const episodes = { closeAfter: CLOSE_AFTER };
  const errorRate = {
    value: ({ count, errors }: LineStatistics) => (count === 0 ? undefined : errors / Math.max(MIN_LINES, count)),
    field: 'level',
    write: percent,
    explain: (_share: number, { count, errorRate: share }: LineStatistics) =>
      `${percent(share)} of ${short(count)} lines are errors`,
    side: 'high',
    severity: 'critical',
  } as const;
  const ceased: Detection<LineStatistics> = {
    name: 'silence',
    signals: [
      {
        detector: silence({ missed: Math.max(MIN_MISSED, MISSED - Math.log(falseAlarmsPerWeek)) }),
        value: ({ count }) => count,
        severity: 'critical',
        field: 'service',
        explain: () => 'it has logged nothing',
        explainsAll: true,
      },
    ],
    episodes: { closeAfter: 1 },
  };
  // Windows in the time in which there may be one false alarm.
  const windows = WEEK_MS / toMilliseconds(size, 'the size of a window') / falseAlarmsPerWeek;
  const budget = { windows, charts: CHARTS };
  const unusual: Detection<LineStatistics> = {
    name: 'unusual-behaviour',
    signals: [
      levelSignal({
        ...{ chart: 'response_time', field: 'response_time', severity: 'critical', budget, sample: typicalTimes },
        ...{ factors: [1.6, 4], memory: TIME_MEMORY },
        explain: (time, { count }) => `${short(count)} responses took ${short(time)} ms typically`,
      }),
      slowSignal('slow', 'response_time', {
        ...{ budget, odds: [3, 8, 30], leastShare: 0.04, leastLastingShare: 0.005, areDependent: true },
      }),
      countSignal({
        ...{ chart: 'errors', field: 'level', severity: 'critical', words: 'failed', events: 'lines' },
        tally: ({ count, failures, failureSeconds }) => ({ count, failures, seconds: secondsIn(failureSeconds) }),
        options: { budget },
      }),
      countSignal({
        ...{ chart: 'client_errors', field: 'status', severity: 'warning', events: 'responses' },
        words: 'had a status of 400 to 499',
        tally: ({ clientErrors, clientErrorSeconds, responses }) =>
          responses === 0
            ? undefined
            : { count: responses, failures: clientErrors, seconds: secondsIn(clientErrorSeconds) },
        options: { budget, odds: [3, 10, 60], leastFailures: 10, leastShare: 0.02 },
      }),
      levelSignal({
        ...{ chart: 'bytes', field: 'bytes', severity: 'warning', budget, sample: typicalBytes },
        ...{ factors: [0.25, 0.05, 6], memory: TIME_MEMORY },
        explain: (bytes, { count }) => `${short(count)} responses had ${short(bytes)} bytes typically`,
      }),
      rateSignal({
        ...{ chart: 'lines', field: 'service', severity: 'warning', budget, events: 'lines' },
        ...{ count: ({ count }) => count, factors: [0.4, 0.12, 4, 10] },
      }),
    ],
    episodes: { closeAfter: 1 },
    tellsMore: true,
  };
  const ofDay = {
    detector: usualDay(localTime),
    severity: 'info',
    explainsAll: true,
    explain: () => '',
  } as const;
  // It tells nothing: what it learns is what is forecast.
  const usual: Detection<LineStatistics> = {
    name: USUAL_DAY,
    signals: [
      { ...ofDay, field: 'lines', value: ({ count }) => count },
      { ...ofDay, field: 'failures', value: ({ failures }) => failures },
    ],
  };
  const highLatency: Detection<LineStatistics> = {
    name: 'high_latency',
    signals: [
      {
        detector: zScore(),
        value: ({ times }) => times.mean ?? undefined,
        severity: 'warning',
        field: 'response_time',
        explain: (mean, { times }) => `${short(times.count)} responses took ${short(mean)} ms on average`,
      },
    ],
    episodes,
  };
  const errorSpike = { name: 'error_spike', signals: [{ ...errorRate, detector: rateSpike() }], episodes };
  return [
    ceased,
    usual,
    ...(families.includes('adaptive') ? [unusual] : []),
    ...(families.includes('textbook') ? [highLatency, errorSpike] : []),
  ];
}

function healthOf({ aggregate, end, entity, judgement, start }: JudgedWindow<LineStatistics>): ServiceHealth {
  const { bytes, count, errorRate, sessions, sketch, times } = aggregate;
  return {
    service: entity,
    window_start: start,
    window_end: end,
    count,
    throughput: (count * MS_PER_SECOND) / (end - start),
    avg_response_time: times.mean,
    p50_response_time: sketch.quantile(0.5),
    p95_response_time: sketch.quantile(0.95),
    error_rate: errorRate,
    active_sessions: sessions.estimate,
    bytes,
    health: count === 0 ? 'down' : judgement.deviations.length > 0 ? 'degraded' : 'healthy',
    p99_response_time: sketch.quantile(0.99),
    ...expectationsOf(judgement),
  };
}

function expectationsOf({ expectations = {} }: Judgement): Partial<ServiceHealth> {
  const { errors, lines, response_time: time } = expectations;
  const isKnown = (expectation: Expectation | undefined) => expectation !== undefined && !expectation.isLearning;
  return {
    expected_count_low: isKnown(lines) ? (lines?.low ?? null) : null,
    expected_count_high: isKnown(lines) ? (lines?.high ?? null) : null,
    expected_response_time_low: isKnown(time) ? (time?.low ?? null) : null,
    expected_response_time_high: isKnown(time) ? (time?.high ?? null) : null,
    expected_error_rate_high: isKnown(errors) ? (errors?.high ?? null) : null,
    is_learning: !isKnown(errors),
  };
}
