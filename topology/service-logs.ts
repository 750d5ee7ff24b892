import { levelShift } from '../detection/level-shift.js';
import { rateSpike } from '../detection/rate-spike.js';
import { threshold } from '../detection/threshold.js';
import { zScore } from '../detection/z-score.js';
import type { ServiceHealth, ServiceLog } from '../schemas/records.js';
import {
  type Aggregator,
  type KStream,
  type Serde,
  type StreamsBuilder,
  stringSerde,
  TimeWindows,
  toMilliseconds,
} from '../streams/index.js';
import { sendAlerts } from './alerts.js';
import type { ApplicationConfig } from './application-config.js';
import { DDSketch } from './dd-sketch.js';
import { Moments } from './moments.js';
import { type Detection, Monitor, type Signal, short } from './monitor.js';
import type { TopicSerdes } from './serdes.js';
import { type ModelSource, predictionOf } from './service-model.js';
import { SessionCount } from './session-count.js';
import { type JudgedWindow, monitorWindows } from './window-monitor.js';

type Line = Pick<
  ServiceLog,
  'service' | 'level' | 'response_time' | 'endpoint' | 'status' | 'session_id' | 'bytes' | 'timestamp'
>;

const COUNTS_BYTES = 24;
const MS_PER_SECOND = 1000;
/** An episode is over when so many windows in a row were as usual. */
const CLOSE_AFTER = 3;

/** How each service does, every few seconds, and each of its endpoints, every minute; and what is unusual about it. */
export function serviceLogs(
  builder: StreamsBuilder,
  config: ApplicationConfig,
  serdes: TopicSerdes<'serviceLogs' | 'serviceHealth' | 'mlPredictions' | 'alerts'>,
  models: ModelSource,
): void {
  const { detectors, services: settings, topics, watchesClock } = config;
  const { endpoints, grace, silentWindows, size } = settings;
  const lines = builder.stream(topics.serviceLogs, {
    value: serdes.serviceLogs.fields(
      'service',
      'level',
      'response_time',
      'endpoint',
      'status',
      'session_id',
      'bytes',
      'timestamp',
    ),
    timestamp: (line) => line.timestamp,
  });
  const sizeMs = toMilliseconds(size, 'the size of a window');
  const graceMs = toMilliseconds(grace, 'the grace period');
  const ofServices = monitorWindows(
    statisticsBy(lines, 'services', ({ service }) => service, size, grace),
    {
      name: 'service-monitor',
      monitor: new Monitor('service', serviceDetections(silentWindows, detectors)),
      empty: () => new LineStatistics(),
      scope: (service) => `service/${service}`,
      sizeMs,
      graceMs,
      watchesClock,
    },
  );
  const health = ofServices.map((service, window) => [`${service}@${window.start}`, healthOf(window)]);
  health.to(topics.serviceHealth, { key: stringSerde, value: serdes.serviceHealth });
  health
    .flatMapValues((window) => {
      const model = models.current();
      const prediction = model === undefined ? undefined : predictionOf(model, window);
      return prediction === undefined ? [] : [prediction];
    })
    .to(topics.mlPredictions, { key: stringSerde, value: serdes.mlPredictions });
  const requests = lines.filter((_key, { endpoint }) => endpoint !== null);
  const byEndpoint = (line: Line) => `${line.service} ${line.endpoint}`;
  const ofEndpoints = monitorWindows(statisticsBy(requests, 'endpoints', byEndpoint, endpoints.size, grace), {
    name: 'endpoint-monitor',
    monitor: new Monitor('service', endpointDetections(endpoints)),
    empty: () => new LineStatistics(),
    scope: (endpoint) => `service/${endpoint.split(' ', 1)[0]}`,
    sizeMs: toMilliseconds(endpoints.size, 'the size of a window'),
    graceMs,
    watchesClock: false,
  });
  for (const judged of [ofServices, ofEndpoints]) {
    sendAlerts(
      judged.mapValues(({ judgement }) => judgement.alerts),
      config,
      serdes,
    );
  }
}

function statisticsBy(
  lines: KStream<null, Line>,
  name: string,
  entity: (line: Line) => string,
  size: ApplicationConfig['services']['size'],
  grace: ApplicationConfig['services']['grace'],
) {
  return lines
    .groupBy((_key, line) => entity(line), { key: stringSerde, name })
    .windowedBy(TimeWindows.ofSizeAndGrace(size, grace))
    .emitStrategy('onWindowClose')
    .aggregate(OF_LINES, { name, value: lineStatisticsSerde })
    .toStream();
}

