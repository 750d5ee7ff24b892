import type { Incident } from '../schemas/records.js';
import type { Feedback } from './feedback.js';
import type { Changes } from './flapping.js';
import type { LastTold } from './grouping.js';

/** What is known of an incident, or of several that stand for one while their scope flaps. */
export interface Known {
  readonly incident: Incident;
  readonly firing: boolean;
  readonly flapping: boolean;
  /** How many alerts it had when somebody said that it is over; null: nobody did. */
  readonly endedAtAlerts: number | null;
  /** When it was last heard of; what older versions have written lacks it. */
  readonly heardAt?: number;
}

/** What somebody has said of an incident. */
export interface Said {
  readonly acknowledged: boolean;
  /** When its silence ends; 0: there is none. */
  readonly silencedUntil: number;
  /** Whether somebody said that it is over, or was fine, and when. */
  readonly endedAt: number | null;
}

/** Incidents that are told together. */
export interface Group {
  readonly route: string;
  readonly members: readonly string[];
  readonly nextFlush: number;
  /** When it may be told next, if it changes. */
  readonly earliest: number;
  readonly hasFlushed: boolean;
}

export interface Told extends LastTold {
  readonly expires: number;
}

/** A map of plain data that knows what was changed since it was last written. */
export class Table<Value> {
  readonly #values = new Map<string, Value>();
  readonly #changed = new Set<string>();

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  entries(): IterableIterator<[string, Value]> {
    return this.#values.entries();
  }

  get size(): number {
    return this.#values.size;
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value);
    this.#changed.add(key);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#changed.add(key);
  }

  /** Takes what was written before. */
  restore(key: string, value: Value | null): void {
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  /** What is to be written, null for what is no more; asking forgets it. */
  takeChanges(): [string, Value | null][] {
    const changes = [...this.#changed].map((key): [string, Value | null] => [key, this.#values.get(key) ?? null]);
    this.#changed.clear();
    return changes;
  }
}

/** All that decides what is told next. */
export class NotifyState {
  readonly known = new Table<Known>();
  /** By kind of source and scope. */
  readonly changes = new Table<Changes>();
  readonly said = new Table<Said>();
  /** By incident, what holds for others of its scope. */
  readonly feedback = new Table<Feedback>();
  readonly groups = new Table<Group>();
  /** By channel and group. */
  readonly told = new Table<Told>();
}
