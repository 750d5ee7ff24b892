import { type KeepingAggregator, type Serde, stringSerde, TimeWindows, toMilliseconds } from '@millrace/streams';
import { DDSketch } from '../../detection/dd-sketch.js';
import { createDetector } from '../../detection/detectors.js';
import type { LocalTime } from '../../detection/local-time.js';
import { Moments } from '../../detection/moments.js';
import { unusualShare } from '../../detection/unusual-share.js';
import type { BrokenRule, WebStatistics } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { alertScoreOf, Budgets } from '../budgets.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { following, type Limits, type LimitsSource, withLimits } from '../live-limits.js';
import { sendAlerts, sendEpisodes } from '../monitoring/alerts.js';
import { growing } from '../monitoring/growing-aggregator.js';
import { isAmount, sumOf } from '../monitoring/measured.js';
import { Monitor } from '../monitoring/monitor.js';
import { percent, short } from '../monitoring/numbers-in-words.js';
import type { Detection, Deviation, SeriesSignal, Signal } from '../monitoring/signals.js';
import { currentJudge, type JudgedWindow, monitorWindows } from '../monitoring/window-monitor.js';
import type { Request } from '../requests.js';
import type { TopicSerdes } from '../serdes.js';
import { rateSignal } from '../services/service-signals.js';
import { FrequentClients, type StoredClients } from './frequent-clients.js';
import { HostCounts, type StoredHosts } from './host-counts.js';
import { ALL_HOSTS, type requestsByHost } from './requests-by-host.js';
import { surgeCause } from './surge-cause.js';

const COUNTS_BYTES = 40;
const MS_PER_SECOND = 1000;
const WEEK_MS = 7 * 86_400_000;
/** Windows after which it is known how many requests are usual. */
const KNOWN_MINUTES = 20;
/** Windows over which the usual number is a mean: few, for it comes and goes with the day. */
const RISE_MEMORY = 10;

/** Statistics of the requests of each host, and of all, a minute at a time; rules flag what is unusual. */
export function webStatistics(
  requests: ReturnType<typeof requestsByHost>,
  config: ApplicationConfig,
  serdes: TopicSerdes<'webStatistics' | 'alerts'>,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  const { grace, topics, watchesClock, webStatistics: settings } = config;
  const windows = requests
    .groupByKey({ key: stringSerde, name: 'web-statistics' })
    .windowedBy(TimeWindows.ofSizeAndGrace(settings.size, grace))
    .emitStrategy('onWindowClose')
    .aggregate(OF_REQUESTS, { name: 'web-statistics', value: requestStatisticsSerde })
    .toStream({ name: 'closed-web-statistics' });
  const monitorOf = (now: Limits) =>
    new Monitor(
      'web',
      new Budgets(now.budgets).each((perWeek) =>
        detections(withLimits(config, now), verdicts.calendar.localTime, perWeek),
      ),
      verdicts,
    );
  const judged = monitorWindows(windows, {
    name: 'web-monitor',
    judge: currentJudge(following(limits, monitorOf)),
    empty: () => NOTHING,
    scope: (host) => `web/${host}`,
    size: settings.size,
    watchesClock,
  });
  judged
    .map((host, window) => [`${host}@${window.start}`, result(window)], { name: 'web-statistics-results' })
    .to(topics.webStatistics, { name: 'send-web-statistics', key: stringSerde, value: serdes.webStatistics });
  sendAlerts('web', judged, ({ judgement }) => judgement.alerts, config, serdes);
  sendEpisodes('web', judged, ({ judgement }) => judgement.episodes, config);
}

