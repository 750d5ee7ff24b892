import type { SensorReading } from '../schemas/records.js';
import { FaultSchedule } from './fault-schedule.js';
import { Random } from './random.js';

/** What can be wrong with a sensor, or with what it measures. */
export type SensorFaultKind =
  /** The temperature is over 40 °C. */
  | 'overheating'
  /** The pressure is over 120. */
  | 'overpressure'
  /** The temperature rises slowly, and stays under every limit. */
  | 'drift'
  /** It says the same number again and again. */
  | 'stuck';

export interface SensorFault {
  readonly kind: SensorFaultKind;
  readonly sensorId: string;
  /** [start, end) in event time, milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface SensorOptions {
  readonly seed: number;
  /** Where event time starts, in milliseconds since the epoch. */
  readonly startMs: number;
  /** Default 20. */
  readonly sensors?: number;
  /** Of all sensors together. Default 10. */
  readonly readingsPerSecond?: number;
  /** In order of time; default: one a minute, of each kind in turn. */
  readonly faults?: Iterable<SensorFault>;
}

export interface SimulatedReading {
  readonly reading: SensorReading;
  readonly fault: SensorFault | undefined;
}

const KINDS: readonly SensorFaultKind[] = ['overheating', 'overpressure', 'drift', 'stuck'];
const FIRST_AFTER_MS = 60_000;
const EVERY_MS = 60_000;
const DURATION_MS = 30_000;
const DAY_MS = 86_400_000;
const DAILY_DEGREES = 3;

function* demonstrationFaults(startMs: number, sensors: number): Generator<SensorFault> {
  for (let n = 0; ; n++) {
    const from = startMs + FIRST_AFTER_MS + n * EVERY_MS;
    const sensorId = sensorName(n % sensors);
    yield { kind: KINDS[n % KINDS.length] as SensorFaultKind, sensorId, startMs: from, endMs: from + DURATION_MS };
  }
}

interface Sensor {
  readonly id: string;
  readonly temperature: number;
  readonly pressure: number;
  /** What it said last. */
  last: { readonly temperature: number; readonly pressure: number } | undefined;
}

/** Readings in turn of each sensor, around a level of its own and with the day; the same for the same seed. */
export class SensorSimulator {
  readonly #random: Random;
  readonly #sensors: readonly Sensor[];
  readonly #intervalMs: number;
  readonly #schedule: FaultSchedule<SensorFault>;
  #arrivalMs: number;
  #turn = 0;

  constructor({ faults, readingsPerSecond = 10, seed, sensors = 20, startMs }: SensorOptions) {
    const random = new Random(seed);
    this.#random = random;
    this.#sensors = Array.from({ length: sensors }, (_, index) => ({
      id: sensorName(index),
      temperature: 18 + 8 * random.uniform(),
      pressure: 95 + 10 * random.uniform(),
      last: undefined,
    }));
    this.#intervalMs = 1000 / readingsPerSecond;
    this.#schedule = new FaultSchedule(faults ?? demonstrationFaults(startMs, sensors));
    this.#arrivalMs = startMs;
  }

  /** Every fault that has begun. */
  get faults(): readonly SensorFault[] {
    return this.#schedule.begun;
  }

  /** When the next reading is taken. */
  get arrivalMs(): number {
    return this.#arrivalMs;
  }

  next(): SimulatedReading {
    const random = this.#random;
    const time = this.#arrivalMs;
    this.#arrivalMs += this.#intervalMs;
    const sensor = this.#sensors[this.#turn++ % this.#sensors.length] as Sensor;
    const fault = this.#schedule.at(time).find(({ sensorId }) => sensorId === sensor.id);
    const daily = DAILY_DEGREES * Math.sin((2 * Math.PI * (time % DAY_MS)) / DAY_MS);
    let temperature = sensor.temperature + daily + 0.4 * random.normal();
    let pressure = sensor.pressure + 0.8 * random.normal();
    if (fault?.kind === 'overheating') temperature = 45 + random.normal();
    if (fault?.kind === 'overpressure') pressure = 130 + 2 * random.normal();
    if (fault?.kind === 'drift') temperature += (8 * (time - fault.startMs)) / (fault.endMs - fault.startMs);
    if (fault?.kind === 'stuck' && sensor.last !== undefined) ({ pressure, temperature } = sensor.last);
    sensor.last = { temperature: round(temperature), pressure: round(pressure) };
    return {
      reading: { sensor_id: sensor.id, ...sensor.last, timestamp: Math.floor(time), is_anomaly: fault !== undefined },
      fault,
    };
  }
}

function sensorName(index: number): string {
  return `sensor-${index}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
