import { stringSerde } from '@millrace/streams';
import { levelShift } from '../../detection/level-shift.js';
import { rateSpike } from '../../detection/rate-spike.js';
import { silence } from '../../detection/silence.js';
import { zScore } from '../../detection/z-score.js';
import type { ServiceHealth } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { type Detection, Monitor, percent, short } from '../monitoring/monitor.js';
import type { JudgedWindow } from '../monitoring/window-monitor.js';
import type { TopicSerdes } from '../serdes.js';
import { type LineStatistics, lineStatisticsSerde, OF_LINES } from './line-statistics.js';
import { type Lines, scopeOfService } from './service-lines.js';
import { type ModelSource, predictionOf } from './service-model.js';
import { CLOSE_AFTER, monitorLines } from './service-monitor.js';

const MS_PER_SECOND = 1000;
/** What fewer lines have in common says little: shares are of so many at least, typical times are not judged. */
const MIN_LINES = 5;

/** How each service does, every few seconds; and what is unusual about it. */
export function serviceHealth(
  lines: Lines,
  config: ApplicationConfig,
  serdes: TopicSerdes<'serviceHealth' | 'mlPredictions' | 'alerts'>,
  models: ModelSource,
): void {
  const { detectors, services, topics, watchesClock } = config;
  const judged = monitorLines(
    lines,
    {
      windows: 'services',
      monitor: 'service-monitor',
      size: services.size,
      entity: ({ service }) => service,
      aggregator: OF_LINES,
      serde: lineStatisticsSerde,
      judge: new Monitor('service', serviceDetections(detectors)),
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

function serviceDetections(families: ApplicationConfig['detectors']): readonly Detection<LineStatistics>[] {
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
        detector: silence(),
        value: ({ count }) => count,
        severity: 'critical',
        field: 'service',
        explain: () => 'it has logged nothing',
        explainsAll: true,
      },
    ],
    episodes: { closeAfter: 1 },
  };
  const unusual: Detection<LineStatistics> = {
    name: 'unusual-behaviour',
    signals: [
      {
        detector: levelShift(),
        value: ({ count, typicalTime }) => (count < MIN_LINES ? undefined : typicalTime),
        scale: 'log',
        side: 'high',
        severity: 'critical',
        field: 'response_time',
        explain: (time, { times }) => `${short(times.count)} responses took ${short(time)} ms typically`,
      },
      { ...errorRate, detector: levelShift() },
      {
        detector: levelShift(),
        // What is not there at all is silence.
        value: ({ count }) => (count === 0 ? undefined : count),
        scale: 'log',
        severity: 'warning',
        field: 'service',
        explain: (count) => `${short(count)} lines`,
      },
    ],
    episodes,
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
  };
}
