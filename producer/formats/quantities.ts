import { timeWithin } from './json-times.js';
import { ReadingFields, says } from './line-format.js';
import { isObject, type Members } from './members.js';

const DECIMAL = /^\s*[+-]?(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\s*$/;
const TIMES = ['timestamp', '@timestamp', 'time', 'ts', 'datetime', 'date', 't', 'unixtime'];
/** Members that name what was measured at, or on; the last two do so for a single value only. */
const SENSORS = [
  ...['sensor_id', 'sensorid', 'sensor', 'device_id', 'deviceid', 'device', 'entity_id', 'machine', 'station', 'asset'],
  ...['host', 'hostname', 'instance', 'node', 'location', 'room', 'site', 'series'],
];
const SENSORS_OF_A_VALUE = [...SENSORS, 'name', 'id'];
/** Members that name what a value is of. */
const KINDS = [
  'metric',
  'measurement',
  'quantity',
  'property',
  'parameter',
  'variable',
  'channel',
  'field',
  'kind',
  'type',
];
const VALUES = ['value', 'val', 'reading'];
/** Members in which a message has what was read. */
const WITHIN = ['fields', 'values', 'data', 'payload', 'readings', 'measurements', 'metrics'];
/** Numbers that count, name or place something, tell of the device, or are the verdict of whoever made the data. */
const NO_QUANTITY =
  /^(?:(?:.*_)?(?:id|uuid|seq|sequence|index|idx|no|nr|num|version|port|pid|epoch|code|zip)|row|line|offset|year|month|day|hour|minute|second|week(?:day)?|lat(?:itude)?|lon(?:gitude)?|lng|label|class|target|(?:is_?)?anomaly|changepoint|battery.*|linkquality|lqi|rssi|snr|uptime.*|status|quality|interval|bt|bver|bs|notes?|comments?|remarks?|description|text|title)$/i;
/** What stands beside a value without being a part of its name. */
const BESIDE = /^(?:units?|quality|status|state|source|notes?|comments?|remarks?|description|zone|timezone)$/i;
/** Temperatures and pressures have fields of their own; what is called so, the name of what it is of stands elsewhere. */
const OF_ITS_OWN = /^(?:temp|tmp|tc$|press|value$|val$|reading$|state$|.$)/i;
/** Of one line. */
const MOST = 256;

/** Whether a value is a number, as one or as a text. */
export function isNumeric(value: unknown): boolean {
  return typeof value === 'string' ? DECIMAL.test(value) : typeof value === 'number' && Number.isFinite(value);
}

/**
 * The numbers that a line says at one time: `{"machine": "pump-1", "vibration": 0.2, "time": …}`, a value with the name of what it
 * is of, or a row of a table. Each quantity is a series of its own. Undefined where it is not plain that they are measurements:
 * nothing says whose they are and, in a table, there are texts besides.
 *
 * @param isTable under a header that names all columns
 */
export function quantitiesIn(object: Members, isTable: boolean): ReadingFields | undefined {
  const lower = inLowerCase(object);
  const time = TIMES.map((name) => lower[name]).find(says) ?? timeWithin(object);
  if (!says(time)) return undefined;
  const single = VALUES.find((name) => isNumeric(lower[name]));
  if (single !== undefined) {
    const sensor = named(lower, SENSORS_OF_A_VALUE);
    const kind = named(lower, KINDS);
    if (sensor === undefined && kind === undefined && isTable && hasTexts(lower)) return undefined;
    const fields = reading(sensor ?? kind, time, lower[single]);
    fields.quantity = sensor === undefined ? undefined : kind;
    return fields;
  }
  const sensor = named(lower, SENSORS);
  if (sensor === undefined && (!isTable || hasTexts(lower))) return undefined;
  const [first, ...more] = quantitiesBeside(object, sensor, time);
  if (first !== undefined && more.length > 0) first.more = more;
  return first;
}

/** The quantities of a line that have no field of their own, a reading each. */
export function quantitiesBeside(object: Members, sensor: unknown, time: unknown): ReadingFields[] {
  const found: ReadingFields[] = [];
  const inner = WITHIN.map((name) => object[name]).filter(isObject);
  for (const members of [object, ...inner]) {
    for (const name in members) {
      const value = members[name];
      if (!isNumeric(value) || !isQuantity(name) || isTime(name, value) || found.length >= MOST) continue;
      const fields = reading(sensor, time, value);
      fields.quantity = name;
      found.push(fields);
    }
  }
  return found;
}

function isQuantity(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    !TIMES.includes(lower) && !SENSORS_OF_A_VALUE.includes(lower) && !NO_QUANTITY.test(name) && !OF_ITS_OWN.test(name)
  );
}

function reading(sensor: unknown, time: unknown, value: unknown): ReadingFields {
  const fields = new ReadingFields();
  fields.sensor = sensor;
  fields.time = time;
  fields.value = value;
  return fields;
}

function named(members: Members, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = members[name];
    if (typeof text === 'number') return String(text);
    if (typeof text === 'string' && says(text)) return text;
  }
  return undefined;
}

/** Texts that may tell one series from another. */
function hasTexts(members: Members): boolean {
  return Object.entries(members).some(
    ([name, value]) =>
      typeof value === 'string' &&
      !isNumeric(value) &&
      !TIMES.includes(name) &&
      !BESIDE.test(name) &&
      !isTime(name, value),
  );
}

function isTime(name: string, value: unknown): boolean {
  return timeWithin({ [name]: value }) !== undefined;
}

function inLowerCase(object: Members): Members {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name.toLowerCase(), value]));
}