function detections(
  config: ApplicationConfig,
  localTime: LocalTime,
  falseAlarmsPerWeek: number,
): Detection<RequestStatistics>[] {
  const learned = () =>
    createDetector({ name: 'multi-resolution', alertScore: alertScoreOf(falseAlarmsPerWeek) }, localTime);
  const { errorRate, leastRequests } = config.webStatistics;
  const rule = (
    signal: SeriesSignal<RequestStatistics>,
    name: string,
    closeAfter: number,
    ofHosts?: Parameters<HostCounts['most']>[0],
    others: readonly Signal<RequestStatistics>[] = [],
  ): Detection<RequestStatistics> => ({
    name,
    signals: [signal, ...others],
    episodes: { closeAfter },
    ...(ofHosts !== undefined && { hostsOf: ({ hosts }: RequestStatistics) => hosts?.most(ofHosts) }),
  });
  const count = {
    detector: learned(),
    value: (requests: RequestStatistics) => requests.count,
    scale: 'log',
    field: 'request_count',
    explain: (requests: number) => `${short(requests)} requests`,
  } as const;
  // What detectors of the usual day cannot tell before they have seen one.
  const rise = rateSignal<RequestStatistics>({
    ...{ chart: 'rise', field: 'request_count', severity: 'warning', events: 'requests', leastWindows: 1 },
    ...{ count: (requests) => requests.count, factors: [4, 10], judgedAfter: KNOWN_MINUTES, memory: RISE_MEMORY },
    budget: {
      windows: WEEK_MS / toMilliseconds(config.webStatistics.size, 'the size of a window') / falseAlarmsPerWeek,
      charts: 2,
    },
  });
  const failing: SeriesSignal<RequestStatistics> = {
    detector: unusualShare({ limit: errorRate }),
    value: (requests) => (requests.count < leastRequests ? undefined : requests.errorRate),
    side: 'high',
    severity: 'critical',
    field: 'error_rate',
    write: percent,
    explain: (rate, requests) => `${percent(rate)} of ${short(requests.count)} requests failed`,
  };
  const erratic: SeriesSignal<RequestStatistics> = {
    detector: learned(),
    value: ({ times }) => (times.count < leastRequests ? undefined : (times.stddev ?? undefined)),
    scale: 'log',
    side: 'high',
    severity: 'warning',
    field: 'stddev_response_time',
    explain: (stddev) => `response times have a standard deviation of ${short(stddev)} ms`,
  };
  return [
    // What clients got wrong is told as a burst of client errors, or as what a client does.
    {
      ...rule(failing, 'high-error-rate', 2, 'failures'),
      tells: ({ clientErrors, serverErrors }) => serverErrors >= clientErrors,
    },
    rule(erratic, 'erratic-response-times', 3),
    {
      ...rule({ ...count, side: 'high', severity: 'warning' }, 'traffic-surge', 3, 'requests', [rise]),
      causeOf: surgeCause(config),
    },
    rule({ ...count, side: 'low', severity: 'critical' }, 'traffic-drop', 3, 'requests'),
  ];
}

function result({ aggregate, end, entity, judgement, start }: JudgedWindow<RequestStatistics>): WebStatistics {
  const { bytes, clientErrors, count, errorRate, serverErrors, sketch, times } = aggregate;
  return {
    host: entity,
    window_start: start,
    window_end: end,
    request_count: count,
    avg_response_time: times.mean,
    stddev_response_time: times.stddev,
    p50_response_time: sketch.quantile(0.5),
    p95_response_time: sketch.quantile(0.95),
    p99_response_time: sketch.quantile(0.99),
    client_errors: clientErrors,
    server_errors: serverErrors,
    error_rate: errorRate,
    bytes: aggregate.sized === 0 ? null : bytes,
    is_anomaly: judgement.deviations.length > 0,
    rules: judgement.deviations.map(brokenRule),
  };
}

function brokenRule({ detection, expected: { high, low }, value }: Deviation): BrokenRule {
  return { rule: detection, value, limit: !Number.isFinite(high) || value < low ? low : high };
}

/** What is kept of the requests of a window. Times are milliseconds. */
export class RequestStatistics {
  count = 0;
  clientErrors = 0;
  serverErrors = 0;
  /** Of the requests whose size is known, which are `sized`. */
  bytes = 0;
  sized = 0;
  readonly times: Moments;
  readonly sketch: DDSketch;
  clients = new FrequentClients();
  /** Of all hosts together. */
  hosts: HostCounts | undefined;

