import { ReadingFields } from './line-format.js';
import { isObject, type Members } from './members.js';
import { quantitiesBeside } from './quantities.js';

type Measurement = 'temperature' | 'pressure';

const SENSORS = [
  'sensor_id',
  'sensorId',
  'sensor',
  'device_id',
  'deviceId',
  'device',
  'entity_id',
  'src',
  'bn',
  'id',
  'name',
];
const TIMES = ['timestamp', '@timestamp', 'time', 'ts', 'datetime', 'date', 't', 'Time', 'unixtime', 'bt'];
/** Members in which a message has what was read. */
const WITHIN = ['fields', 'values', 'data', 'payload', 'readings', 'measurements', 'params', 'state'];
/** Members that list what was read, each with its name: of Sparkplug, SenML and others. */
const LISTS = ['metrics', 'readings', 'measurements', 'values', 'e'];
/** Members that name what a value is of. */
const KINDS = ['type', 'metric', 'measurement', 'quantity', 'property', 'kind', 'n', 'name'];
const VALUES = ['value', 'v', 'val', 'reading', 'state', 'tC'];
/** `temp_c`, `Temperature`, `temperature:0`, `pressure_hpa`, `tempF`. */
const NAME =
  /^(?:(?<temperature>temp(?:erature)?|tmp|tc)|(?<pressure>press(?:ure)?))(?:_?in)?_?(?<unit>c|celsius|degc|f|fahrenheit|degf|k|kelvin|m?bar|k?pa|hpa|psi)?(?::\d)?$/i;
/** Of Home Assistant: `sensor.boiler_temperature`. */
const ENTITY = /^sensor\.(?:\w*_)?(temperature|pressure)(?:_\d{1,3})?$/;
const FAHRENHEIT = /^(?:°? ?f|fahrenheit|degf)$/i;
const KELVIN = /^(?:°? ?k|kelvin)$/i;
const DEEPEST = 3;

interface Measured {
  readonly of: Measurement;
  readonly value: unknown;
}

/**
 * What a sensor says: `{"sensor_id": "boiler-1", "temperature": 40.5, "timestamp": …}`, and the forms of Tasmota,
 * Zigbee2MQTT, Shelly, Home Assistant, SenML and their like. Undefined where there is none.
 */
export function readingIn(object: Members): ReadingFields | undefined {
  const { TempUnit: around } = object;
  const measured = [...measuredIn(object, DEEPEST, typeof around === 'string' ? around : undefined)];
  if (measured.length === 0) return undefined;
  const fields = new ReadingFields();
  for (const { of, value } of measured) fields[of] ??= value;
  fields.sensor = sensorOf(object);
  const inner = WITHIN.map((name) => object[name]).filter(isObject);
  for (const members of [object, ...inner]) for (const name of TIMES) fields.time ??= members[name];
  const more = quantitiesBeside(object, fields.sensor, fields.time);
  if (more.length > 0) fields.more = more;
  return fields.sensor === undefined && fields.time === undefined ? undefined : fields;
}

/** @param around the unit of temperatures, as the whole message says it */
function* measuredIn(object: Members, depth: number, around?: string): Generator<Measured> {
  for (const name in object) {
    const value = object[name];
    const groups = NAME.exec(name)?.groups;
    if (groups === undefined || value === null || value === '' || Array.isArray(value)) continue;
    const of = groups['temperature'] === undefined ? 'pressure' : 'temperature';
    const unit = groups['unit'] ?? unitOf(object) ?? around;
    if (!isObject(value)) yield inCelsius(of, value, unit);
    else if (valueIn(value) !== undefined)
      yield inCelsius(of, valueIn(value), groups['unit'] ?? unitOf(value) ?? around);
  }
  const kind = named(object);
  if (kind !== undefined) yield inCelsius(kind, valueIn(object), unitOf(object) ?? around);
  if (depth <= 1) return;
  for (const name of LISTS) {
    const list = object[name];
    if (Array.isArray(list)) for (const one of list) if (isObject(one)) yield* measuredIn(one, 1, around);
  }
  for (const name in object) {
    const inner = object[name];
    // Tasmota has an object for each chip, of that one's name.
    const isChip = depth === DEEPEST && /^[A-Z][A-Z\d]{2,15}(?:-\w{1,8})?$/.test(name);
    if (isObject(inner) && (WITHIN.includes(name) || isChip)) yield* measuredIn(inner, depth - 1, around);
  }
}

/** What the value of an object is of, where the object says it by a name. */
function named(object: Members): Measurement | undefined {
  if (valueIn(object) === undefined) return undefined;
  const { attributes, entity_id: entity } = object;
  const of = isObject(attributes) ? attributes['device_class'] : undefined;
  const ofEntity = typeof entity === 'string' ? ENTITY.exec(entity)?.[1] : undefined;
  for (const name of [of, ofEntity, ...KINDS.map((kind) => object[kind])]) {
    const groups = typeof name === 'string' ? NAME.exec(name)?.groups : undefined;
    if (groups !== undefined) return groups['temperature'] === undefined ? 'pressure' : 'temperature';
  }
  return undefined;
}

function valueIn(object: Members): unknown {
  for (const name of VALUES) {
    const value = object[name];
    if (value !== undefined && value !== null && typeof value !== 'object') return value;
  }
  return undefined;
}

function unitOf({ attributes, u, unit, units }: Members): string | undefined {
  const said = unit ?? units ?? u ?? (isObject(attributes) ? attributes['unit_of_measurement'] : undefined);
  return typeof said === 'string' ? said : undefined;
}

function inCelsius(of: Measurement, value: unknown, unit = ''): Measured {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (of === 'pressure' || typeof number !== 'number' || Number.isNaN(number)) return { of, value };
  const celsius = FAHRENHEIT.test(unit) ? ((number - 32) * 5) / 9 : KELVIN.test(unit) ? number - 273.15 : undefined;
  return { of, value: celsius === undefined ? value : Math.round(celsius * 1e6) / 1e6 };
}

function sensorOf(object: Members): unknown {
  const { device, tags } = object;
  const inner = WITHIN.map((name) => object[name]).filter(isObject);
  const friendly = isObject(device) ? (device['friendlyName'] ?? device['friendly_name'] ?? device['name']) : undefined;
  const isKind = (name: unknown) => typeof name === 'string' && NAME.test(name);
  for (const members of [object, ...(isObject(tags) ? [tags] : []), ...inner]) {
    for (const name of SENSORS) {
      const sensor = members[name];
      if (typeof sensor !== 'string' && typeof sensor !== 'number') continue;
      if (sensor !== '' && !isKind(sensor))
        return typeof sensor === 'string' && name === 'bn' ? sensor.replace(/:$/, '') : sensor;
    }
  }
  return friendly;
}
