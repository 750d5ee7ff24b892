import type { SensorReading } from '../schemas/records.js';
import type { EventClock } from './event-clock.js';
import { type LineOutcome, LineRefusal, ReadingFields, says, shown } from './formats/line-format.js';
import { isNumeric } from './formats/quantities.js';
import type { OddFieldCounts } from './odd-fields.js';

const LONGEST_NAME = 1024;

/**
 * Makes a reading of a line's fields: it must name a sensor and a time, and have a temperature, a pressure or a value.
 *
 * @param source the sensor of lines that name none
 */
export function readingOf(
  fields: ReadingFields,
  clock: EventClock,
  oddFields: OddFieldCounts,
  source?: string,
): SensorReading | LineRefusal {
  const timestamp = clock.timestamp(fields.time);
  if (typeof timestamp !== 'number') return timestamp;
  const named = says(fields.sensor) ? fields.sensor : source;
  const sensor = typeof named === 'number' ? String(named) : named;
  if (typeof sensor !== 'string' || !says(sensor)) {
    return new LineRefusal('missing-field', `the sensor is not named: ${shown(fields.sensor)}`);
  }
  const temperature = measured(fields.temperature, 'temperature', oddFields);
  const pressure = measured(fields.pressure, 'pressure', oddFields);
  const value = measured(fields.value, fields.quantity ?? 'value', oddFields);
  if (temperature === null && pressure === null && value === null) {
    return new LineRefusal('no-measurement', 'no temperature, pressure or value that is a number');
  }
  const { quantity } = fields;
  const name = quantity === undefined ? sensor : `${sensor}/${quantity}`;
  return { sensor_id: name.slice(0, LONGEST_NAME), temperature, pressure, value, timestamp, is_anomaly: false };
}

const NONE: readonly ReadingFields[] = [];

/** What else a line says that was read at that time, in milliseconds since the epoch: what is odd with a time is said once. */
export function furtherReadings(fields: LineOutcome, timestamp: number): readonly ReadingFields[] {
  if (!(fields instanceof ReadingFields) || fields.more === undefined) return NONE;
  const time = new Date(timestamp).toISOString();
  for (const reading of fields.more) reading.time = time;
  return fields.more;
}

function measured(value: unknown, name: string, oddFields: OddFieldCounts): number | null {
  if (!says(value)) return null;
  const number = typeof value === 'string' && isNumeric(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  oddFields.add(name, 'no number');
  return null;
}
