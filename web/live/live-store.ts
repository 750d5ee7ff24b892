import type { Incident, LogLine, SystemFigures } from '../api/client.js';
import { LineRing } from './line-ring.js';

const MAX_LINES = 10_000;
const SHOWN_PER_SECOND = 200;
/** Lists change in place, and not more often: each time all that is shown of them is made anew. */
const LINES_EVERY_MS = 250;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const TYPES = 'metrics,alert,incident';
/** As many seconds of a stream that is too fast. */
const MAX_LEFT_OUT = 600;
/** Of statuses, which come once a second from each instance. */
const MAX_STATUSES = 60;

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'signed-out';

/** Lines that are wanted from the stream, by a page that shows them. */
export interface LineFilter {
  readonly source: LogLine['kind'];
  readonly q: string;
}

/** What the stream could not give: how many of what, and when that was. */
export interface Gap {
  readonly type: string;
  readonly missed: number | null;
  readonly at: number;
}

/** Lines of a stretch of time that are not in the list; those shown of it stand between others. */
export interface LeftOut {
  readonly from: number;
  readonly to: number;
  readonly missed: number;
  readonly shown: number;
}

/** Figures of the last minute, when the newest event was, and for how long nothing has come. */
export type LiveFigures = SystemFigures & { readonly time: number; readonly idle_ms: number };

/** What a page sees of the stream: one object a frame, the same while nothing changes. */
export interface LiveSnapshot {
  readonly connection: Connection;
  readonly isPaused: boolean;
  readonly pausedAt: number | null;
  /** When it is tried again, and for which time. */
  readonly retryAt: number | null;
  readonly attempt: number;
  /** By the clock here; null before the first. */
  readonly lastEventAt: number | null;
  readonly figures: LiveFigures | null;
  /** When those came, or at first the stream was opened, by the clock here. */
  readonly figuresAt: number | null;
  /** Rises with each change of an alert or an incident: what was asked for is asked for again. */
  readonly incidentsVersion: number;
  /** The last incident that opened while the page was open. */
  readonly opened: Incident | null;
  readonly lines: readonly LogLine[];
  /** Of those that came since it was paused. */
  readonly waiting: number;
  readonly beyond: number;
  readonly gaps: readonly Gap[];
  /** Lines left out, for they came faster than a list can show: of each second, the newest last. */
  readonly leftOut: readonly LeftOut[];
  /** After a break: how many events were sent again. */
  readonly resumedWith: number | null;
  /** What instances have said of themselves since it was asked for, the newest last. */
  readonly statuses: readonly Readonly<Record<string, unknown>>[];
}

const EMPTY: LiveSnapshot = {
  connection: 'connecting',
  isPaused: false,
  pausedAt: null,
  retryAt: null,
  attempt: 0,
  lastEventAt: null,
  figures: null,
  figuresAt: null,
  incidentsVersion: 0,
  opened: null,
  lines: [],
  waiting: 0,
  beyond: 0,
  gaps: [],
  leftOut: [],
  resumedWith: null,
  statuses: [],
};

