import {
  jsonSerde,
  type KeyValueStore,
  type KStream,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  stringSerde,
  type Windowed,
} from '../streams/index.js';
import type { Judgement, Monitor, MonitorState } from './monitor.js';

/** So many windows in a row without a record are judged; after them an entity is taken for gone. */
const LONGEST_SILENCE_WINDOWS = 60;
/** For how long after its time a window may still come, by the clock. */
const PATIENCE_MS = 5000;
const UNJUDGED: Judgement = { deviations: [], scores: {}, alerts: [] };
const ROSTER = '\0roster';

/** A window of an entity, judged. */
export interface JudgedWindow<A> {
  readonly entity: string;
  readonly start: number;
  readonly end: number;
  readonly aggregate: A;
  readonly judgement: Judgement;
}

export interface WindowMonitorOptions<A> {
  /** Names the store. */
  readonly name: string;
  readonly monitor: Monitor<A>;
  /** What a window without any record is. */
  readonly empty: () => A;
  /** Whether a window says nothing of an entity that is not watched yet; default: every entity is watched. */
  readonly passesOver?: (aggregate: A) => boolean;
  readonly scope: (entity: string) => string;
  readonly sizeMs: number;
  readonly graceMs: number;
  /** Whether windows are missed by the clock, where nothing comes at all: for live sources. */
  readonly watchesClock: boolean;
}

/**
 * Judges closed windows by entity in the order of their time, and those that are missing: an entity had no record while
 * others in its partition had, or all are silent, which the clock tells.
 */
export function monitorWindows<A>(
  windows: KStream<Windowed<string>, A>,
  options: WindowMonitorOptions<A>,
): KStream<string, JudgedWindow<A>> {
  const { name } = options;
  const store = keyValueStore({ name, keySerde: stringSerde, valueSerde: jsonSerde<MonitorState | Roster>() });
  return windows.process<string, JudgedWindow<A>>(() => new WindowMonitor(options), { name, stores: [store] });
}

/** Until when the windows of each entity were judged, in milliseconds since the epoch. */
type Roster = Record<string, number>;

class WindowMonitor<A> implements Processor<Windowed<string>, A, string, JudgedWindow<A>> {
  readonly #options: WindowMonitorOptions<A>;
  #context: ProcessorContext<string, JudgedWindow<A>> | undefined;
  #states: KeyValueStore<string, MonitorState> | undefined;
  #rosters: KeyValueStore<string, Roster> | undefined;
  #roster: Roster = {};
  /** Every window that ends by then has come. */
  #completeTo = 0;
  #receivedAt: number | undefined;

  constructor(options: WindowMonitorOptions<A>) {
    this.#options = options;
  }

  init(context: ProcessorContext<string, JudgedWindow<A>>): void {
    const { name, sizeMs, watchesClock } = this.#options;
    this.#context = context;
    this.#states = context.stateStore(name);
    this.#rosters = context.stateStore(name);
    this.#roster = this.#rosters?.get(ROSTER) ?? {};
    if (watchesClock) context.schedule(sizeMs, 'wall-clock-time', (now) => this.#watchClock(now));
  }

  process({ key: { key: entity, window }, value }: StreamRecord<Windowed<string>, A>): void {
    this.#receivedAt = this.#context?.currentSystemTimeMs;
    // Windows come in the order of their starts: of those before this one, none is on its way.
    if (window.start > this.#completeTo) this.#complete(window.start);
    if (this.#options.passesOver?.(value) && this.#roster[entity] === undefined) return;
    this.#judge(entity, window.start, value);
    this.#roster[entity] = window.end;
    this.#rosters?.put(ROSTER, this.#roster);
  }

  #watchClock(now: number): void {
    const { graceMs, sizeMs } = this.#options;
    this.#receivedAt ??= now;
    const judgedTo = Object.values(this.#roster);
    if (judgedTo.length === 0) return;
    const silentMs = now - this.#receivedAt - graceMs - PATIENCE_MS;
    const last = Math.max(...judgedTo);
    if (silentMs >= sizeMs && this.#completeTo < last + silentMs) {
      this.#complete(last + Math.floor(silentMs / sizeMs) * sizeMs);
    }
  }

  /** Judges what is missing up to the time. */
  #complete(time: number): void {
    const { empty, sizeMs } = this.#options;
    const roster = this.#roster;
    this.#completeTo = time;
    for (const [entity, judgedTo] of Object.entries(roster)) {
      const last = Math.min(time, judgedTo + LONGEST_SILENCE_WINDOWS * sizeMs);
      for (let start = judgedTo; start + sizeMs <= last; start += sizeMs) {
        this.#judge(entity, start, empty());
        roster[entity] = start + sizeMs;
      }
      if (time - judgedTo > LONGEST_SILENCE_WINDOWS * sizeMs) {
        delete roster[entity];
        this.#states?.delete(entity);
      }
    }
    this.#rosters?.put(ROSTER, roster);
  }

  #judge(entity: string, start: number, aggregate: A): void {
    const { monitor, scope, sizeMs } = this.#options;
    const end = start + sizeMs;
    let judgement = UNJUDGED;
    // At the end of the input windows are closed before their time: what they hold is not all there would have been.
    if ((this.#context?.currentStreamTimeMs ?? 0) >= end) {
      const state = this.#states?.get(entity) ?? {};
      judgement = monitor.observe(state, aggregate, { entity, scope: scope(entity), start, end });
      this.#states?.put(entity, state);
    }
    this.#context?.forward({ key: entity, value: { entity, start, end, aggregate, judgement }, timestamp: end - 1 });
  }
}
