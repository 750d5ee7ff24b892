import type { IncidentDetail } from '../../api/client.js';
import { gapOf } from '../../charts/gap.js';
import { endsAt, everywhere, heldSince, isOutside, type Usual, type UsualEnds } from '../../charts/usual.js';
import { bytes, number, numbers, percent, share } from '../../parts/wording.js';
import { usualCounts, usualErrors, usualTimes } from '../services/usual-of-service.js';

/** A measure of what an incident is about, over time, and what its alerts take for usual. */
export interface Signal {
  readonly name: string;
  readonly of: string;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  readonly usual: UsualEnds | undefined;
  /** The same at each of its times. */
  readonly range: Usual | undefined;
  /** The range is a limit that somebody has set, and nothing that was learned. */
  readonly isLimit: boolean;
  /** The range is of another measure than the line, such as the typical time beside the 50th percentile. */
  readonly usualOf: string | undefined;
  readonly format: (value: number) => string;
  readonly unit: string;
  /** A value on an axis, where its unit does not stand beside it. */
  readonly tick: (value: number) => string;
  readonly gapMs: number;
}

interface Measure<Row> {
  readonly name: string;
  readonly of: string;
  readonly unit: string;
  readonly value: (row: Row) => number | null;
  /** What the detector takes for usual in each window, where it tells of each. */
  readonly usual?: (rows: readonly Row[]) => Usual;
  readonly fields: readonly string[];
  readonly detectors?: readonly string[];
  readonly usualOf?: string;
  readonly format: (value: number) => string;
}

type Health = IncidentDetail['series']['service_health'][number];
type Web = IncidentDetail['series']['web_statistics'][number];
type Score = IncidentDetail['series']['sensor_scores'][number];

const OF_SERVICE: readonly Measure<Health>[] = [
  {
    name: 'Errors',
    of: 'share of lines',
    unit: '%',
    value: (row) => row.error_rate,
    usual: usualErrors,
    fields: ['level', 'error_rate'],
    format: (value) => percent(value),
  },
  {
    name: 'Response time',
    of: 'p50, ms',
    unit: 'ms',
    value: (row) => row.p50_response_time,
    usual: usualTimes,
    fields: ['response_time'],
    usualOf: 'typical time',
    format: number,
  },
  {
    name: 'Lines',
    of: 'in 5 s',
    unit: '',
    value: (row) => row.count,
    usual: usualCounts,
    fields: ['service'],
    format: number,
  },
];

const OF_WEB: readonly Measure<Web>[] = [
  {
    name: 'Failed',
    of: 'share of requests',
    unit: '%',
    value: (row) => row.error_rate,
    fields: ['status', 'error_rate'],
    detectors: ['high-error-rate'],
    format: (value) => percent(value),
  },
  {
    name: 'Spread of response times',
    of: 'standard deviation, ms',
    unit: 'ms',
    value: (row) => row.stddev_response_time,
    fields: ['stddev_response_time'],
    detectors: ['erratic-response-times'],
    format: number,
  },
  {
    name: 'Requests',
    of: 'a minute',
    unit: '',
    value: (row) => row.request_count,
    fields: ['request_count'],
    detectors: ['traffic-surge', 'traffic-drop'],
    format: number,
  },
  {
    name: 'Sent',
    of: 'bytes a minute',
    unit: '',
    value: (row) => row.bytes,
    fields: ['bytes'],
    format: (value) => `${bytes(value).value} ${bytes(value).unit}`,
  },
];

const OF_SENSOR: readonly Measure<Score>[] = [
  {
    name: 'Temperature',
    of: '°C',
    unit: '°C',
    value: (row) => row.temperature,
    fields: ['temperature'],
    format: number,
  },
  {
    name: 'Pressure',
    of: 'of the reading',
    unit: '',
    value: (row) => row.pressure,
    fields: ['pressure'],
    format: number,
  },
  {
    name: 'Value',
    of: 'of the reading',
    unit: '',
    value: (row) => row.value,
    fields: ['value'],
    format: number,
  },
];

/** Detectors of sensors whose range is not of readings: of how they scatter, repeat, are missing, or go together. */
const OF_ANOTHER_MEASURE: ReadonlySet<string> = new Set(['noise', 'stuck', 'missing', 'correlation']);

