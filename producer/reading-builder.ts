import type { SensorReading } from '../schemas/records.js';
import type { EventClock } from './event-clock.js';
import { LineRefusal, type ReadingFields, says, shown } from './formats/line-format.js';
import type { OddFieldCounts } from './odd-fields.js';

const LONGEST_NAME = 1024;
const DECIMAL = /^\s*[+-]?(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\s*$/;

/**
 * Makes a reading of a line's fields: it must name a sensor and a time, and have a temperature or a pressure.
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
  if (temperature === null && pressure === null) {
    return new LineRefusal('no-measurement', 'neither a temperature nor a pressure that is a number');
  }
  return { sensor_id: sensor.slice(0, LONGEST_NAME), temperature, pressure, timestamp, is_anomaly: false };
}

function measured(value: unknown, name: string, oddFields: OddFieldCounts): number | null {
  if (!says(value)) return null;
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  oddFields.add(name, 'no number');
  return null;
}