function serviceDetections(
  silentWindows: number,
  families: ApplicationConfig['detectors'],
): readonly Detection<LineStatistics>[] {
  const episodes = { closeAfter: CLOSE_AFTER };
  const errorRate = {
    value: (lines: LineStatistics) => (lines.count === 0 ? undefined : lines.errorRate),
    field: 'level',
    explain: (rate: number, { count }: LineStatistics) =>
      `a share of ${short(rate)} of ${short(count)} lines are errors`,
    side: 'high',
    severity: 'critical',
  } as const;
  const silence: Detection<LineStatistics> = {
    name: 'silence',
    signals: [
      {
        detector: threshold({ limit: 0 }),
        value: ({ count }) => (count === 0 ? 1 : 0),
        severity: 'critical',
        field: 'service',
        explain: () => 'it has logged nothing',
        explainsAll: true,
      },
    ],
    episodes: { openAfter: silentWindows, closeAfter: 1 },
  };
  const unusual: Detection<LineStatistics> = {
    name: 'unusual-behaviour',
    signals: [
      {
        detector: levelShift(),
        value: ({ typicalTime }) => typicalTime,
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
    silence,
    ...(families.includes('adaptive') ? [unusual] : []),
    ...(families.includes('textbook') ? [highLatency, errorSpike] : []),
  ];
}

function endpointDetections(limits: ApplicationConfig['services']['endpoints']): Detection<LineStatistics>[] {
  const rule = (name: string, signal: Omit<Signal<LineStatistics>, 'detector'>, limit: number) => ({
    name,
    signals: [{ ...signal, detector: threshold({ limit }) }],
    episodes: { closeAfter: 1 },
  });
  return [
    rule(
      'TRAFFIC_SPIKE',
      {
        value: ({ count }) => count,
        severity: 'warning',
        field: 'endpoint',
        explain: (count) => `${short(count)} requests`,
      },
      limits.requests,
    ),
    rule(
      'HIGH_ERROR_RATE',
      {
        value: ({ failed, responses }) => (responses === 0 ? undefined : failed / responses),
        severity: 'critical',
        field: 'status',
        explain: (rate, { responses }) => `a share of ${short(rate)} of ${short(responses)} responses are errors`,
      },
      limits.errorRate,
    ),
    rule(
      'SLOW_RESPONSE',
      {
        value: ({ times }) => times.mean ?? undefined,
        severity: 'warning',
        field: 'response_time',
        explain: (mean, { times }) => `${short(times.count)} responses took ${short(mean)} ms on average`,
      },
      limits.responseTime,
    ),
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

/** What is kept of the lines of a window. Times are milliseconds. */
class LineStatistics {
  count = 0;
  /** Of level ERROR or CRITICAL. */
  errors = 0;
  bytes = 0;
  /** Lines with a status, and those of them with one of 400 to 599. */
  responses = 0;
  failed = 0;

  constructor(
    readonly times = new Moments(),
    /** Of the logarithms: what a few very slow responses do to the mean, they do not do here. */
    readonly logTimes = new Moments(),
    readonly sketch = new DDSketch(),
    readonly sessions = new SessionCount(),
  ) {}

  /** The geometric mean; undefined when no time is known. */
  get typicalTime(): number | undefined {
    return this.logTimes.mean === null ? undefined : Math.expm1(this.logTimes.mean);
  }

  get errorRate(): number {
    return this.count === 0 ? 0 : this.errors / this.count;
  }

  add({ bytes, level, response_time: time, session_id: session, status }: Line): this {
    this.count++;
    if (level === 'ERROR' || level === 'CRITICAL') this.errors++;
    if (status !== null) {
      this.responses++;
      if (status >= 400 && status <= 599) this.failed++;
    }
    if (time !== null) {
      this.times.add(time);
      this.logTimes.add(Math.log1p(Math.max(0, time)));
      this.sketch.add(time);
    }
    if (session !== null) this.sessions.add(session);
    this.bytes += bytes ?? 0;
    return this;
  }

  addAll(other: LineStatistics): this {
    this.count += other.count;
    this.errors += other.errors;
    this.bytes += other.bytes;
    this.responses += other.responses;
    this.failed += other.failed;
    this.times.addAll(other.times);
    this.logTimes.addAll(other.logTimes);
    this.sketch.addAll(other.sketch);
    this.sessions.addAll(other.sessions);
    return this;
  }
}

/** The window's statistics grow where they are; a merge makes new ones. */
const OF_LINES: Aggregator<string, Line, LineStatistics> = {
  initializer: () => new LineStatistics(),
  add: (_entity, line, statistics) => statistics.add(line),
  merge: (left, right) => new LineStatistics().addAll(left).addAll(right),
};

const lineStatisticsSerde: Serde<LineStatistics> = {
  serialize(_topic, { bytes, count, errors, failed, logTimes, responses, sessions, sketch, times }) {
    const size = COUNTS_BYTES + 2 * Moments.byteLength + sketch.byteLength + sessions.byteLength;
    const serialized = Buffer.allocUnsafe(size);
    let at = serialized.writeDoubleBE(bytes, 0);
    for (const number of [count, errors, responses, failed]) at = serialized.writeUInt32BE(number, at);
    at = logTimes.write(serialized, times.write(serialized, at));
    sessions.write(serialized, sketch.write(serialized, at));
    return serialized;
  },
  deserialize(_topic, serialized, start) {
    const times = Moments.read(serialized, start + COUNTS_BYTES);
    const logTimes = Moments.read(serialized, start + COUNTS_BYTES + Moments.byteLength);
    const at = start + COUNTS_BYTES + 2 * Moments.byteLength;
    const sketch = DDSketch.read(serialized, at);
    const sessions = SessionCount.read(serialized, at + sketch.byteLength);
    const statistics = new LineStatistics(times, logTimes, sketch, sessions);
    statistics.bytes = serialized.readDoubleBE(start);
    statistics.count = serialized.readUInt32BE(start + 8);
    statistics.errors = serialized.readUInt32BE(start + 12);
    statistics.responses = serialized.readUInt32BE(start + 16);
    statistics.failed = serialized.readUInt32BE(start + 20);
    return statistics;
  },
};