/** Detectors whose range is no habit but a limit. */
const WITH_LIMITS: ReadonlySet<string> = new Set([
  ...['over-limit', 'high-error-rate', 'HIGH_ERROR_RATE', 'HIGH_LATENCY', 'high_latency', 'SLOW_RESPONSE'],
  ...['abusive-client', 'ABUSIVE_ADDRESS', 'HIGH_REQUEST_VOLUME'],
]);

/** The signals of an incident, those that its alerts name first. */
export function signalsOf(incident: IncidentDetail): Signal[] {
  const { series, source_kind: kind } = incident;
  const scores = series.sensor_scores;
  // Windows come one after the other, readings as seldom as a sensor likes.
  const gapMs = gapOf(
    scores.map(({ timestamp }) => timestamp),
    60_000,
  );
  const signals =
    kind === 'service'
      ? OF_SERVICE.map((measure) => signal(measure, series.service_health, (row) => row.window_end, incident, 15_000))
      : kind === 'web'
        ? OF_WEB.map((measure) => signal(measure, series.web_statistics, (row) => row.window_end, incident, 150_000))
        : OF_SENSOR.map((measure) => signal(measure, scores, (row) => row.timestamp, incident, gapMs));
  return signals
    .filter(({ signal: { values } }) => values.some((value) => value !== null))
    .toSorted((one, other) => Number(other.isNamed) - Number(one.isNamed))
    .map((one) => one.signal);
}

function signal<Row>(
  { detectors = [], fields, format, name, of, unit, usual: usualIn, usualOf, value }: Measure<Row>,
  rows: readonly Row[],
  timeOf: (row: Row) => number,
  { alerts_list: alerts, opened }: IncidentDetail,
  gapMs: number,
): { readonly signal: Signal; readonly isNamed: boolean } {
  const alert = alerts.find(
    (one) =>
      (one.expected_low !== null || one.expected_high !== null) &&
      !OF_ANOTHER_MEASURE.has(one.detector) &&
      // The range is of the gravest signal, which is the first that an alert names.
      (detectors.includes(one.detector) || fields.includes(one.fields[0] ?? '')),
  );
  const times = rows.map(timeOf);
  const ends = usualIn?.(rows);
  const range = ends !== undefined && isKnown(ends) ? heldSince(ends, times, opened) : undefined;
  const said = alert === undefined ? undefined : { low: alert.expected_low, high: alert.expected_high };
  const last = range === undefined ? undefined : endsAt(range, rows.length - 1);
  const usual = said ?? (last?.low === null && last.high === null ? undefined : last);
  return {
    isNamed: alert !== undefined,
    signal: {
      ...{ name, of, unit, format, gapMs, times, usual, tick: unit === '%' ? share : format },
      values: rows.map(value),
      range: range ?? (said === undefined ? undefined : everywhere(said, rows.length)),
      isLimit: alert !== undefined && WITH_LIMITS.has(alert.detector),
      usualOf: usual === undefined ? undefined : usualOf,
    },
  };
}

const isKnown = ({ high, low }: Usual): boolean => [...low, ...high].some((end) => end !== null);

type Range = Pick<Signal, 'format' | 'isLimit' | 'unit' | 'usual' | 'usualOf'>;

/** Such as usual ≤ 3.6 %, limit 40 °C, or typical time usually 68 to 350 ms; nothing where it is not known. */
export function usualInWords({ isLimit, usualOf, ...range }: Range): string {
  const ends = endsInWords(range);
  if (ends === '') return '';
  if (isLimit) return `limit ${ends.replace(/^[≤≥] /, '')}`;
  return usualOf === undefined ? `usual ${ends}` : `${usualOf} usually ${ends}`;
}

function endsInWords({ format, unit, usual }: Omit<Range, 'isLimit' | 'usualOf'>): string {
  if (usual === undefined) return '';
  const { high, low } = usual;
  const end = unit === '' ? '' : ` ${unit}`;
  if (low === null) return high === null ? '' : `≤ ${format(high)}${end}`;
  if (high === null) return `≥ ${format(low)}${end}`;
  return `${format === number ? numbers(low, high) : `${format(low)} to ${format(high)}`}${end}`;
}

export function latestOf({ values }: Pick<Signal, 'values'>): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

export function isUnusual(value: number, { usual }: Pick<Signal, 'usual'>): boolean {
  return usual !== undefined && isOutside(usual, value);
}
