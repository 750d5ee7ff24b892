import {
  type Duration,
  type KeyValueStore,
  type KeyValueStoreDefinition,
  type KStream,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  stringSerde,
  toMilliseconds,
  type Windowed,
} from '@millrace/streams';
import type { Judgement } from './monitor.js';
import type { Observed } from './signals.js';
import { learnedStateSerde } from './stored-state.js';

/** An entity without a record for so long is gone: its state is deleted, and its open alerts end. */
const GONE_AFTER_MS = 3_600_000;
/** For how long after its time a window may still come, by the clock. */
const PATIENCE_MS = 2000;
/** When all are silent, so many windows after the last may still be open upstream, with lines in them. */
const OPEN_UPSTREAM = 2;
const UNJUDGED: Judgement = { deviations: [], scores: {}, alerts: [] };
/** No entity's key in the store: see `keyOf`. */
const ROSTER = '\0roster';
/** Entities that one task watches at most; half of them stay when there were more. */
const MAX_WATCHED = 10_000;

/** A window of an entity, judged. */
export interface JudgedWindow<A> {
  readonly entity: string;
  readonly start: number;
  readonly end: number;
  readonly aggregate: A;
  readonly judgement: Judgement;
}

/** Judges the windows of entities by a state for each: plain data for a store. */
export interface WindowJudge<A, S> {
  initial(): S;
  /** Judges a window by what came before it, and learns from it: the state is changed. */
  observe(state: S, aggregate: A, observed: Observed): Judgement;
  /** Whether no alert is open. */
  isAtRest(state: S): boolean;
  /** The alerts that are open, as over. */
  close(state: S, observed: Observed): Judgement['alerts'];
}

/** Judges by the judge of now: states are the same for all of them. */
export function currentJudge<A, S>(judge: () => WindowJudge<A, S>): WindowJudge<A, S> {
  return {
    initial: () => judge().initial(),
    observe: (state, aggregate, observed) => judge().observe(state, aggregate, observed),
    isAtRest: (state) => judge().isAtRest(state),
    close: (state, observed) => judge().close(state, observed),
  };
}

export interface WindowMonitorOptions<A, S> {
  /** Names the store. */
  readonly name: string;
  readonly judge: WindowJudge<A, S>;
  /** What a window without any record is. */
  readonly empty: () => A;
  /**
   * For judges that learn nothing: whether a window is within all limits. Then an entity is watched, and its windows are
   * handed on, only while an alert is open.
   */
  readonly isWithinLimits?: (aggregate: A, entity: string) => boolean;
  /** Called with every window that has come, before it is judged. */
  readonly seen?: (entity: string, start: number, aggregate: A) => void;
  readonly scope: (entity: string) => string;
  readonly size: Duration;
  /**
   * How long after an entity's last record what is missing is judged: then nothing new is learned of it before it is back, or
   * gone. Default: until it is gone.
   */
  readonly judgesMissing?: Duration;
  /** Whether windows are missed by the clock, where nothing comes at all: for live sources. */
  readonly watchesClock: boolean;
  /** Entities that one task watches at most; the windows of others are handed on unjudged. Default 10,000. */
  readonly mostWatched?: number;
}

/**
 * Judges closed windows by entity in the order of their time, and those that are missing: an entity had no record while
 * others in its partition had, or all are silent, which the clock tells.
 */
export function monitorWindows<A, S extends object>(
  windows: KStream<Windowed<string>, A>,
  options: WindowMonitorOptions<A, S>,
): KStream<string, JudgedWindow<A>> {
  const { name } = options;
  const valueSerde = learnedStateSerde<S | Roster>(name);
  const store = keyValueStore({ name, keySerde: stringSerde, valueSerde, sharesValues: true });
  return windows.process<string, JudgedWindow<A>>(() => new WindowMonitor(options, store), { name, stores: [store] });
}

/**
 * Of each entity: until when its windows were judged, when its last one with a record ended, and when it was first watched;
 * ms since the epoch. What older versions have written lacks the last.
 */
