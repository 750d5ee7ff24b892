import type { SensorReading } from '../../../schemas/records.js';
import { Dice } from '../other-shapes/dice.js';
import { OTHER_SENSOR_FAULTS, type OtherSensorFault, type SensorChange } from './sensor-faults.js';
import type { SensorShape } from './sensor-shapes.js';

const CHUNK_MS = 3_600_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The room's level is drawn so often. */
const ROOM_MS = 300_000;

interface Values {
  temperature: number | null;
  pressure: number | null;
}

/** What goes on in a sensor, from one reading to the next. */
interface Running {
  readonly id: string;
  /** Its own share of the drift of calibrations, and by how much it reads more than others. */
  readonly drift: number;
  readonly offset: number;
  nextMs: number;
  lastMs: number;
  level: number;
  /** Of the thermostat. */
  heat: number;
  isOn: boolean;
  /** Of the machine: when it is switched next. */
  switchMs: number;
  count: number;
  /** When it is off next, and since when it is on. */
  offMs: number;
  onMs: number;
  said: Values;
}

/** The readings of a shape's sensors in the order of their times, an hour at a time. */
export function* readingsOf(
  shape: SensorShape,
  options: {
    readonly faults: readonly OtherSensorFault[];
    readonly days: number;
    readonly seed: number;
    readonly startMs: number;
  },
): Generator<readonly SensorReading[]> {
  const { days, faults, seed, startMs } = options;
  const room = new Room(shape, new Dice(seed), faults, startMs);
  for (let from = startMs; from < startMs + days * DAY_MS; from += CHUNK_MS) yield room.readTo(from + CHUNK_MS);
}

class Room {
  readonly #sensors: readonly Running[];
  /** The level that all have in common, at every five minutes. */
  readonly #shared: number[] = [0];

