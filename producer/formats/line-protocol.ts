import { type LineFormat, type LineOutcome, LineRefusal, NO_RECORD, ReadingFields, shown } from './line-format.js';

/** A name or a value without quotes, in which a backslash stands before what would end it. */
const NAME = '(?:[^,= \\\\]|\\\\.)+';
const POINT = new RegExp(
  `^((?:[^, \\\\]|\\\\.)+)((?:,${NAME}=${NAME}){0,64}) +((?:${NAME}=(?:"(?:[^"\\\\]|\\\\.)*"|[^, "]+),?){1,256})(?: +(-?\\d{1,19}))?\\s*$`,
);
const TAG = new RegExp(`,(${NAME})=(${NAME})`, 'g');
const FIELD = new RegExp(`(${NAME})=("(?:[^"\\\\]|\\\\.)*"|[^, "]+)`, 'g');
const SENSORS = ['sensor_id', 'sensor', 'device_id', 'device', 'id', 'name', 'host', 'location', 'room'];
const TEMPERATURES = ['temperature', 'temp', 'temperature_c', 'temp_c', 'value_temperature'];

/** InfluxDB's line protocol: `weather,sensor=boiler-1 temperature=40.5,pressure=1013 1709809501000000000`. */
export class LineProtocolFormat implements LineFormat {
  read(line: string): LineOutcome {
    if (line.startsWith('#')) return NO_RECORD;
    const [, measurement, tagText = '', fieldText = '', time] = POINT.exec(line) ?? [];
    if (measurement === undefined) {
      return new LineRefusal('not-in-format', `no point of the line protocol: ${shown(line)}`);
    }
    const tags = new Map([...tagText.matchAll(TAG)].map(([, name = '', value = '']) => [plain(name), plain(value)]));
    const values = new Map(
      [...fieldText.matchAll(FIELD)].map(([, name = '', value = '']) => [plain(name), fieldValue(value)]),
    );
    const fields = new ReadingFields();
    for (const name of SENSORS) fields.sensor ??= tags.get(name) ?? stringIn(values, name);
    // Without a tag that names it the measurement does.
    fields.sensor ??= plain(measurement);
    for (const name of TEMPERATURES) fields.temperature ??= values.get(name);
    if (/^temp(?:erature)?$/.test(measurement)) fields.temperature ??= values.get('value');
    fields.pressure = values.get('pressure') ?? (measurement === 'pressure' ? values.get('value') : undefined);
    fields.time = time === undefined ? undefined : Number(time);
    if (fields.temperature !== undefined || fields.pressure !== undefined) return fields;
    return seriesOf(plain(measurement), tags, values, fields.time) ?? fields;
  }
}

/**
 * Each number is of a series of its own, as InfluxDB has it: of the measurement, all tags and the field. It is named by the
 * tag that names a sensor or a host, the other tags, and what was measured: `web-1/cpu0/cpu/usage_user`.
 */
function seriesOf(
  measurement: string,
  tags: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, unknown>,
  time: unknown,
): ReadingFields | undefined {
  const of = SENSORS.find((name) => tags.has(name));
  const names = [...tags].filter(([name]) => name !== of).sort(([one], [other]) => (one < other ? -1 : 1));
  const path = [...(of === undefined ? [] : [tags.get(of)]), ...names.map(([, value]) => value), measurement].join('/');
  const readings = [...values].flatMap(([name, value]) => {
    if (typeof value !== 'number') return [];
    const fields = new ReadingFields();
    fields.sensor = path;
    fields.time = time;
    fields.value = value;
    fields.quantity = name === 'value' ? undefined : name;
    return [fields];
  });
  const [first, ...more] = readings;
  if (first !== undefined && more.length > 0) first.more = more;
  return first;
}

function stringIn(values: ReadonlyMap<string, unknown>, name: string): string | undefined {
  const value = values.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** Whole numbers have an `i` or `u` behind them, strings quotes around them. */
function fieldValue(text: string): number | string | boolean {
  if (text.startsWith('"')) return text.slice(1, -1).replace(/\\(.)/g, '$1');
  const number = Number(/^-?\d+[iu]$/.test(text) ? text.slice(0, -1) : text);
  return Number.isNaN(number) ? text : number;
}

function plain(text: string): string {
  return text.includes('\\') ? text.replace(/\\([, =\\])/g, '$1') : text;
}
