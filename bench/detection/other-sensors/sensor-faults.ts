/** What is wrong with a sensor, by the number of readings since it began. */
export interface SensorChange {
  /** For how many readings. */
  readonly readings: number;
  /** It says what it said last. */
  readonly isStuck?: boolean;
  /** It says nothing at all, or that there is no value. */
  readonly isAbsent?: boolean;
  readonly isNull?: boolean;
  /** In usual deviations: at once, growing to it, or of noise that comes to it. */
  readonly step?: number;
  readonly drift?: number;
  readonly noise?: number;
  /** It says the one number in the place of the other. */
  readonly isSwapped?: boolean;
  /** Degrees of Fahrenheit. */
  readonly isFahrenheit?: boolean;
}

export const OTHER_SENSOR_FAULTS = {
  stuck: { readings: 60, isStuck: true },
  'a spike': { readings: 1, step: 15 },
  'a step up': { readings: 60, step: 6 },
  'a step down': { readings: 60, step: -6 },
  drift: { readings: 200, drift: 10 },
  noise: { readings: 60, noise: 5 },
  'no readings': { readings: 60, isAbsent: true },
  'no values': { readings: 60, isNull: true },
  'the two numbers swapped': { readings: 60, isSwapped: true },
  'another unit': { readings: 60, isFahrenheit: true },
} as const satisfies Readonly<Record<string, SensorChange>>;

export type OtherSensorFaultKind = keyof typeof OTHER_SENSOR_FAULTS;

/** A fault with its label. */
export interface OtherSensorFault {
  readonly kind: OtherSensorFaultKind;
  readonly sensor: string;
  /** [start, end) in event time, milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
}
