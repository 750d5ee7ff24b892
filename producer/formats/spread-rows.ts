import { TimeReader } from '../event-time.js';
import { MAX_LINE_BYTES } from '../line-splitter.js';
import { csvValues } from './csv-values.js';
import type { SpreadLines } from './line-format.js';

/** No row is of a time before 1973: such numbers are counts. */
const EARLIEST_MS = 1e11;

export interface Columns {
  readonly separator: string;
  readonly names: number;
  /** The place of the one that has the time. */
  readonly time: number;
}

/**
 * Puts together rows of which a value in quotes has newlines. A quote may also be a lone one: that is seen when the next
 * line is a row by itself, with as many values as there are columns and a time where the time is; when a quote stands
 * where none may, or the values are too many or too few; or when the row grows longer than a line may be. Then what was
 * kept is one bad row, and the line that showed it is read for itself.
 */
export class SpreadRows implements SpreadLines {
  readonly #columns: Columns;
  readonly #times = new TimeReader();
  #lines: string[] = [];
  #characters = 0;
  /** How many values there are, the open one among them. */
  #values = 0;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  get isOpen(): boolean {
    return this.#lines.length > 0;
  }

  add(line: string): readonly string[] | undefined {
    if (!this.isOpen) return this.#begins(line) ? [] : undefined;
    const { names, separator } = this.#columns;
    const { isOpen, isStrict, values } = csvValues(line, separator, true);
    const count = this.#values + values.length - 1;
    const fits = isStrict && (isOpen ? count <= names : count === names);
    if (!fits || this.#characters + line.length > MAX_LINE_BYTES || this.#isRow(line)) {
      const kept = this.end();
      return this.#begins(line) ? kept : [...kept, line];
    }
    this.#keep(line, count);
    return isOpen ? [] : this.end();
  }

  end(): string[] {
    const kept = this.isOpen ? [this.#lines.join('\n')] : [];
    this.#lines = [];
    this.#characters = 0;
    this.#values = 0;
    return kept;
  }

  #begins(line: string): boolean {
    if (!line.includes('"')) return false;
    const { names, separator } = this.#columns;
    const { isOpen, isStrict, values } = csvValues(line, separator);
    if (!isOpen || !isStrict || values.length > names) return false;
    this.#keep(line, values.length);
    return true;
  }

  #keep(line: string, values: number): void {
    this.#lines.push(line);
    this.#characters += line.length + 1;
    this.#values = values;
  }

  #isRow(line: string): boolean {
    const { names, separator, time } = this.#columns;
    const { isOpen, isStrict, values } = csvValues(line, separator);
    const hasTime = (text: string | undefined) => this.#times.read(text) > EARLIEST_MS;
    return !isOpen && isStrict && values.length === names && hasTime(values[time]);
  }
}
