/** Simulated sensors of many shapes, with faults of each kind: what is found of them, and what is called a fault falsely. */
import { noCorrelation, residualOf } from '../../detection/correlation.js';
import { Random } from '../../producer/random.js';
import type { SensorReading } from '../../schemas/records.js';
import { Monitor } from '../../topology/monitoring/monitor.js';
import { type Observation, probabilityOf, readingDetections } from '../../topology/sensors/reading-detections.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LIMITS = { temperature: 1000, pressure: 10_000 };

interface Measured {
  temperature: number | null;
  pressure: number | null;
}

export interface SensorShape {
  readonly name: string;
  readonly isTuned: boolean;
  readonly everyMs: number;
  /** Usual deviations of temperature and pressure. */
  readonly deviations: readonly [number, number];
  readonly correlation: number;
  /** Of the noise from one reading to the next. */
  readonly memory?: number;
  readonly digits?: number;
  readonly mean: (timeMs: number) => readonly [number, number];
  readonly freedom?: number;
}

const wave = (timeMs: number, size: number, periodMs = DAY_MS) => size * Math.sin((2 * Math.PI * timeMs) / periodMs);

export const SENSOR_SHAPES: readonly SensorShape[] = [
  {
    name: 'a day, every 2 s',
    isTuned: true,
    everyMs: 2000,
    deviations: [0.4, 0.8],
    correlation: 0,
    mean: (t) => [22 + wave(t, 3), 100],
  },
  {
    name: 'one with the other, every 5 s',
    isTuned: true,
    everyMs: 5000,
    deviations: [0.5, 1],
    correlation: 0.9,
    mean: (t) => [60 + wave(t, 2), 200 + wave(t, 4)],
  },
  {
    name: 'tenths of degrees, every 10 s',
    isTuned: true,
    everyMs: 10_000,
    deviations: [0.3, 0.5],
    correlation: 0.5,
    digits: 1,
    mean: () => [20, 50],
  },
  {
    name: 'a controller, every 5 s',
    isTuned: false,
    everyMs: 5000,
    deviations: [0.1, 0.2],
    correlation: 0.85,
    mean: (t) => [70 + wave(t, 1, HOUR_MS / 3), 30 + wave(t, 2, HOUR_MS / 3)],
  },
  {
    name: 'slow noise, every 2 s',
    isTuned: false,
    everyMs: 2000,
    deviations: [0.5, 0.5],
    correlation: 0.8,
    memory: 0.9,
    mean: () => [35, 90],
  },
  {
    name: 'outliers, every 3 s',
    isTuned: false,
    everyMs: 3000,
    deviations: [0.4, 1],
    correlation: 0.9,
    freedom: 4,
    mean: (t) => [10 + wave(t, 5), 110],
  },
];

export const SENSOR_FAULTS = ['drift', 'stuck', 'noise', 'correlation', 'nulls', 'spike'] as const;
export type SensorFaultKind = (typeof SENSOR_FAULTS)[number];

const FAULT_READINGS = 400;

export interface JudgedReading {
  readonly isFaulty: boolean;
  readonly probability: number;
}

/** Readings of a sensor, the last 400 with a fault; what opened, by the number of the reading. */
export function judgeSensor(shape: SensorShape, fault: SensorFaultKind | undefined, seed: number, readings: number) {
  const random = new Random(seed);
  const { correlation: rho, deviations, digits = 3, everyMs, freedom, memory = 0 } = shape;
  const monitor = new Monitor('sensor', readingDetections(LIMITS));
  const state = monitor.initial();
  const correlation = noCorrelation();
  const faultFrom = fault === undefined ? readings : readings - FAULT_READINGS;
  let last: Measured | undefined;
  let noise: [number, number] = [0, 0];
  const opened: { reading: number; detector: string }[] = [];
  const judged: JudgedReading[] = [];
  const heavy = () =>
    freedom === undefined
      ? 1
      : Math.sqrt(
          freedom / (2 * Array.from({ length: freedom / 2 }, () => random.exponential(1)).reduce((a, b) => a + b, 0)),
        );
  for (let n = 0; n < readings; n++) {
    const time = n * everyMs;
    const isFaulty = n >= faultFrom && (fault !== 'spike' || n === faultFrom);
    const own = random.normal();
    const other = random.normal();
    const shared = isFaulty && fault === 'correlation' ? random.normal() : own;
    const scale = heavy();
    const fresh = Math.sqrt(1 - memory ** 2);
    noise = [
      memory * noise[0] + fresh * scale * own,
      memory * noise[1] + fresh * scale * (rho * shared + Math.sqrt(1 - rho ** 2) * other),
    ];
    const [t, p] = shape.mean(time);
    let temperature: number | null = t + deviations[0] * noise[0];
    let pressure: number | null = p + deviations[1] * noise[1];
    if (isFaulty && fault === 'noise') temperature += 3 * deviations[0] * random.normal();
    if (isFaulty && fault === 'drift') temperature += (6 * deviations[0] * (n - faultFrom)) / FAULT_READINGS;
    if (isFaulty && fault === 'spike') temperature += 12 * deviations[0];
    const rounded = (value: number) => Number(value.toFixed(digits));
    let now: Measured = { temperature: rounded(temperature), pressure: rounded(pressure) };
    if (isFaulty && fault === 'stuck' && last !== undefined) now = { ...now, temperature: last.temperature };
    if (isFaulty && fault === 'nulls') now = { temperature: null, pressure: null };
    ({ temperature, pressure } = now);
    const residual =
      temperature === null || pressure === null ? undefined : residualOf(correlation, temperature, pressure);
    const reading: SensorReading = { sensor_id: 's', temperature, pressure, timestamp: time, is_anomaly: isFaulty };
    const observation: Observation = { reading, last, residual };
    const { alerts, scores } = monitor.observe(state, observation, { entity: 's', scope: 's', start: time, end: time });
    for (const alert of alerts) if (alert.state === 'opened') opened.push({ reading: n, detector: alert.detector });
    judged.push({ isFaulty, probability: probabilityOf(scores) });
    last = { temperature: temperature ?? last?.temperature ?? null, pressure: pressure ?? last?.pressure ?? null };
  }
  return { opened, judged, faultFrom };
}
