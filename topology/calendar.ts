import { type LocalTime, localTimeOf, UTC } from '../detection/local-time.js';
import { Entities } from './entities.js';

/** What is not as on other days, and by which clock days are counted; plain values. */
export interface CalendarConfig {
  /** An IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** Local days, such as `2026-12-25`. */
  readonly holidays: readonly string[];
  readonly maintenance: readonly Maintenance[];
}

/** When something is worked on: [from, to) in milliseconds since the epoch. */
export interface Maintenance {
  readonly from: number;
  readonly to: number;
  /** Names of entities, such as `service:checkout`; undefined: everything. */
  readonly of?: readonly string[];
}

interface KnownMaintenance {
  readonly from: number;
  readonly to: number;
  /** The latest end of this and of all that begin before it. */
  readonly lastTo: number;
  readonly entities: Entities | undefined;
}

const DAY_MS = 86_400_000;
/** The longest time over which detectors take means: those of times before and after a change of clocks are of no other day. */
const CHANGE_MS = 3 * 3_600_000;

/** Holidays and maintenance, which detectors know of beforehand. */
export class Calendar {
  /** By which hours of the day are counted. */
  readonly localTime: LocalTime;
  readonly #localTimeBefore: LocalTime;
  readonly #holidays: ReadonlySet<number>;
  /** In the order of their begins. */
  readonly #maintenance: readonly KnownMaintenance[];

  /** @throws RangeError there is no such time zone */
  constructor({ holidays, maintenance, timeZone }: CalendarConfig) {
    this.localTime = localTimeOf(timeZone);
    // One of its own: each remembers the last offset.
    this.#localTimeBefore = localTimeOf(timeZone);
    this.#holidays = new Set(holidays.map((day) => Math.floor(Date.parse(`${day}T00:00:00Z`) / DAY_MS)));
    this.#maintenance = known(maintenance);
  }

  /** Whether clocks were changed a short time before. */
  isJustChanged(timestampMs: number): boolean {
    if (this.localTime === UTC) return false;
    return this.localTime(timestampMs) - this.#localTimeBefore(timestampMs - CHANGE_MS) !== CHANGE_MS;
  }

  isHoliday(timestampMs: number): boolean {
    return this.#holidays.size > 0 && this.#holidays.has(Math.floor(this.localTime(timestampMs) / DAY_MS));
  }

  /** Whether anything is ever maintained. */
  get hasMaintenance(): boolean {
    return this.#maintenance.length > 0;
  }

  /** Whether an entity, by its scope such as `service/checkout`, is maintained in some of [start, end]. */
  isMaintenance(start: number, end: number, scope: string): boolean {
    const all = this.#maintenance;
    for (let at = countUntil(all, end) - 1; at >= 0; at--) {
      const { entities, lastTo, to } = all[at] as KnownMaintenance;
      if (lastTo <= start) return false;
      if (to > start && (entities?.touch(scope) ?? true)) return true;
    }
    return false;
  }
}

function known(maintenance: readonly Maintenance[]): KnownMaintenance[] {
  // Those that come again share their names.
  const byNames = new Map<string, Entities>();
  const entitiesOf = (of: readonly string[]) => {
    const key = of.join('\n');
    const entities = byNames.get(key) ?? new Entities(of);
    byNames.set(key, entities);
    return entities;
  };
  let lastTo = Number.NEGATIVE_INFINITY;
  return maintenance
    .toSorted((one, other) => one.from - other.from)
    .map(({ from, of, to }) => {
      lastTo = Math.max(lastTo, to);
      return { from, to, lastTo, entities: of === undefined ? undefined : entitiesOf(of) };
    });
}

/** How many begin by that time. */
function countUntil(all: readonly KnownMaintenance[], time: number): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle] as KnownMaintenance).from <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
