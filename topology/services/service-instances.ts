import { jsonSerde, type KeepingAggregator, type Serde } from '@millrace/streams';
import { PEER_LIMIT, rememberPeers } from '../../detection/peers.js';
import type { Tally } from '../../detection/tally.js';
import type { AlertEpisode } from '../../schemas/feedback.js';
import type { Alert } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { Budgets, evidenceOf } from '../budgets.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { following, type Limits, type LimitsSource } from '../live-limits.js';
import { isAmount } from '../monitoring/measured.js';
import { type Judgement, Monitor, type MonitorState } from '../monitoring/monitor.js';
import { percent } from '../monitoring/numbers-in-words.js';
import type { Detection, Deviation, Observed } from '../monitoring/signals.js';
import { currentJudge, type WindowJudge } from '../monitoring/window-monitor.js';
import type { TopicSerdes } from '../serdes.js';
import { isFailure, type Line, type Lines, partOfService, scopeOfService } from './service-lines.js';
import { CLOSE_AFTER, monitorLines } from './service-monitor.js';

/** So large a share of the others' responses are fast. */
const FAST_SHARE = 0.9;
/** Of response times: nine minutes and more. */
const LAST_BUCKET = 20;

/** Compares the instances of a service with each other, every few seconds: finds a bad one among many. */
export function serviceInstances(
  lines: Lines,
  config: ApplicationConfig,
  serdes: TopicSerdes<'alerts'>,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  monitorLines(
    lines,
    {
      windows: 'instances',
      monitor: 'instance-monitor',
      size: config.services.size,
      entity: ({ service }) => service,
      aggregator: BY_INSTANCE,
      serde: instancesSerde,
      judge: currentJudge(following(limits, (now) => new InstanceJudge(verdicts, now))),
      scope: scopeOfService,
      watchesClock: config.watchesClock,
    },
    config,
    serdes,
  );
}

/** The lines of an instance in a window. */
interface InstanceLines {
  count: number;
  /** Of level ERROR or CRITICAL, or of status 500 to 599. */
  errors: number;
  /** How many responses took how long: up to 1 ms, 2 ms, 4 ms and so on. */
  times: number[];
}

/** By `source`. */
type Instances = Map<string, InstanceLines>;

/** An instance's lines in a window, and those of all others of its service. */
interface InstanceWindow {
  readonly own: InstanceLines;
  readonly peers: InstanceLines;
  readonly usual: Usual;
}

/** What instances did before, all together. */
interface Usual {
  readonly errors: Tally;
}

/** What is known of each instance that is not quite like the others, by `source`. */
interface InstanceStates {
  suspects: readonly (readonly [source: string, state: MonitorState])[];
  usual?: Usual;
}

const NOTHING_JUDGED: Judgement = { deviations: [], scores: {}, alerts: [] };
const NOTHING: Usual = { errors: { count: 0, failures: 0 } };

const NAME = 'unlike-its-peers';

const detectionOf = (limit: number): Detection<InstanceWindow> => ({
  name: NAME,
  signals: [
    {
      tallies: ({ own, peers, usual }) => ({ own: errorsOf(own), peers: errorsOf(peers), before: usual.errors }),
      severity: 'critical',
      field: 'level',
      write: percent,
      explain: (share) => `${percent(share)} of its lines are errors`,
      limit,
    },
    {
      tallies: ({ own, peers }) => {
        const fast = fastTimes(peers.times);
        return { own: slowOf(own, fast), peers: slowOf(peers, fast) };
      },
      severity: 'critical',
      field: 'response_time',
      write: percent,
      explain: (share) => `${percent(share)} of its responses are slow`,
      limit,
    },
  ],
  episodes: { closeAfter: CLOSE_AFTER },
});

class InstanceJudge implements WindowJudge<Instances, InstanceStates> {
  readonly #monitor: Monitor<InstanceWindow>;

  readonly #verdicts: Verdicts;

  constructor(verdicts: Verdicts, { budgets, falseAlarmsPerWeek }: Limits) {
    this.#verdicts = verdicts;
    const ofBudget = new Budgets(budgets, falseAlarmsPerWeek).each((perWeek) => [
      detectionOf(evidenceOf(perWeek, PEER_LIMIT)),
    ]);
    this.#monitor = new Monitor('service', ofBudget, verdicts);
  }

  initial(): InstanceStates {
    return { suspects: [] };
  }