  constructor(times = new Moments(), sketch = new DDSketch()) {
    this.times = times;
    this.sketch = sketch;
  }

  /** Of status 400 to 599, as a share of all. */
  get errorRate(): number {
    return this.count === 0 ? 0 : (this.clientErrors + this.serverErrors) / this.count;
  }

  add(request: Request): this {
    const { bytes, request_time: seconds, status } = request;
    this.count++;
    this.clients.add(request);
    if (status >= 500 && status <= 599) this.serverErrors++;
    else if (status >= 400 && status <= 499) this.clientErrors++;
    if (bytes !== null && bytes !== undefined) {
      this.bytes = sumOf(this.bytes, bytes);
      this.sized++;
    }
    if (isAmount(seconds)) {
      this.times.add(seconds * MS_PER_SECOND);
      this.sketch.add(seconds * MS_PER_SECOND);
    }
    return this;
  }

  ofHosts(): HostCounts {
    this.hosts ??= new HostCounts();
    return this.hosts;
  }

  addAll(other: RequestStatistics): this {
    this.count += other.count;
    this.clientErrors += other.clientErrors;
    this.serverErrors += other.serverErrors;
    this.bytes = sumOf(this.bytes, other.bytes);
    this.sized += other.sized;
    this.times.addAll(other.times);
    this.sketch.addAll(other.sketch);
    this.clients.addAll(other.clients);
    if (other.hosts !== undefined) this.ofHosts().addAll(other.hosts);
    return this;
  }
}

const NOTHING = new RequestStatistics();

const OF_REQUESTS: KeepingAggregator<string, Request, RequestStatistics> = {
  ...growing<Request, RequestStatistics>(() => new RequestStatistics()),
  add(host, request, statistics) {
    if (host === ALL_HOSTS) statistics.ofHosts().add(request);
    return statistics.add(request);
  },
};

/** What is stored after the numbers: older versions knew of no hosts. */
type StoredNames = StoredClients | { readonly clients: StoredClients | null; readonly hosts: StoredHosts };

const requestStatisticsSerde: Serde<RequestStatistics> = {
  serialize(_topic, { bytes, clientErrors, clients, count, hosts, serverErrors, sized, sketch, times }) {
    const serialized = Buffer.allocUnsafe(COUNTS_BYTES + Moments.byteLength + sketch.byteLength);
    let at = 0;
    for (const number of [count, clientErrors, serverErrors, bytes, sized]) at = serialized.writeDoubleBE(number, at);
    sketch.write(serialized, times.write(serialized, at));
    const frequent = clients.toStored();
    const names: StoredNames | undefined =
      hosts === undefined ? frequent : { clients: frequent ?? null, hosts: hosts.toStored() };
    return names === undefined ? serialized : Buffer.concat([serialized, Buffer.from(JSON.stringify(names))]);
  },
  deserialize(_topic, serialized, start, end) {
    const times = Moments.read(serialized, start + COUNTS_BYTES);
    const sketchAt = start + COUNTS_BYTES + Moments.byteLength;
    const statistics = new RequestStatistics(times, DDSketch.read(serialized, sketchAt));
    statistics.count = serialized.readDoubleBE(start);
    // What older versions have written ends here.
    const clientsAt = sketchAt + statistics.sketch.byteLength;
    if (end > clientsAt) {
      const stored = JSON.parse(serialized.toString('utf8', clientsAt, end)) as StoredNames;
      const { clients, hosts } = 'hosts' in stored ? stored : { clients: stored, hosts: undefined };
      if (clients !== null) statistics.clients = FrequentClients.stored(clients, statistics.count);
      if (hosts !== undefined) statistics.hosts = HostCounts.stored(hosts);
    }
    statistics.clientErrors = serialized.readDoubleBE(start + 8);
    statistics.serverErrors = serialized.readDoubleBE(start + 16);
    statistics.bytes = serialized.readDoubleBE(start + 24);
    statistics.sized = serialized.readDoubleBE(start + 32);
    return statistics;
  },
};