/** The page's one connection, and what has come over it. It lives outside of React, which reads a snapshot a frame. */
export class LiveStore {
  readonly #listeners = new Set<() => void>();
  readonly #ring = new LineRing(MAX_LINES);
  #snapshot = EMPTY;
  #next: Partial<LiveSnapshot> = {};
  #frame: number | undefined;
  #source: EventSource | undefined;
  #lastId: string | undefined;
  #filter: LineFilter | undefined;
  #wantsStatuses = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #isBroken = false;
  #replayed = 0;
  #countsReplay = false;
  #linesChanged = false;
  #linesAt = 0;
  #linesLater: ReturnType<typeof setTimeout> | undefined;
  #cameWhilePaused = 0;
  #cameSinceGap = 0;
  #oldest: number | undefined;
  #newest: number | undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#source === undefined && this.#retry === undefined) this.#connect();
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): LiveSnapshot => this.#snapshot;

  /** Asks for lines, or for none. The connection is made anew, and goes on from the last event. */
  want(filter: LineFilter | undefined): void {
    const isSame = filter?.q === this.#filter?.q && filter?.source === this.#filter?.source;
    if (isSame) return;
    this.#filter = filter;
    this.#ring.clear();
    this.#cameWhilePaused = 0;
    this.#cameSinceGap = 0;
    this.#oldest = undefined;
    this.#change({ lines: [], waiting: 0, beyond: 0, leftOut: [] });
    // Lines of another filter are none of those that were missed.
    if (this.#source !== undefined) this.#connect();
  }

  /** Asks for what instances say of themselves, or no longer. */
  wantStatuses(wanted: boolean): void {
    if (wanted === this.#wantsStatuses) return;
    this.#wantsStatuses = wanted;
    this.#change({ statuses: [] });
    if (this.#source !== undefined) this.#connect();
  }

  pause(): void {
    if (this.#snapshot.isPaused) return;
    this.#cameWhilePaused = 0;
    this.#change({ isPaused: true, pausedAt: Date.now(), waiting: 0, beyond: 0 });
  }

  resume(): void {
    if (!this.#snapshot.isPaused) return;
    this.#linesChanged = true;
    this.#linesAt = 0;
    this.#cameWhilePaused = 0;
    this.#change({ isPaused: false, pausedAt: null, waiting: 0, beyond: 0 });
  }

  toggle(): void {
    if (this.#snapshot.isPaused) this.resume();
    else this.pause();
  }

  retryNow(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#connect();
  }

  dismissResumed(): void {
    this.#change({ resumedWith: null });
  }

  dismissOpened(): void {
    this.#change({ opened: null });
  }

  #connect(): void {
    this.#source?.close();
    const types = [TYPES, ...(this.#filter === undefined ? [] : ['log']), ...(this.#wantsStatuses ? ['topology'] : [])];
    const query = new URLSearchParams({ types: types.join(',') });
    if (this.#filter !== undefined) {
      query.set('source', this.#filter.source);
      query.set('q', this.#filter.q);
      query.set('lines_per_second', String(SHOWN_PER_SECOND));
    }
    if (this.#lastId !== undefined) query.set('last_event_id', this.#lastId);
    const source = new EventSource(`/api/v1/events?${query}`);
    this.#source = source;
    this.#countsReplay = this.#isBroken;
    this.#replayed = 0;
    source.addEventListener('hello', (event) => this.#opened(event));
    source.addEventListener('log', (event) => this.#line(event));
    source.addEventListener('metrics', (event) => {
      this.#seen(event);
      this.#change({ figures: JSON.parse(event.data), figuresAt: Date.now() });
    });
    source.addEventListener('alert', (event) => {
      this.#seen(event);
      this.#change({ incidentsVersion: this.#latest().incidentsVersion + 1 });
    });
    source.addEventListener('incident', (event) => this.#incident(event));
    source.addEventListener('topology', (event) => {
      this.#seen(event);
      this.#change({ statuses: [...this.#latest().statuses.slice(1 - MAX_STATUSES), JSON.parse(event.data)] });
    });
    source.addEventListener('gap', (event) => this.#gap(event));
    source.addEventListener('error', () => this.#broken(source));
  }

  #opened(event: MessageEvent<string>): void {
    this.#lastId ??= event.lastEventId;
    const wasBroken = this.#isBroken;
    this.#isBroken = false;
    this.#change({
      connection: 'live',
      attempt: 0,
      retryAt: null,
      lastEventAt: Date.now(),
      figuresAt: this.#latest().figuresAt ?? Date.now(),
      ...(wasBroken && { incidentsVersion: this.#latest().incidentsVersion + 1 }),
    });
    // What was missed comes at once; what comes later is new.
    if (this.#countsReplay) {
      setTimeout(() => {
        this.#countsReplay = false;
        this.#change({ resumedWith: this.#replayed });
      }, 700);
    }
  }

  #seen(event: MessageEvent): void {
    if (event.lastEventId !== '') this.#lastId = event.lastEventId;
    if (this.#countsReplay) this.#replayed++;
    this.#change({ lastEventAt: Date.now() });
  }

  #line(event: MessageEvent<string>): void {
    this.#seen(event);
    const line = JSON.parse(event.data) as LogLine;
    this.#ring.add(line);
    this.#oldest ??= line.time;
    this.#newest = line.time;
    this.#cameSinceGap++;
    this.#linesChanged = true;
    if (this.#latest().isPaused) this.#cameWhilePaused++;
  }

  #incident(event: MessageEvent<string>): void {
    this.#seen(event);
    const incident = JSON.parse(event.data) as Incident;
    const isNews = incident.state === 'opened' && !this.#countsReplay;
    this.#change({
      incidentsVersion: this.#latest().incidentsVersion + 1,
      ...(isNews && { opened: incident }),
    });
  }

  #gap(event: MessageEvent<string>): void {
    const { missed, type } = JSON.parse(event.data) as { type: string; missed: number | null };
    const latest = this.#latest();
    if (type === 'log')
      this.#change({ leftOut: [...latest.leftOut.slice(1 - MAX_LEFT_OUT), this.#gapBefore(missed ?? 0)] });
    else this.#change({ gaps: [...latest.gaps.slice(-19), { type, missed, at: Date.now() }] });
  }

  /** By the times of the lines that came since the last one: what was left out lies between them. */
  #gapBefore(missed: number): LeftOut {
    const to = this.#newest ?? Date.now();
    const gap = { from: Math.min(this.#oldest ?? to, to), to, missed, shown: this.#cameSinceGap };
    this.#oldest = undefined;
    this.#cameSinceGap = 0;
    return gap;
  }

  #broken(source: EventSource): void {
    if (source !== this.#source) return;
    source.close();
    this.#source = undefined;
    this.#isBroken = true;
    const attempt = this.#latest().attempt + 1;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
    this.#change({ connection: 'reconnecting', attempt, retryAt: Date.now() + wait });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.retryNow(), wait);
  }

  #latest(): LiveSnapshot {
    return { ...this.#snapshot, ...this.#next };
  }

  #change(change: Partial<LiveSnapshot>): void {
    Object.assign(this.#next, change);
    // A hidden page draws no frames, and is to know of a new incident all the same.
    this.#frame ??= document.hidden
      ? (setTimeout(() => this.#publish(), 250) as unknown as number)
      : requestAnimationFrame(() => this.#publish());
  }

  #publish(): void {
    this.#frame = undefined;
    const next: LiveSnapshot = { ...this.#snapshot, ...this.#next };
    this.#next = {};
    if (next.isPaused) {
      const waiting = Math.min(this.#cameWhilePaused, MAX_LINES);
      this.#snapshot = { ...next, lines: this.#snapshot.lines, waiting, beyond: this.#cameWhilePaused - waiting };
    } else {
      this.#snapshot = this.#withLines(next);
    }
    for (const listener of this.#listeners) listener();
  }

  #withLines(next: LiveSnapshot): LiveSnapshot {
    if (!this.#linesChanged) return next;
    const wait = this.#linesAt + LINES_EVERY_MS - performance.now();
    if (wait > 0) {
      this.#linesLater ??= setTimeout(() => {
        this.#linesLater = undefined;
        this.#change({});
      }, wait);
      return next;
    }
    this.#linesChanged = false;
    this.#linesAt = performance.now();
    return { ...next, lines: this.#ring.newest() };
  }
}