  observe(states: InstanceStates, instances: Instances, observed: Observed): Judgement {
    if (this.#verdicts.calendar.isMaintenance(observed.start, observed.end, observed.scope)) return NOTHING_JUDGED;
    const before = new Map(states.suspects);
    const suspects: [string, MonitorState][] = [];
    const all = [...instances.values()].reduce(sum, noLines());
    const usual = states.usual ?? NOTHING;
    const deviations: Deviation[] = [];
    const alerts: Alert[] = [];
    const episodes: AlertEpisode[] = [];
    for (const source of new Set([...instances.keys(), ...before.keys()])) {
      const own = instances.get(source) ?? noLines();
      const state = before.get(source) ?? this.#monitor.initial();
      const entity = partOfService(observed.entity, source);
      const judgement = this.#monitor.observe(
        state,
        { own, peers: difference(all, own), usual },
        { ...observed, entity },
      );
      deviations.push(...judgement.deviations);
      alerts.push(...judgement.alerts);
      episodes.push(...(judgement.episodes ?? []));
      const isSuspect = judgement.scores[NAME] !== 0 || !this.#monitor.isAtRest(state);
      if (isSuspect) suspects.push([source, state]);
    }
    states.suspects = suspects;
    // Of a window with one that is bad nothing is learned.
    if (deviations.length === 0) states.usual = { errors: rememberPeers(usual.errors, errorsOf(all)) };
    return { deviations, scores: {}, alerts, ...(episodes.length > 0 && { episodes }) };
  }

  isAtRest({ suspects }: InstanceStates): boolean {
    return suspects.every(([, state]) => this.#monitor.isAtRest(state));
  }

  close({ suspects }: InstanceStates, observed: Observed): readonly Alert[] {
    return suspects.flatMap(([, state]) => this.#monitor.close(state, observed));
  }
}

function noLines(): InstanceLines {
  return { count: 0, errors: 0, times: [] };
}

/** The window's counts grow where they are; a merge makes new ones. */
const BY_INSTANCE: KeepingAggregator<string, Line, Instances> = {
  initializer: () => new Map(),
  add: (_service, line, instances) => {
    const { response_time: time, source } = line;
    if (source === null) return instances;
    let lines = instances.get(source);
    if (lines === undefined) {
      lines = noLines();
      instances.set(source, lines);
    }
    lines.count++;
    if (isFailure(line)) lines.errors++;
    if (isAmount(time)) {
      const bucket = bucketOf(time);
      while (lines.times.length <= bucket) lines.times.push(0);
      lines.times[bucket] = (lines.times[bucket] ?? 0) + 1;
    }
    return instances;
  },
  merge: (left, right) => {
    const merged = new Map(left);
    for (const [source, lines] of right) merged.set(source, sum(merged.get(source) ?? noLines(), lines));
    return merged;
  },
};

const entriesSerde = jsonSerde<[string, InstanceLines][]>();

const instancesSerde: Serde<Instances> = {
  serialize: (topic, instances) => entriesSerde.serialize(topic, [...instances]),
  deserialize: (...serialized) => new Map(entriesSerde.deserialize(...serialized)),
};

function bucketOf(time: number): number {
  return time > 1 ? Math.min(LAST_BUCKET, Math.ceil(Math.log2(time))) : 0;
}

function sum(one: InstanceLines, other: InstanceLines): InstanceLines {
  const [longer, shorter] = one.times.length > other.times.length ? [one, other] : [other, one];
  return {
    count: one.count + other.count,
    errors: one.errors + other.errors,
    times: longer.times.map((count, bucket) => count + (shorter.times[bucket] ?? 0)),
  };
}

function difference(all: InstanceLines, part: InstanceLines): InstanceLines {
  return {
    count: all.count - part.count,
    errors: all.errors - part.errors,
    times: all.times.map((count, bucket) => count - (part.times[bucket] ?? 0)),
  };
}

function errorsOf({ count, errors }: InstanceLines): Tally {
  return { count, failures: errors };
}

/** How many of the shortest buckets hold no slow responses: those take more than twice as long as the fast ones. */
function fastTimes(times: readonly number[]): number {
  const responses = total(times);
  let fast = 0;
  for (let bucket = 0; bucket < times.length; bucket++) {
    fast += times[bucket] ?? 0;
    if (fast >= FAST_SHARE * responses) return bucket + 2;
  }
  return times.length;
}

function slowOf({ times }: InstanceLines, fast: number): Tally {
  return { count: total(times), failures: total(times.slice(fast)) };
}

function total(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
