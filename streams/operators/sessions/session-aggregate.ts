import { type Headers, NO_HEADERS } from '../../log/log.js';
import type { Serde } from '../../serde/serde.js';
import type { MergingAggregation } from '../../state/aggregation.js';
import { sessionsInOrder } from '../../state/sessions/live-session-store.js';
import { type KeySessions, Session } from '../../state/sessions/session.js';
import { LevelSessionStore } from '../../state/sessions/session-store.js';
import { readSliceBlock } from '../../state/windows/slice-block.js';
import { Windowed } from '../../state/windows/windowed.js';
import type {
  CompiledNode,
  Forward,
  LateRecord,
  StoreContents,
  TableChanges,
  TaskContext,
} from '../../topology/topology.js';
import { type EmitStrategy, noAggregate } from '../windows/windowed-aggregate.js';

export interface SessionAggregateOptions<K, V, A> {
  readonly name: string;
  readonly gapMs: number;
  readonly graceMs: number;
  readonly emit: EmitStrategy;
  readonly aggregation: MergingAggregation<K, V, A>;
  readonly keySerde: Serde<K>;
  readonly changes: TableChanges;
}

export function createSessionStore<K, V, A>({
  aggregation,
  gapMs,
  graceMs,
  keySerde,
  name,
}: SessionAggregateOptions<K, V, A>): LevelSessionStore<K, A> {
  return new LevelSessionStore({ name, keySerde, aggregateSerde: aggregation.serde, openMs: gapMs + graceMs });
}

export function sessionContents<K, V, A>({
  aggregation,
  gapMs,
  keySerde,
}: SessionAggregateOptions<K, V, A>): StoreContents {
  return { kind: 'sessions', keys: keySerde.format, values: aggregation.serde.format, windows: `a gap of ${gapMs} ms` };
}

/** What is to be put together: records from one time to another, with their headers. */
interface Activity {
  readonly start: number;
  readonly end: number;
  readonly headers: Headers;
}

/**
 * Puts records into the sessions of a store. What is late is decided here: sessions that are closed for the record's own
 * source partition do not take it, and a session that would be closed at once is not made. So it depends on the partition's
 * contents, not on when a task was scheduled.
 */
export class SessionAdder<K, V, A> {
  readonly #options: SessionAggregateOptions<K, V, A>;
  readonly #task: TaskContext;
  readonly #store: LevelSessionStore<K, A>;
  readonly #openMs: number;
  readonly #takesLate: boolean;
  #counted = 0;

  /** @param takesLate whether what is late is judged elsewhere */
  constructor(
    options: SessionAggregateOptions<K, V, A>,
    task: TaskContext,
    store: LevelSessionStore<K, A>,
    { takesLate = false }: { readonly takesLate?: boolean } = {},
  ) {
    this.#options = options;
    this.#task = task;
    this.#store = store;
    this.#openMs = options.gapMs + options.graceMs;
    this.#takesLate = takesLate;
  }

  add(key: K, value: V, timestamp: number): void {
    const { aggregation, name } = this.#options;
    if (key === null || key === undefined) {
      this.#task.reportSkipped(name, 'null key');
      return;
    }
    if ((value === null || value === undefined) && aggregation.skipsNullValues) {
      this.#task.reportSkipped(name, 'null value');
      return;
    }
    const sessions = this.#store.key(key);
    try {
      const activity = { start: timestamp, end: timestamp, headers: this.#task.headers };
      const isCounted = this.#put(sessions, activity, this.#closedBefore(!this.#takesLate), (before) =>
        aggregation.add(sessions.key, value, before),
      );
      if (isCounted) this.#counted++;
      else this.#task.reportLate(this.#lateRecord(timestamp));
    } catch (error) {
      this.#task.failed(name, error, key, value, timestamp);
    } finally {
      this.#store.forget(sessions);
    }
  }

  /** Takes what an upstream task has made of records. @param isSingle of one record, which can be late */
  merge(key: K, start: number, end: number, aggregate: A, isSingle: boolean): void {
    const { aggregation, name } = this.#options;
    const sessions = this.#store.key(key);
    try {
      const activity = { start, end, headers: this.#task.headers };
      const isCounted = this.#put(sessions, activity, this.#closedBefore(isSingle), (before) =>
        aggregation.merge(before, aggregate),
      );
      if (isCounted && isSingle) this.#counted++;
      if (isCounted) return;
      if (isSingle) this.#task.reportLate(this.#lateRecord(end));
      else this.#task.reportSkipped(name, 'partial aggregate of a closed session');
    } catch (error) {
      this.#task.failed(name, error, key, aggregate, end);
    } finally {
      this.#store.forget(sessions);
    }
  }

