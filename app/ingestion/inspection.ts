import { isRequest, isServiceLog, type SourceEvent } from '../../producer/event-builder.js';
import type { EventBatch } from '../../producer/log-source.js';
import { addOddFields } from '../../producer/odd-fields.js';
import { RefusedLines } from '../../producer/refused-lines.js';
import { type Guess, guessesOf, mapOf } from './format-guesses.js';
import type { LineReading } from './line-reading.js';

export type InspectOptions = Pick<LineReading, 'format' | 'host' | 'server' | 'map' | 'service' | 'timeZone'>;

/** A field of a kind of events: how many of them have it, and the first value. */
export interface InspectedField {
  readonly name: string;
  readonly present: number;
  readonly first: unknown;
}

export interface InspectedKind {
  readonly kind: 'requests' | 'service logs' | 'sensor readings';
  readonly events: number;
  readonly fields: readonly InspectedField[];
}

/** How a file, or a topic, is read. */
export interface Inspection {
  /** What the lines are taken for, as it was told while they were read. */
  readonly decisions: readonly string[];
  /** The best first. */
  readonly guesses: readonly Guess[];
  readonly kinds: readonly InspectedKind[];
  readonly refused: RefusedLines;
  readonly oddFields: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
  /** Which member is taken for which field; undefined where lines have no names in them. */
  readonly map: string | undefined;
  /** It has more lines than were looked at. */
  readonly isPart: boolean;
}

/** Gathers what becomes of the lines that are looked at. */
export class Findings {
  readonly decisions: string[] = [];
  readonly warnings: string[] = [];
  readonly refused = new RefusedLines();
  /** How many lines have become something. */
  lines = 0;
  readonly #oddFields = new Map<string, number>();
  readonly #kinds = { requests: new Fields(), 'service logs': new Fields(), 'sensor readings': new Fields() };

  add({ badLines, events, oddFields, readings, serviceLogs }: EventBatch): void {
    for (const event of [...events, ...serviceLogs, ...readings]) this.#kinds[kindOf(event)].add(event);
    for (const { bytes, line, reason, source } of badLines) this.refused.add(source, line, reason, bytes);
    addOddFields(this.#oddFields, oddFields);
    this.lines += events.length + serviceLogs.length + readings.length + badLines.length;
  }

  /** What could not even be read as a line. */
  refuse(source: string, line: number, reason: string, bytes: Buffer): void {
    this.refused.add(source, line, reason, bytes);
    this.lines++;
  }

  /** @param first lines to try the formats on */
  inspection(first: readonly string[], options: InspectOptions, isPart: boolean): Inspection {
    const { decisions, refused, warnings } = this;
    return {
      ...{ decisions, refused, oddFields: this.#oddFields, warnings, isPart },
      guesses: guessesOf(first),
      kinds: Object.entries(this.#kinds).flatMap(([kind, fields]) =>
        fields.events === 0
          ? []
          : { kind: kind as InspectedKind['kind'], events: fields.events, fields: fields.list() },
      ),
      map: mapOf(first, options),
    };
  }
}

function kindOf(event: SourceEvent): InspectedKind['kind'] {
  if (isRequest(event)) return 'requests';
  return isServiceLog(event) ? 'service logs' : 'sensor readings';
}

/** Counts which fields events have. */
class Fields {
  events = 0;
  readonly #present = new Map<string, { count: number; first: unknown }>();

  add(event: SourceEvent): void {
    this.events++;
    for (const [name, value] of Object.entries(event)) {
      const field = this.#present.get(name) ?? { count: 0, first: null };
      if (value !== null && value !== undefined) {
        if (field.count === 0) field.first = value;
        field.count++;
      }
      this.#present.set(name, field);
    }
  }

  list(): InspectedField[] {
    return [...this.#present].map(([name, { count, first }]) => ({ name, present: count, first }));
  }
}
