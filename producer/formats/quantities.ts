import { timeWithin } from './json-times.js';
import { ReadingFields, says } from './line-format.js';
import { isObject, type Members } from './members.js';

const DECIMAL = /^\s*[+-]?(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\s*$/;
const TIMES = ['timestamp', '@timestamp', 'time', 'ts', 'datetime', 'date', 't', 'unixtime', 'unix', 'epoch', '_time'];
/** Members that name what was measured at, or on; the last two do so for a single value only. */
const SENSORS = [
  ...['sensor_id', 'sensorid', 'sensor', 'device_id', 'deviceid', 'device', 'entity_id', 'machine', 'station', 'asset'],
  ...['host', 'hostname', 'instance', 'node', 'location', 'room', 'site', 'series'],
  ...['nodeid', 'node_id', 'tag', 'tagname', 'point', 'devicename'],
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
/** Members in which a message has what was read; the last ones are of LoRaWAN's servers, The Things Stack and ChirpStack. */
const WITHIN = [
  ...['fields', 'values', 'data', 'payload', 'readings', 'measurements', 'metrics'],
  ...['uplink_message', 'decoded_payload', 'object'],
];
/** Members in which a message says whose it is. */
const ABOUT = ['device', 'tags', 'end_device_ids', 'deviceInfo'];
const DEEPEST = 2;
/** Numbers that count, name or place something, tell of the device, or are the verdict of whoever made the data. */
const NO_QUANTITY =
  /^(?:(?:.*_)?(?:id|uuid|seq|sequence|index|idx|no|nr|num|version|port|pid|fcnt|adr|dr|epoch|code|zip)|row|line|offset|year|month|day|hour|minute|second|week(?:day)?|lat(?:itude)?|lon(?:gitude)?|lng|label|class|target|(?:is_?)?anomaly|changepoint|battery.*|linkquality|lqi|rssi|snr|uptime.*|status|quality|interval|bt|bver|bs|notes?|comments?|remarks?|description|text|title)$/i;
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
  const point = pointIn(object);
  if (point !== undefined) return point;
  const lower = inLowerCase(object);
  const time = TIMES.map((name) => lower[name]).find(says) ?? timeWithin(object);
  if (!says(time)) return undefined;
  const about = ABOUT.map((name) => object[name])
    .filter(isObject)
    .map(inLowerCase);
  const whose = (names: readonly string[]) => [lower, ...about].map((members) => named(members, names)).find(says);
  // A state is a text as often as a number.
  const single = [...VALUES, ...(lower['entity_id'] === undefined ? [] : ['state'])].find((name) =>
    isNumeric(lower[name]),
  );
  if (single !== undefined) {
    const sensor = whose(SENSORS_OF_A_VALUE);
    const kind = named(lower, KINDS);
    if (sensor === undefined && kind === undefined && isTable && hasTexts(lower)) return undefined;
    const fields = reading(sensor ?? kind, time, lower[single]);
    fields.quantity = sensor === undefined ? undefined : kind;
    return fields;
  }
  const sensor = whose(SENSORS);
  if (sensor === undefined && (!isTable || hasTexts(lower))) return undefined;
  const [first, ...more] = quantitiesBeside(object, sensor, time);
  if (first !== undefined && more.length > 0) first.more = more;
  return first;
}

/** The quantities of a line that have no field of their own, a reading each. */
export function quantitiesBeside(object: Members, sensor: unknown, time: unknown): ReadingFields[] {
  const found: ReadingFields[] = [];
  addQuantities(object, DEEPEST, (quantity, value) => {
    if (found.length >= MOST) return;
    const fields = reading(sensor, time, value);
    fields.quantity = quantity;
    found.push(fields);
  });
  return found;
}

function addQuantities(members: Members, depth: number, add: (name: string, value: unknown) => void): void {
  for (const name in members) {
    const value = members[name];
    if (isNumeric(value) && isQuantity(name) && !isTime(name, value)) add(name, value);
    else if (depth > 0 && isObject(value) && WITHIN.includes(name)) addQuantities(value, depth - 1, add);
  }
}

/** A point as Telegraf writes it in JSON. */
function pointIn({ fields, name, tags, timestamp }: Members): ReadingFields | undefined {
  if (typeof name !== 'string' || !isObject(fields) || !isObject(tags)) return undefined;
  const texts = Object.entries(tags).map(([tag, value]) => [tag, String(value)] as const);
  return seriesOf(name, new Map(texts), new Map(Object.entries(fields)), timestamp);
}

/** Tags that name what a point is of. */
export const POINT_SENSORS = ['sensor_id', 'sensor', 'device_id', 'device', 'id', 'name', 'host', 'location', 'room'];

/**
 * Each number is of a series of its own, as InfluxDB has it: of the measurement, all tags and the field. It is named by the
 * tag that names a sensor or a host, the other tags, and what was measured: `web-1/cpu0/cpu/usage_user`.
 */
export function seriesOf(
  measurement: string,
  tags: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, unknown>,
  time: unknown,
): ReadingFields | undefined {
  const of = POINT_SENSORS.find((name) => tags.has(name));
  const names = [...tags].filter(([name]) => name !== of).sort(([one], [other]) => (one < other ? -1 : 1));
  const path = [...(of === undefined ? [] : [tags.get(of)]), ...names.map(([, value]) => value), measurement].join('/');
  const [first, ...more] = [...values]
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => {
      const fields = reading(path, time, value);
      fields.quantity = name === 'value' ? undefined : name;
      return fields;
    });
  if (first !== undefined && more.length > 0) first.more = more;
  return first;
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