  constructor(
    readonly shape: SensorShape,
    readonly dice: Dice,
    readonly faults: readonly OtherSensorFault[],
    readonly startMs: number,
  ) {
    const { restarts, sensors } = shape;
    this.#sensors = Array.from({ length: sensors }, (_, n): Running => {
      const offMs = restarts === undefined ? Number.POSITIVE_INFINITY : startMs + this.#gapMs(restarts.everyHours);
      return {
        ...{ id: `r${n}`, drift: dice.normal(), offset: dice.normal(), nextMs: startMs + 1000 * n, lastMs: startMs },
        ...{ level: 0, heat: 0, isOn: false, switchMs: startMs, count: 0, offMs, onMs: Number.NEGATIVE_INFINITY },
        said: { temperature: null, pressure: null },
      };
    });
  }

  readTo(end: number): readonly SensorReading[] {
    const readings: SensorReading[] = [];
    for (const sensor of this.#sensors) {
      while (sensor.nextMs < end) {
        const reading = this.#read(sensor, sensor.nextMs);
        if (reading !== undefined) readings.push(reading);
        const { everyMs, gaps } = this.shape;
        sensor.nextMs += Math.round(gaps === undefined ? everyMs : everyMs * this.dice.gamma(gaps)) || 1;
      }
    }
    return readings.sort((one, other) => one.timestamp - other.timestamp);
  }

  #gapMs(hours: number): number {
    return hours * HOUR_MS * this.dice.gamma(3);
  }

  #read(sensor: Running, time: number): SensorReading | undefined {
    const { restarts } = this.shape;
    const measured = this.#measure(sensor, time);
    sensor.lastMs = time;
    if (restarts !== undefined && time >= sensor.offMs) {
      sensor.nextMs = time + Math.round(this.#gapMs(restarts.hours));
      Object.assign(sensor, { onMs: sensor.nextMs, offMs: sensor.nextMs + this.#gapMs(restarts.everyHours), count: 0 });
      return undefined;
    }
    const fault = this.faults.find((one) => one.sensor === sensor.id && one.startMs <= time && time < one.endMs);
    const change: SensorChange | undefined = fault && OTHER_SENSOR_FAULTS[fault.kind];
    if (change?.isAbsent) return undefined;
    const said = fault && change ? this.#changed(sensor, measured, change, time - fault.startMs) : measured;
    sensor.said = said;
    return { sensor_id: sensor.id, ...said, timestamp: time, is_anomaly: fault !== undefined };
  }

  #changed({ said }: Running, measured: Values, change: SensorChange, sinceMs: number): Values {
    const { drift = 0, isFahrenheit, isNull, isStuck, isSwapped, noise = 0, readings, step = 0 } = change;
    if (isNull) return { temperature: null, pressure: null };
    if (isStuck) return said;
    const { pressure, temperature } = measured;
    if (isSwapped) return { temperature: pressure, pressure: temperature };
    const grown = drift * Math.min(1, sinceMs / (readings * this.shape.everyMs));
    const deviations = step + grown + noise * this.dice.normal();
    const moved = (temperature ?? 0) + deviations * usualDeviation(this.shape);
    return { pressure, temperature: this.#written(isFahrenheit ? moved * 1.8 + 32 : moved) };
  }

  #measure(sensor: Running, time: number): Values {
    const { counts, coupling = 0, driftPerDay = 0, noise, pressure, restarts, temperature } = this.shape;
    const machine = this.#machine(sensor, time);
    const warm = restarts === undefined ? 0 : Math.exp((sensor.onMs - time) / (restarts.warmMinutes * 60_000));
    const moved =
      this.#season(time) + this.#wander(sensor, time) + this.#thermostat(sensor, time) + machine.temperature - 8 * warm;
    const drifted = (driftPerDay * sensor.drift * (time - this.startMs)) / DAY_MS;
    const [own, other] = [noise[0] * this.#noise(), noise[1] * this.#noise()];
    if (counts !== undefined) sensor.count += Math.round(counts * this.dice.gamma(4));
    return {
      temperature: this.#written(temperature + sensor.offset + moved + drifted + own),
      pressure: this.#written(
        counts === undefined ? pressure + coupling * moved + machine.pressure + other : sensor.count,
      ),
    };
  }

  #season(time: number): number {
    const { day = 0, weekend = 0 } = this.shape;
    const date = new Date(time);
    const isWeekend = date.getUTCDay() % 6 === 0;
    return -day * Math.cos((2 * Math.PI * (time % DAY_MS)) / DAY_MS) - (isWeekend ? weekend : 0);
  }

  #wander(sensor: Running, time: number): number {
    const { wander } = this.shape;
    if (wander === undefined) return 0;
    const { deviation, memoryHours, together } = wander;
    const kept = (ms: number) => Math.exp(-ms / (memoryHours * HOUR_MS));
    const next = (level: number, ms: number) => kept(ms) * level + Math.sqrt(1 - kept(ms) ** 2) * this.dice.normal();
    const place = (time - this.startMs) / ROOM_MS;
    while (this.#shared.length < place + 2) this.#shared.push(next(this.#shared.at(-1) ?? 0, ROOM_MS));
    const at = Math.floor(place);
    const [one = 0, other = 0] = this.#shared.slice(at, at + 2);
    sensor.level = next(sensor.level, time - sensor.lastMs);
    const shared = one + (other - one) * (place - at);
    return deviation * (Math.sqrt(together) * shared + Math.sqrt(1 - together) * sensor.level);
  }

  #thermostat(sensor: Running, time: number): number {
    const { thermostat } = this.shape;
    if (thermostat === undefined) return 0;
    const hours = (time - sensor.lastMs) / HOUR_MS;
    sensor.heat += hours * (sensor.isOn ? thermostat.up : -thermostat.down);
    if (sensor.heat > thermostat.band / 2) sensor.isOn = false;
    if (sensor.heat < -thermostat.band / 2) sensor.isOn = true;
    return sensor.heat;
  }

  #machine(sensor: Running, time: number): { temperature: number; pressure: number } {
    const { machine } = this.shape;
    if (machine === undefined) return { temperature: 0, pressure: 0 };
    if (time >= sensor.switchMs) {
      const midnight = time - (time % DAY_MS);
      const hour = (time - midnight) / HOUR_MS;
      const isWork = hour >= 7 && hour < 18 && new Date(time).getUTCDay() % 6 !== 0;
      sensor.isOn = isWork && !sensor.isOn;
      // At work it is on for about two hours, and off for half of one; then it is off until the morning.
      const morning = midnight + (hour >= 18 ? DAY_MS : 0) + (7 + 0.2 * this.dice.uniform()) * HOUR_MS;
      const next = time + (sensor.isOn ? 2 : 0.5) * HOUR_MS * this.dice.gamma(4);
      sensor.switchMs = isWork ? Math.min(next, midnight + 18 * HOUR_MS) : Math.max(morning, time + HOUR_MS / 2);
    }
    return sensor.isOn ? machine : { temperature: 0, pressure: 0 };
  }

  #noise(): number {
    const { freedom } = this.shape;
    const normal = this.dice.normal();
    return freedom === undefined ? normal : normal / Math.sqrt(this.dice.gamma(freedom / 2));
  }

  #written(value: number): number {
    const { step = 0.01 } = this.shape;
    return Number((Math.round(value / step) * step).toFixed(3));
  }
}

/** How far readings are from what is usual at their hour, in the mean: what a fault is measured in. */
function usualDeviation({ noise, step = 0, thermostat, wander }: SensorShape): number {
  return Math.hypot(noise[0], step, wander?.deviation ?? 0, (thermostat?.band ?? 0) / 2);
}
