import { type LineFormat, type LineOutcome, LineRefusal, NO_RECORD, ReadingFields, shown } from './line-format.js';
import { POINT_SENSORS, seriesOf } from './quantities.js';

/** A name or a value without quotes, in which a backslash stands before what would end it. */
const NAME = '(?:[^,= \\\\]|\\\\.)+';
const POINT = new RegExp(
  `^((?:[^, \\\\]|\\\\.)+)((?:,${NAME}=${NAME}){0,64}) +((?:${NAME}=(?:"(?:[^"\\\\]|\\\\.)*"|[^, "]+),?){1,256})(?: +(-?\\d{1,19}))?\\s*$`,
);
const TAG = new RegExp(`,(${NAME})=(${NAME})`, 'g');
const FIELD = new RegExp(`(${NAME})=("(?:[^"\\\\]|\\\\.)*"|[^, "]+)`, 'g');
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
    for (const name of POINT_SENSORS) fields.sensor ??= tags.get(name) ?? stringIn(values, name);
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
