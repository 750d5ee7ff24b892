import { type KStream, toMilliseconds, type Windowed } from '@millrace/streams';
import type { Budget } from '../../detection/alarm.js';
import type { Sample } from '../../detection/level-chart.js';
import { MISSED, silence } from '../../detection/silence.js';
import type { ApplicationConfig } from '../application-config.js';
import { Budgets } from '../budgets.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { ALL_HOSTS_SCOPE } from '../incidents/hosts-together.js';
import { following, type Limits, type LimitsSource } from '../live-limits.js';
import { sendAlerts, sendEpisodes } from '../monitoring/alerts.js';
import { Monitor } from '../monitoring/monitor.js';
import { short } from '../monitoring/numbers-in-words.js';
import type { Detection, Signal } from '../monitoring/signals.js';
import { currentJudge, monitorWindows } from '../monitoring/window-monitor.js';
import type { TopicSerdes } from '../serdes.js';
import { countSignal, levelSignal, rateSignal, slowSignal } from '../services/service-signals.js';
import { TrafficCounts } from './traffic.js';

const WEEK_MS = 7 * 86_400_000;
/** Who asks for less than one page in this time is not missed by it. */
const JUDGES_MISSING = '5m';
const NOTHING = new TrafficCounts();
/** Evidence of a host is looked for in so many ways: alternatives of all its charts. */
const CHARTS = 12;
/** Fewer response times say nothing of a typical one. */
const MIN_TIMES = 3;
/** Windows over which typical times are means: an hour of windows of five seconds, so that what creeps is seen. */
const TIME_MEMORY = 720;
/** However many false alarms are allowed, fewer requests are not missed. */
const MIN_MISSED = 8;
/** An episode is over when so many windows in a row were as usual. */
const CLOSE_AFTER = 3;
const SERVER_ERRORS = 4;
/** Hosts that one task judges at most: each costs some 0.1 ms every few seconds, also one that is asked nothing. */
const MOST_WATCHED = 1000;

/**
 * What a host does otherwise than it usually does, every few seconds, however far it is from any limit, as alerts: server errors,
 * response times and a lack of requests are judged by the charts that judge services. Of all hosts together response times are
 * not judged: they change with the hosts' shares.
 */
export function hostBehaviour(
  windows: KStream<Windowed<string>, TrafficCounts>,
  config: ApplicationConfig,
  serdes: TopicSerdes<'alerts'>,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  const { size } = config.traffic;
  const sizeMs = toMilliseconds(size, 'the size of a window of traffic');
  const monitorOf = ({ budgets }: Limits) => {
    const ofBudget = new Budgets(budgets).each((perWeek) => ({
      host: detections(perWeek, sizeMs, true),
      all: detections(perWeek, sizeMs, false),
    }));
    return new Monitor<TrafficCounts>(
      'web',
      (scope) => ofBudget(scope)[scope === ALL_HOSTS_SCOPE ? 'all' : 'host'],
      verdicts,
    );
  };
  const judged = monitorWindows(windows, {
    name: 'host-behaviour',
    judge: currentJudge(following(limits, monitorOf)),
    empty: () => NOTHING,
    scope: (host) => `web/${host}`,
    size,
    judgesMissing: JUDGES_MISSING,
    watchesClock: config.watchesClock,
    mostWatched: MOST_WATCHED,
  });
  sendAlerts('host-behaviour', judged, ({ judgement }) => judgement.alerts, config, serdes);
  sendEpisodes('host-behaviour', judged, ({ judgement }) => judgement.episodes, config);
}

/** @param perWeek false alarms that chance may cause */
function detections(perWeek: number, windowMs: number, judgesTimes: boolean): readonly Detection<TrafficCounts>[] {
  const budget = { windows: WEEK_MS / windowMs / perWeek, charts: CHARTS };
  return [
    {
      name: 'silence',
      signals: [
        {
          detector: silence({ missed: Math.max(MIN_MISSED, MISSED - Math.log(perWeek)) }),
          value: ({ count }) => count,
          ...{ severity: 'critical', field: 'request_count', explainsAll: true },
          explain: () => 'nothing was requested',
        },
      ],
      episodes: { closeAfter: 1 },
    },
    {
      name: 'unusual-behaviour',
      signals: [
        countSignal<TrafficCounts>({
          ...{ chart: 'server_errors', field: 'error_rate', severity: 'critical', events: 'requests' },
          words: 'had a status of 500 to 599',
          tally: ({ count, statuses }) => ({ count, failures: statuses[SERVER_ERRORS] ?? 0 }),
          options: { budget },
        }),
        ...(judgesTimes ? timeSignals(budget) : []),
        rateSignal<TrafficCounts>({
          ...{ chart: 'requests', field: 'request_count', severity: 'warning', budget, events: 'requests' },
          ...{ count: ({ count }) => count, factors: [0.4, 0.12] },
        }),
      ],
      episodes: { closeAfter: CLOSE_AFTER },
      tellsMore: true,
    },
  ];
}

function timeSignals(budget: Budget): readonly Signal<TrafficCounts>[] {
  return [
    levelSignal({
      ...{ chart: 'response_time', field: 'avg_response_time', severity: 'critical', sample: typicalTime },
      ...{ budget, factors: [1.6, 4], memory: TIME_MEMORY },
      explain: (time, { count }) => `${short(count)} responses took ${short(time)} ms typically`,
    }),
    slowSignal<TrafficCounts>('slow', 'p95_response_time', {
      ...{ budget, odds: [3, 8, 30], leastShare: 0.04, leastLastingShare: 0.005, areDependent: true },
    }),
  ];
}

function typicalTime({ sketch }: TrafficCounts): Sample | undefined {
  if (sketch.count < MIN_TIMES) return undefined;
  return {
    ...{ count: sketch.count, ...sketch.logMoments() },
    quarter: () => Math.log1p(sketch.quantile(0.25) ?? 0),
  };
}
