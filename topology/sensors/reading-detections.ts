import { createDetector } from '../../detection/detectors.js';
import { driftChart } from '../../detection/drift-chart.js';
import { type LocalTime, UTC } from '../../detection/local-time.js';
import { runLength } from '../../detection/run-length.js';
import { spreadChart } from '../../detection/spread-chart.js';
import { threshold } from '../../detection/threshold.js';
import type { SensorReading } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { alertScoreOf } from '../budgets.js';
import { short } from '../monitoring/numbers-in-words.js';
import type { Detection, SeriesSignal } from '../monitoring/signals.js';

/** A reading, and what is known of it by those before. */
export interface Observation {
  readonly reading: SensorReading;
  readonly last: LastRead | undefined;
  /** How far the pressure is from what the temperature lets one expect; undefined where they do not go together. */
  readonly residual: number | undefined;
}

/** What a reading may hold. */
export const FIELDS = ['temperature', 'pressure', 'value'] as const;

type Field = (typeof FIELDS)[number];

/** What older versions have written lacks the value. */
export type LastRead = Pick<SensorReading, Field>;

/** As many readings within the limits, or as many usual ones, end an episode. */
const CLOSE_AFTER = 10;
/** Of these it is known that they have limits and scatter alike at all levels; of a value, which may be a count, it is not. */
const PHYSICAL = ['temperature', 'pressure'] as const;
const UNITS: Readonly<Record<Field, string>> = { temperature: ' °C', pressure: '', value: '' };
const OVER_LIMIT = 'over-limit';

/** Each is an alert of its own: what is wrong with a sensor, or with what it measures. */
export function readingDetections(
  limits: ApplicationConfig['sensors'],
  localTime: LocalTime = UTC,
  falseAlarmsPerWeek = 1,
): Detection<Observation>[] {
  const ofFields = <F extends Field>(
    fields: readonly F[],
    name: string,
    signal: (field: F) => Omit<SeriesSignal<Observation>, 'field'>,
  ): Detection<Observation> => ({
    name,
    signals: fields.map((field) => ({ ...signal(field), field })),
    episodes: { closeAfter: CLOSE_AFTER },
  });
  const ofEach = (name: string, signal: (field: Field) => Omit<SeriesSignal<Observation>, 'field'>) =>
    ofFields(FIELDS, name, signal);
  const reads =
    (field: Field) =>
    ({ reading }: Observation) =>
      reading[field] ?? undefined;
  const explain = (field: Field) => (value: number) => `a ${field} of ${short(value)}${UNITS[field]}`;
  return [
    ofFields(PHYSICAL, OVER_LIMIT, (field) => ({
      ...{ value: reads(field), explain: explain(field) },
      ...{ detector: threshold({ limit: limits[field] }), side: 'high', severity: 'critical' },
    })),
    ofEach('unusual-reading', (field) => ({
      ...{
        value: reads(field),
        explain: explain(field),
        detector: createDetector({ name: 'multi-resolution', alertScore: alertScoreOf(falseAlarmsPerWeek) }, localTime),
        severity: 'warning',
      },
    })),
    ofEach('drift', (field) => ({
      value: reads(field),
      explain: (value) => `its ${field} drifts, and is at ${short(value)}${UNITS[field]}`,
      ...{ detector: driftChart(), severity: 'warning', explainsAll: true },
    })),
    ofFields(PHYSICAL, 'noise', (field) => ({
      value: ({ last, reading }) => {
        const [before, now] = [last?.[field] ?? null, reading[field] ?? null];
        return before === null || now === null ? undefined : now - before;
      },
      explain: () => `its ${field} scatters more than it did`,
      ...{ detector: spreadChart(), severity: 'warning', explainsAll: true },
    })),
    ofEach('stuck', (field) => ({
      value: ({ last, reading }) => {
        const [before, now] = [last?.[field] ?? null, reading[field] ?? null];
        return before === null || now === null ? undefined : Number(before === now);
      },
      explain: (_again, { reading }) => `its ${field} stays at ${short(reading[field] ?? 0)}${UNITS[field]}`,
      ...{ detector: runLength(), severity: 'warning', explainsAll: true },
    })),
    ofFields(PHYSICAL, 'missing', (field) => ({
      value: ({ reading }) => Number(reading[field] === null),
      explain: () => `its readings hold no ${field}`,
      ...{ detector: runLength(), severity: 'warning', explainsAll: true },
    })),
    {
      name: 'correlation',
      signals: [
        {
          value: ({ residual }) => residual,
          field: 'pressure',
          explain: () => 'its temperature and pressure no longer go together',
          ...{ detector: spreadChart(), severity: 'warning', explainsAll: true },
        },
      ],
      episodes: { closeAfter: CLOSE_AFTER },
    },
  ];
}

/** Odds of an anomaly where evidence is at the limit, and how fast they grow with it, in its share of the limit. */
const AT_LIMIT = 11;
const STEEPNESS = 20;
/** The score at a detector's limit. */
const LIMITS: Readonly<Record<string, number>> = { 'unusual-reading': 0.43 };
const HALF = 0.5;

/** The probability that something is wrong, of the learned detections' scores. */
export function probabilityOf(scores: Readonly<Record<string, number>>): number {
  let most = 0;
  for (const [name, score] of Object.entries(scores)) {
    if (name === OVER_LIMIT) continue;
    const limit = LIMITS[name] ?? HALF;
    most = Math.max(most, score / (1 - score) / (limit / (1 - limit)));
  }
  return 1 / (1 + Math.exp(-(AT_LIMIT + STEEPNESS * (most - 1))));
}
