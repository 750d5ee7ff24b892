import { csvValues, firstRow } from './csv-values.js';
import type { JsonFormat } from './json.js';
import {
  type LineFormat,
  type LineOutcome,
  LineRefusal,
  NO_RECORD,
  ReadingFields,
  RequestFields,
  shown,
} from './line-format.js';
import { SpreadRows } from './spread-rows.js';

const NAME = /^\s*"?[\p{L}_@][\p{L}\w \r\n.@()[\]/°%-]{0,63}"?\s*$/u;
/** Where no comma stands between values, it stands before decimals. */
const COMMA = /^[+-]?\d{1,15},\d{1,15}$/;
/** `1.013,25`, where points stand between thousands. */
const THOUSANDS = /^[+-]?\d{1,3}(?:\.\d{3})+,\d{1,15}$/;
/** What columns are called in German, French, Spanish, Portuguese and Italian. */
const TRANSLATED: Readonly<Record<string, string>> = {
  ...{ zeit: 'time', zeitstempel: 'time', zeitpunkt: 'time', uhrzeit: 'time', datum: 'date', messstelle: 'sensor' },
  ...{ temperatur: 'temperature', druck: 'pressure', gerät: 'device' },
  ...{ horodatage: 'time', heure: 'time', température: 'temperature', pression: 'pressure', capteur: 'sensor' },
  ...{ fecha: 'date', hora: 'time', temperatura: 'temperature', presión: 'pressure', pressão: 'pressure' },
  ...{ ora: 'time', pressione: 'pressure', sensore: 'sensor' },
};
const CLOCK = /^\d{1,2}:\d{2}/;
const SEPARATORS = [',', ';', '\t', '|'];
const TIME_NAME = /^(?:[@_]?time(?:stamp)?|ts|date(?:time)?|t|unix(?:_?time)?|epoch)\b/i;
/** `created_at`, `last_changed`, `local_time`. */
const LIKE_A_TIME = /^\w{1,40}(?:_at|_time|_?timestamp|_date|_changed|_updated|_seen|_ts)$/i;

/** Values with commas, semicolons, tabs or bars between them, under a header that names the columns. */
export class CsvFormat implements LineFormat {
  readonly #objects: JsonFormat | undefined;
  #header: readonly string[] | undefined;
  #separator = ',';
  #spread: SpreadRows | undefined;
  /** Rows before were readings. */
  #isOfReadings = false;

  /** @param objects says what the columns are, as of an object in JSON */
  constructor(objects: JsonFormat | undefined) {
    this.#objects = objects;
  }

  forText(head: string): CsvFormat {
    const format = new CsvFormat(this.#objects);
    if (head === '') return format;
    for (const separator of SEPARATORS) {
      // A column's name in quotes may have newlines, too.
      const row = firstRow(head, separator);
      if (row !== undefined && format.#takeHeader(row)) break;
    }
    return format;
  }

  /** Whether the columns are known. */
  get hasHeader(): boolean {
    return this.#header !== undefined;
  }

  get spread(): SpreadRows | undefined {
    return this.#spread;
  }

  read(line: string): LineOutcome {
    if (this.takesHeader(line)) return NO_RECORD;
    const object = this.object(line);
    if (object === undefined || this.#objects === undefined) {
      const why = this.#header === undefined ? 'no header that names a time' : `not ${this.#header.length} values`;
      return new LineRefusal('not-in-format', `${why}: ${shown(line)}`);
    }
    const outcome = this.#objects.readObject(object, true);
    if (outcome instanceof ReadingFields) this.#isOfReadings = true;
    else if (this.#isOfReadings && outcome instanceof RequestFields) {
      return new LineRefusal('no-measurement', 'no value is a number, where rows before have one');
    }
    return outcome;
  }

  /** The values of a line by the columns' names; undefined for what does not fit the header. */
  object(line: string): Record<string, unknown> | undefined {
    if (this.#header === undefined) return undefined;
    const values = csvValues(line, this.#separator).values;
    if (values.length !== this.#header.length) return undefined;
    const object: Record<string, unknown> = {};
    for (const [index, name] of this.#header.entries()) {
      const value = values[index];
      if (value === undefined || value === '') continue;
      object[name] = this.#separator === ',' || TIME_NAME.test(name) ? value : withPoint(value);
    }
    const { date, time } = object;
    if (typeof date === 'string' && typeof time === 'string' && CLOCK.test(time)) {
      return { ...object, date: undefined, time: `${date} ${time}` };
    }
    return object;
  }

  /** Whether a line is the header of this text, the first time or, where files were put together, again. */
  takesHeader(line: string): boolean {
    if (this.#header === undefined) return this.#takeHeader(line);
    return csvValues(line, this.#separator).values.every((name, at) => columnName(name) === this.#header?.[at]);
  }

  #takeHeader(line: string): boolean {
    for (const separator of SEPARATORS) {
      const names = csvValues(line.replace(/^\ufeff/, ''), separator).values;
      if (names.length < 2 || !names.every((name) => NAME.test(name))) continue;
      const columns = names.map(columnName);
      const named = columns.findIndex((name) => TIME_NAME.test(name));
      const time = named < 0 ? columns.findIndex((name) => LIKE_A_TIME.test(name)) : named;
      if (time < 0) continue;
      this.#header = columns;
      this.#separator = separator;
      this.#spread = new SpreadRows({ separator, names: columns.length, time });
      return true;
    }
    return false;
  }
}

function withPoint(value: string): string {
  if (COMMA.test(value)) return value.replace(',', '.');
  return THOUSANDS.test(value) ? value.replaceAll('.', '').replace(',', '.') : value;
}

/** `Temperature (°C)` is `temperature`, and `Temperature (°F)` is `temperature_f`. */
function columnName(text: string): string {
  const unit = /[([] ?°? ?([FK]) ?[)\]]/.exec(text)?.[1];
  const name = text
    .replaceAll('"', '')
    .replace(/\s*[([].*$/, '')
    .trim()
    .toLowerCase()
    .replace(/\s+/g, '_');
  const known = Object.hasOwn(TRANSLATED, name) ? (TRANSLATED[name] ?? name) : name;
  return unit === undefined ? known : `${known}_${unit.toLowerCase()}`;
}
