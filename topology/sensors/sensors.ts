import {
  type KeepingAggregator,
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type Serde,
  type StreamRecord,
  type StreamsBuilder,
  stringSerde,
  TimeWindows,
} from '@millrace/streams';
import { type CorrelationState, noCorrelation, residualOf } from '../../detection/correlation.js';
import { Moments } from '../../detection/moments.js';
import type { AlertEpisode } from '../../schemas/feedback.js';
import type { Alert, SensorHour, SensorReading, SensorScore } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { Budgets } from '../budgets.js';
import type { Verdicts } from '../feedback/verdicts.js';
import { following, type Limits, type LimitsSource } from '../live-limits.js';
import { sendAlerts, sendEpisodes } from '../monitoring/alerts.js';
import { LastHeard, lastHeardStore } from '../monitoring/last-heard.js';
import { boundedName, isMeasured } from '../monitoring/measured.js';
import { Monitor, type MonitorState } from '../monitoring/monitor.js';
import { learnedStateSerde } from '../monitoring/stored-state.js';
import type { TopicSerdes } from '../serdes.js';
import { keyedSourceOf } from '../source.js';
import { FIELDS, type LastRead, type Observation, probabilityOf, readingDetections } from './reading-detections.js';
import { allowedSilenceMs, learnGap, PAUSE, type Pace, type Silence } from './stopped-sensors.js';

const HOUR = '1h';
const STORE = 'sensor-monitor';
const LAST_HEARD = 'sensors-last-heard';
/** How often sensors are looked for that have stopped, by the time of the readings of all. */
const LOOK_FOR_STOPPED_MS = 5000;

/** Scores every reading by limits and by what its sensor usually reads, and keeps a history by the hour. */
export function sensors(
  builder: StreamsBuilder,
  config: ApplicationConfig,
  serdes: TopicSerdes<'sensorReadings' | 'sensorScores' | 'sensorHours' | 'alerts'>,
  verdicts: Verdicts,
  limits: LimitsSource,
): void {
  const { grace, topics } = config;
  const readings = keyedSourceOf(builder, topics.sensorReadings, {
    name: 'sensor-readings',
    value: serdes.sensorReadings,
    timestamp: (reading) => reading.timestamp,
    usable,
  });
  const stores = storesOf();
  const scored = readings.process<string, ScoredReading>(() => new ScoreReadings(limits, stores, verdicts), {
    name: 'score-readings',
    stores: [stores.states, stores.lastHeard],
  });
  scored
    .flatMap((id, { score }) => (score === null ? [] : [[`${id}@${score.timestamp}`, score]]), {
      name: 'sensor-scores',
    })
    .to(topics.sensorScores, { name: 'send-sensor-scores', key: stringSerde, value: serdes.sensorScores });
  sendAlerts('sensor', scored, ({ alerts }) => alerts, config, serdes);
  sendEpisodes('sensor', scored, ({ episodes }) => episodes, config);
  readings
    .groupByKey({ key: stringSerde })
    .windowedBy(TimeWindows.ofSizeAndGrace(HOUR, grace))
    .aggregate(ofHour(limits), { name: 'sensor-hours', value: hourSerde })
    .toStream({ name: 'sensor-hour-changes' })
    .map(({ key, window: { start, end } }, hour) => [`${key}@${start}`, historyOf(key, start, end, hour)], {
      name: 'sensor-history',
    })
    .to(topics.sensorHours, { name: 'send-sensor-history', key: stringSerde, value: serdes.sensorHours });
}

function usable(reading: SensorReading): SensorReading {
  const { pressure, sensor_id, temperature, value } = reading;
  return {
    ...reading,
    sensor_id: boundedName(sensor_id),
    temperature: isMeasured(temperature) ? temperature : null,
    pressure: isMeasured(pressure) ? pressure : null,
    value: isMeasured(value) ? value : null,
  };
}

/** A reading with its score, and the alerts that come of it. */
interface ScoredReading {
  /** Null where there was no reading, and an alert is over because its sensor is gone. */
  readonly score: SensorScore | null;
  readonly alerts: readonly Alert[];
  readonly episodes?: readonly AlertEpisode[];
}