type Roster = Record<string, readonly [judgedTo: number, lastSeen: number, firstSeen?: number]>;

class WindowMonitor<A, S> implements Processor<Windowed<string>, A, string, JudgedWindow<A>> {
  readonly #options: WindowMonitorOptions<A, S>;
  readonly #sizeMs: number;
  readonly #judgesMissingMs: number;
  #context: ProcessorContext<string, JudgedWindow<A>> | undefined;
  #states: KeyValueStore<string, S | null> | undefined;
  #rosters: KeyValueStore<string, Roster | null> | undefined;
  /** Names come from outside: without a prototype, none of them is special. */
  readonly #roster: Roster = Object.create(null);
  #watched = 0;
  readonly #mostWatched: number;
  /** Every window that ends by then has come. */
  #completeTo = 0;
  #receivedAt: number | undefined;
  /** When a window last came, they were complete to here; those before `#emptyFrom` may still come. */
  #receivedTo = 0;
  #emptyFrom = 0;

  readonly #store: KeyValueStoreDefinition<string, S | Roster | null>;

  constructor(options: WindowMonitorOptions<A, S>, store: KeyValueStoreDefinition<string, S | Roster | null>) {
    this.#options = options;
    this.#store = store;
    this.#mostWatched = options.mostWatched ?? MAX_WATCHED;
    this.#sizeMs = toMilliseconds(options.size, 'the size of a window');
    this.#judgesMissingMs = toMilliseconds(
      options.judgesMissing ?? GONE_AFTER_MS,
      'how long missing windows are judged',
    );
  }

  init(context: ProcessorContext<string, JudgedWindow<A>>): void {
    const { watchesClock } = this.#options;
    this.#context = context;
    // The roster is in the same store, under a key that no entity has.
    const store = context.stateStore(this.#store);
    this.#states = store as KeyValueStore<string, S | null>;
    this.#rosters = store as KeyValueStore<string, Roster | null>;
    Object.assign(this.#roster, this.#rosters?.get(ROSTER));
    this.#watched = Object.keys(this.#roster).length;
    if (watchesClock) context.schedule(this.#sizeMs, 'wall-clock-time', (now) => this.#watchClock(now));
  }

  process({ key: { key: entity, window }, value }: StreamRecord<Windowed<string>, A>): void {
    this.#receivedAt = this.#context?.currentSystemTimeMs;
    // Windows come in the order of their starts: of those before this one, none is on its way.
    if (window.start > this.#completeTo) this.#complete(window.start);
    this.#receivedTo = Math.max(this.#receivedTo, window.end);
    this.#options.seen?.(entity, window.start, value);
    const judgedTo = this.#roster[entity]?.[0] ?? 0;
    if (window.start < judgedTo && window.start < this.#emptyFrom) {
      // It was open when all had been silent for so long that what follows was judged without it.
      this.#hand(entity, window.start, value, UNJUDGED);
      return;
    }
    if (this.#roster[entity] === undefined) {
      if (this.#options.isWithinLimits?.(value, entity)) return;
      if (this.#watched >= this.#mostWatched) {
        this.#hand(entity, window.start, value, UNJUDGED);
        return;
      }
    }
    this.#judge(entity, window.start, value, window.end);
    this.#rosters?.put(ROSTER, this.#roster);
  }

  #watchClock(now: number): void {
    const sizeMs = this.#sizeMs;
    this.#receivedAt ??= now;
    const entries = Object.values(this.#roster);
    if (entries.length === 0) return;
    const silentMs = now - this.#receivedAt - PATIENCE_MS;
    if (this.#receivedTo === 0) this.#receivedTo = Math.max(...entries.map(([judgedTo]) => judgedTo));
    const from = this.#receivedTo + OPEN_UPSTREAM * sizeMs;
    const time = this.#receivedTo + Math.floor(silentMs / sizeMs) * sizeMs;
    if (time < from + sizeMs || time <= this.#completeTo) return;
    this.#emptyFrom = from;
    for (const [entity, [judgedTo, ...seen]] of Object.entries(this.#roster)) {
      this.#roster[entity] = [Math.max(judgedTo, from), ...seen];
    }
    this.#complete(time, true);
  }

  /** Judges what is missing up to the time. */
  #complete(time: number, byClock = false): void {
    const { empty } = this.#options;
    const sizeMs = this.#sizeMs;
    this.#completeTo = time;
    for (const [entity, [judgedTo, lastSeen]] of Object.entries(this.#roster)) {
      const goneAt = lastSeen + GONE_AFTER_MS;
      const last = Math.min(time, lastSeen + this.#judgesMissingMs);
      let start = judgedTo;
      for (; start + sizeMs <= last && this.#roster[entity] !== undefined; start += sizeMs) {
        this.#judge(entity, start, empty(), lastSeen, byClock);
      }
      // The last window before it is gone ends what is open of it.
      const final = start + Math.floor((goneAt - start) / sizeMs - 1) * sizeMs;
      if (final > start && goneAt <= time) this.#judge(entity, final, empty(), lastSeen, byClock);
    }
    if (this.#watched > this.#mostWatched / 2) this.#forgetPassersBy();
    this.#rosters?.put(ROSTER, this.#roster);
  }

  /**
   * There are too many to learn of them all: the half stays that has been here for the longest, and who has an alert open. So
   * nobody can drive out who is usually there by names that are made up.
   */
  #forgetPassersBy(): void {
    const stayedMs = ([, lastSeen, firstSeen = lastSeen]: Roster[string]) => lastSeen - firstSeen;
    const ranked = Object.entries(this.#roster).sort(
      ([, one], [, other]) => stayedMs(other) - stayedMs(one) || other[1] - one[1],
    );
    for (const [entity] of ranked.slice(Math.floor(this.#mostWatched / 2))) {
      const state = this.#states?.get(keyOf(entity));
      if (!state || this.#options.judge.isAtRest(state)) this.#forget(entity);
    }
  }

  #judge(entity: string, start: number, aggregate: A, lastSeen: number, byClock = false): void {
    const { isWithinLimits, judge, scope } = this.#options;
    const end = start + this.#sizeMs;
    let judgement = UNJUDGED;
    const known = this.#roster[entity];
    if (known === undefined) this.#watched++;
    this.#roster[entity] = [end, lastSeen, known?.[2] ?? known?.[1] ?? lastSeen];
    // At the end of the input windows are closed before their time: what they hold is not all there would have been.
    if (byClock || (this.#context?.currentStreamTimeMs ?? 0) >= end) {
      const observed = { entity, scope: scope(entity), start, end };
      const state = this.#states?.get(keyOf(entity)) ?? judge.initial();
      judgement = judge.observe(state, aggregate, observed);
      const isGone = end + this.#sizeMs > lastSeen + GONE_AFTER_MS;
      if (isGone) judgement = { ...judgement, alerts: [...judgement.alerts, ...judge.close(state, observed)] };
      if (isGone || (isWithinLimits?.(aggregate, entity) && judge.isAtRest(state))) this.#forget(entity);
      else this.#states?.put(keyOf(entity), state);
    }
    this.#hand(entity, start, aggregate, judgement);
  }

  #hand(entity: string, start: number, aggregate: A, judgement: Judgement): void {
    const end = start + this.#sizeMs;
    this.#context?.forward({ key: entity, value: { entity, start, end, aggregate, judgement }, timestamp: end - 1 });
  }

  #forget(entity: string): void {
    if (this.#roster[entity] !== undefined) this.#watched--;
    delete this.#roster[entity];
    this.#states?.delete(keyOf(entity));
  }
}

/** The roster is under a key that begins with a NUL: names that do, too, have another before them. */
function keyOf(entity: string): string {
  return entity.startsWith('\0') ? `\0${entity}` : entity;
}
