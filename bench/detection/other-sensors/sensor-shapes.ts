/** What comes between two readings, and what they are made of while nothing is wrong. */
export interface SensorShape {
  readonly name: string;
  /** Whether nothing may be chosen on it. */
  readonly isHeldOut: boolean;
  /** Sensors of one room. */
  readonly sensors: number;
  readonly everyMs: number;
  /** The shape of the gamma distribution of the times between readings; default: they are all the same. */
  readonly gaps?: number;
  /** Degrees, and what the pressure is at them. */
  readonly temperature: number;
  readonly pressure: number;
  /** By how much the pressure rises with a degree; default 0. */
  readonly coupling?: number;
  /** Standard deviations of a reading's own noise, of temperature and pressure. */
  readonly noise: readonly [temperature: number, pressure: number];
  /** Of Student's distribution that the noise has; default: it is normal. */
  readonly freedom?: number;
  /** Half of the difference between noon and midnight, and what weekends are colder, in degrees. */
  readonly day?: number;
  readonly weekend?: number;
  /** A level that wanders and comes back (Ornstein and Uhlenbeck, 1930), in part that of the room. */
  readonly wander?: { readonly deviation: number; readonly memoryHours: number; readonly together: number };
  /** What the calibration drifts in a day, in degrees; each sensor by its own share of it, up or down. */
  readonly driftPerDay?: number;
  /** Readings are multiples of it. */
  readonly step?: number;
  /** A heater that is on until it is so warm, and off until it is so cold: degrees an hour, up and down. */
  readonly thermostat?: { readonly band: number; readonly up: number; readonly down: number };
  /** A machine that is on by day, at times of its own: degrees more, and pressure. */
  readonly machine?: { readonly temperature: number; readonly pressure: number };
  /** The pressure is a count that rises by so much with each reading. */
  readonly counts?: number;
  /** It is off once in so many hours for so many, begins anew, and is warm after so many minutes. */
  readonly restarts?: { readonly everyHours: number; readonly hours: number; readonly warmMinutes: number };
}

const MINUTE_MS = 60_000;

export const OTHER_SENSOR_SHAPES: readonly SensorShape[] = [
  {
    ...{ name: 'days and weekends, every 5 min', isHeldOut: false, sensors: 3, everyMs: 5 * MINUTE_MS },
    ...{ temperature: 20, pressure: 80, noise: [0.3, 0.8], day: 3, weekend: 4 },
    wander: { deviation: 0.6, memoryHours: 6, together: 0.5 },
  },
  {
    ...{ name: 'a calibration that drifts, every 2 min', isHeldOut: false, sensors: 3, everyMs: 2 * MINUTE_MS },
    ...{ temperature: 60, pressure: 200, coupling: 2, noise: [0.4, 0.8], driftPerDay: 0.5 },
  },
  {
    ...{ name: 'halves of degrees, every 2 min', isHeldOut: false, sensors: 3, everyMs: 2 * MINUTE_MS },
    ...{ temperature: 21, pressure: 50, noise: [0.15, 0.15], day: 1.5, step: 0.5 },
  },
  {
    ...{ name: 'a thermostat, every 2 min', isHeldOut: false, sensors: 3, everyMs: 2 * MINUTE_MS },
    ...{ temperature: 19, pressure: 100, coupling: 0.5, noise: [0.1, 0.3] },
    thermostat: { band: 1.5, up: 6, down: 2 },
  },
  {
    ...{ name: 'a room, at irregular times', isHeldOut: false, sensors: 4, everyMs: 3 * MINUTE_MS, gaps: 0.8 },
    ...{ temperature: 24, pressure: 120, coupling: 1.5, noise: [0.2, 0.4] },
    wander: { deviation: 1.5, memoryHours: 3, together: 0.8 },
  },
  {
    ...{ name: 'heavy tails, every 2 min', isHeldOut: true, sensors: 3, everyMs: 2 * MINUTE_MS },
    ...{ temperature: 35, pressure: 90, noise: [0.5, 1], freedom: 3, day: 2 },
  },
  {
    ...{ name: 'a machine by day, every 2 min', isHeldOut: true, sensors: 3, everyMs: 2 * MINUTE_MS },
    ...{ temperature: 18, pressure: 10, noise: [0.4, 0.5], machine: { temperature: 30, pressure: 60 } },
  },
  {
    ...{ name: 'a counter, every 5 min', isHeldOut: true, sensors: 3, everyMs: 5 * MINUTE_MS },
    ...{ temperature: 40, pressure: 0, noise: [0.3, 0], counts: 12, day: 2 },
  },
  {
    ...{ name: 'gaps and restarts, every 2 min', isHeldOut: true, sensors: 3, everyMs: 2 * MINUTE_MS },
    ...{ temperature: 30, pressure: 70, coupling: 1, noise: [0.3, 0.5], day: 2 },
    restarts: { everyHours: 20, hours: 2, warmMinutes: 20 },
  },
  {
    ...{ name: 'tenths, a room, at irregular times', isHeldOut: true, sensors: 4, everyMs: 4 * MINUTE_MS, gaps: 2 },
    ...{ temperature: 5, pressure: 30, noise: [0.15, 0.3], step: 0.1, weekend: 1 },
    wander: { deviation: 1, memoryHours: 12, together: 0.9 },
  },
];