/** What is known of a sensor. */
interface SensorState {
  readonly heardOn: number;
  readonly detections: MonitorState;
  /** The reading before; what older versions have written lacks these. */
  readonly last?: LastRead;
  readonly correlation?: CorrelationState;
  readonly pace?: Pace;
  readonly stopped?: MonitorState;
}

function storesOf() {
  const states = keyValueStore({
    name: STORE,
    keySerde: stringSerde,
    valueSerde: learnedStateSerde<SensorState>(STORE),
    sharesValues: true,
  });
  return { states, lastHeard: lastHeardStore(LAST_HEARD) };
}

class ScoreReadings implements Processor<string, SensorReading, string, ScoredReading> {
  readonly #limits: LimitsSource;
  readonly #monitor: () => Monitor<Observation>;
  readonly #stopMonitor: Monitor<Silence>;
  /** How often each sensor is read; undefined until the store was looked through. */
  #paces: Map<string, Pace> | undefined;
  #context: ProcessorContext<string, ScoredReading> | undefined;
  #states: KeyValueStore<string, SensorState | null> | undefined;
  #lastHeard: LastHeard | undefined;

  readonly #stores: ReturnType<typeof storesOf>;

  constructor(limits: LimitsSource, stores: ReturnType<typeof storesOf>, verdicts: Verdicts) {
    this.#stores = stores;
    this.#limits = limits;
    this.#monitor = following(
      limits,
      (now) =>
        new Monitor(
          'sensor',
          new Budgets(now.budgets).each((perWeek) =>
            readingDetections(now.sensors, verdicts.calendar.localTime, perWeek),
          ),
          verdicts,
        ),
    );
    this.#stopMonitor = new Monitor('sensor', [PAUSE], verdicts);
  }

  init(context: ProcessorContext<string, ScoredReading>): void {
    this.#context = context;
    this.#states = context.stateStore(this.#stores.states);
    this.#lastHeard = new LastHeard(context, this.#stores.lastHeard, (id) =>
      this.#forget(id, context.currentStreamTimeMs),
    );
    context.schedule(LOOK_FOR_STOPPED_MS, 'stream-time', () => this.#findStopped(context.currentStreamTimeMs));
  }

  async #findStopped(now: number): Promise<void> {
    const states = this.#states;
    if (states === undefined) return;
    if (this.#paces === undefined) {
      this.#paces = new Map();
      for await (const [id, state] of states.all()) {
        if (state?.pace !== undefined) this.#paces.set(id, state.pace);
      }
    }
    for (const [id, pace] of this.#paces) {
      const allowedMs = allowedSilenceMs(pace);
      if (now - pace.lastMs <= allowedMs) continue;
      // It is told once, and over when the sensor is read again.
      this.#paces.delete(id);
      const state = states.get(id);
      if (!state) continue;
      const stopped = state.stopped ?? {};
      const silence = { silentMs: now - pace.lastMs, allowedMs };
      const { alerts, episodes = [] } = this.#stopMonitor.observe(stopped, silence, observedAt(id, now));
      states.put(id, { ...state, stopped });
      if (alerts.length + episodes.length > 0) {
        this.#context?.forward({ key: id, value: { score: null, alerts, episodes }, timestamp: now });
      }
    }
  }

  #forget(id: string, now: number): void {
    const state = this.#states?.delete(id);
    if (!state) return;
    this.#paces?.delete(id);
    const observed = observedAt(id, now);
    const stopped = this.#stopMonitor.close(state.stopped ?? {}, observed);
    const alerts = [...this.#monitor().close(state.detections, observed), ...stopped];
    if (alerts.length > 0) this.#context?.forward({ key: id, value: { score: null, alerts }, timestamp: now });
  }

  process({ timestamp, value: reading }: StreamRecord<string, SensorReading>): void {
    const { pressure, sensor_id, temperature, value = null } = reading;
    const before = this.#states?.get(sensor_id) ?? undefined;
    const { correlation = noCorrelation(), detections = {}, last, stopped = {} } = before ?? {};
    const observed = observedAt(sensor_id, timestamp);
    const residual =
      temperature === null || pressure === null ? undefined : residualOf(correlation, temperature, pressure);
    const judged = this.#monitor().observe(detections, { reading, last, residual }, observed);
    const again = this.#stopMonitor.observe(stopped, { silentMs: 0, allowedMs: 1 }, observed);
    const alerts = [...judged.alerts, ...again.alerts];
    const { deviations, episodes: ofReadings = [], scores } = judged;
    const { episodes: ofStops = [] } = again;
    const episodes = ofReadings.length + ofStops.length > 0 ? [...ofReadings, ...ofStops] : undefined;
    const pace = learnGap(before?.pace, timestamp);
    this.#paces?.set(sensor_id, pace);
    const heardOn = this.#lastHeard?.heard(sensor_id, timestamp, before?.heardOn) ?? 0;
    this.#states?.put(sensor_id, {
      ...{ heardOn, detections, correlation, pace, stopped },
      last: {
        temperature: temperature ?? last?.temperature ?? null,
        pressure: pressure ?? last?.pressure ?? null,
        value: value ?? last?.value ?? null,
      },
    });
    const score: SensorScore = {
      sensor_id,
      temperature,
      pressure,
      value,
      timestamp: reading.timestamp,
      anomaly_score: isOver(reading, this.#limits.current()) ? 1 : 0,
      learned_score: probabilityOf(scores),
      is_anomaly: deviations.length > 0,
      fields: [...new Set(deviations.map(({ field }) => field))],
    };
    this.#context?.forward({ key: sensor_id, value: { score, alerts, ...(episodes && { episodes }) }, timestamp });
  }
}