  /** Tells how many records were added since this was last called. */
  reportCounted(): void {
    if (this.#counted > 0) this.#task.reportCounted(this.#options.name, this.#counted);
    this.#counted = 0;
  }

  /** Sessions that end before it are closed, for the record's own partition, too, where that is asked for. */
  #closedBefore(forPartition: boolean): number {
    const { closedBefore } = this.#store;
    return forPartition ? Math.max(this.#task.partitionTime - this.#openMs, closedBefore) : closedBefore;
  }

  /** @returns false when the session that it would be is closed */
  #put(
    key: KeySessions<K, A>,
    { end, headers, start }: Activity,
    closedBefore: number,
    add: (before: A) => A,
  ): boolean {
    const { aggregation, gapMs, name } = this.#options;
    const merged: Session<A>[] = [];
    let first = start;
    let last = end;
    let aggregate = aggregation.initializer();
    for (const session of key.sessions) {
      if (session.end < closedBefore || session.end < start - gapMs || session.start > end + gapMs) continue;
      merged.push(session);
      first = Math.min(first, session.start);
      last = Math.max(last, session.end);
      aggregate = aggregation.merge(aggregate, session.aggregate);
    }
    if (last < closedBefore) return false;
    aggregate = add(aggregate);
    if (aggregate === undefined) throw noAggregate(name);
    this.#store.replace(key, merged, aggregate === null ? undefined : new Session(first, last, aggregate, headers));
    return true;
  }

  #lateRecord(timestamp: number): LateRecord {
    const { gapMs, name } = this.#options;
    // Sessions are closed by the partition's own time, or, when it was left out as silent, by the task's watermark.
    const time = Math.max(this.#task.partitionTime, this.#store.closedBefore + this.#openMs);
    return {
      node: name,
      latenessMs: time - timestamp,
      graceNeededMs: time - gapMs - timestamp,
      windows: 1,
      dropped: true,
    };
  }
}

/** count, reduce and aggregate over sessions. Each session that has changed, or is no more, is forwarded once a commit. */
export function compileSessionAggregate<K, V, A>(
  options: SessionAggregateOptions<K, V, A>,
  task: TaskContext,
  forward: Forward,
): CompiledNode {
  const {
    aggregation,
    changes: { sendOldValues },
    gapMs,
    graceMs,
    keySerde,
    name,
  } = options;
  const store = task.store(name) as LevelSessionStore<K, A>;
  const adder = new SessionAdder(options, task, store);
  const sent = task.countsOut(name);

  const send = (key: K, session: Session<A>, aggregate: A | null, headers: Headers, old: A | null) => {
    const windowed = new Windowed(key, session, 0);
    const before = sendOldValues ? old : undefined;
    sent.out++;
    if (headers.length === 0) forward(windowed, aggregate, session.end, before);
    else task.withHeaders(headers, () => forward(windowed, aggregate, session.end, before));
  };

  /** First the sessions that are no more, for those that they were merged into come behind them. */
  const emitChanged = () => {
    for (const key of store.dirtyKeys) {
      const committed = key.committed ?? [];
      const changed = key.sessions.filter((session) => !committed.includes(session));
      for (const gone of committed) {
        if (key.at(gone.start, gone.end) !== undefined) continue;
        const into = changed.find(({ end, start }) => start <= gone.start && end >= gone.end);
        send(key.key, gone, null, into?.headers ?? NO_HEADERS, gone.aggregate);
      }
      for (const session of changed) {
        const before = committed.find(({ end, start }) => start === session.start && end === session.end);
        send(key.key, session, session.aggregate, session.headers, before?.aggregate ?? null);
      }
    }
  };

  const emitClosed = (time: number) => {
    const closed = store
      .keysEndingBefore(time)
      .flatMap((key) => key.sessions.filter(({ end }) => end < time).map((session) => ({ key, session })));
    for (const { key, session } of sessionsInOrder(closed, store)) {
      send(key.key, session, session.aggregate, NO_HEADERS, null);
    }
  };

  const closeBefore = (time: number) => {
    if (time <= store.closedBefore) return;
    if (options.emit === 'onWindowClose') emitClosed(time);
    store.closeBefore(time);
  };

  return {
    process: adder.add.bind(adder) as Forward,
    mergeBlock: (_slice, block, isSingle) => {
      readSliceBlock(block, name, keySerde, aggregation.serde, (key, start, lengthMs, aggregate) =>
        adder.merge(key, start, start + lengthMs, aggregate, isSingle),
      );
    },
    flush: () => {
      adder.reportCounted();
      if (options.emit === 'onUpdate') emitChanged();
      closeBefore(task.watermark - gapMs - graceMs);
    },
    drain: () => {
      if (options.emit === 'onWindowClose') closeBefore(store.lastEnd() + 1);
    },
  };
}