function observedAt(id: string, time: number) {
  return { entity: id, scope: `sensor/${id}`, start: time, end: time };
}

function isOver({ pressure, temperature }: SensorReading, { sensors: limits }: Limits): boolean {
  return (temperature ?? 0) > limits.temperature || (pressure ?? 0) > limits.pressure;
}

/** What an hour of a sensor is made of. */
interface Hour {
  readonly temperature: Moments;
  readonly pressure: Moments;
  readonly value: Moments;
  readonly count: number;
  readonly overLimit: number;
}

function ofHour(limits: LimitsSource): KeepingAggregator<string, SensorReading, Hour> {
  return {
    initializer: () => ({ ...noMoments(), count: 0, overLimit: 0 }),
    add(_id, reading, hour) {
      for (const field of FIELDS) {
        const read = reading[field] ?? null;
        if (read !== null) hour[field].add(read);
      }
      return {
        ...hour,
        count: hour.count + 1,
        overLimit: hour.overLimit + (isOver(reading, limits.current()) ? 1 : 0),
      };
    },
    merge(left, right) {
      const moments = noMoments();
      for (const part of [left, right]) for (const field of FIELDS) moments[field].addAll(part[field]);
      return { ...moments, count: left.count + right.count, overLimit: left.overLimit + right.overLimit };
    },
  };
}

const noMoments = () => ({ temperature: new Moments(), pressure: new Moments(), value: new Moments() });

const hourSerde: Serde<Hour> = {
  serialize(_topic, hour) {
    const serialized = Buffer.allocUnsafe(16 + FIELDS.length * Moments.byteLength);
    let at = serialized.writeDoubleBE(hour.overLimit, serialized.writeDoubleBE(hour.count, 0));
    for (const field of FIELDS) at = hour[field].write(serialized, at);
    return serialized;
  },
  deserialize(_topic, serialized, start, end) {
    const moments = noMoments();
    let at = start + 16;
    for (const field of FIELDS) {
      // What older versions have written ends before the last.
      if (at < end) moments[field] = Moments.read(serialized, at);
      at += Moments.byteLength;
    }
    return { ...moments, count: serialized.readDoubleBE(start), overLimit: serialized.readDoubleBE(start + 8) };
  },
};

function historyOf(
  sensor_id: string,
  window_start: number,
  window_end: number,
  { count, overLimit, pressure, temperature, value }: Hour,
): SensorHour {
  return {
    sensor_id,
    window_start,
    window_end,
    count,
    over_limit: overLimit,
    temperature_min: temperature.min,
    temperature_avg: temperature.mean,
    temperature_max: temperature.max,
    temperature_stddev: temperature.stddev,
    pressure_min: pressure.min,
    pressure_avg: pressure.mean,
    pressure_max: pressure.max,
    pressure_stddev: pressure.stddev,
    value_min: value.min,
    value_avg: value.mean,
    value_max: value.max,
    value_stddev: value.stddev,
  };
}
