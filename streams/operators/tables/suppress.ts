import type { Headers } from '../../log/log.js';
import { StateError } from '../../state/state-database.js';
import type { SuppressedRow } from '../../state/suppress/suppressed-row.js';
import type { SuppressionBuffer } from '../../state/suppress/suppression-buffer.js';
import type { Windowed } from '../../state/windows/windowed.js';
import type { CompiledNode, Forward, StoreDefinition, TaskContext } from '../../topology/topology.js';
import type { FindRow, TableRows } from './table-rows.js';

/** How much is held back. */
export interface SuppressLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** What happens beyond: the rows that are due next go out early, or the application stops. */
  readonly whenFull: 'emit-early' | 'shut-down';
}

export interface SuppressOptions {
  readonly name: string;
  readonly store: string;
  /**
   * `final`: a row goes out once, when its window can change no more, which is so long after the window's end. `limit`: its
   * last change goes out so long after its first, by the time of the partition that is read.
   */
  readonly until: 'final' | 'limit';
  readonly delayMs: number;
  readonly limits: SuppressLimits;
}

/** Holds the changes of a table back, and hands on the last of each row when it is due. */
export function compileSuppress(options: SuppressOptions, task: TaskContext, forward: Forward): CompiledNode {
  const { delayMs, limits, name, store, until } = options;
  const buffer = task.store(store) as SuppressionBuffer<unknown, unknown>;
  const sent = task.countsOut(name);
  const isFinal = until === 'final';

  const send = (row: SuppressedRow) => {
    buffer.remove(row);
    const { headers, prior, timestamp, value } = row;
    let key: unknown;
    let now: unknown;
    let old: unknown;
    try {
      key = buffer.keyOf(row);
      now = value === null ? null : buffer.valueOf(value);
      old = prior === null || prior === undefined ? prior : buffer.valueOf(prior);
    } catch (error) {
      task.failed(name, error, key, undefined, timestamp);
      return;
    }
    sent.out++;
    task.withHeaders(headers, () => forward(key, now, timestamp, old));
  };

  const sendDue = (time: number) => {
    for (let { first } = buffer; first !== undefined && first.time + delayMs <= time; first = buffer.first) send(first);
  };

  const isFull = () => buffer.entries > limits.maxRecords || buffer.sizeBytes > limits.maxBytes;

  const keepWithinLimits = () => {
    if (limits.whenFull === 'shut-down') {
      if (isFull()) throw bufferFull(options, buffer);
      return;
    }
    for (let { first } = buffer; first !== undefined && isFull(); first = buffer.first) send(first);
  };

  const hold = (key: unknown, value: unknown, timestamp: number, headers: Headers, old: unknown) => {
    const identity = buffer.identity(key);
    if (isFinal && value === null) {
      // Nothing was told of the row, and nothing is: it must not take room until then.
      const row = buffer.get(identity);
      if (row !== undefined) buffer.remove(row);
      return;
    }
    const time = isFinal ? (key as Windowed<unknown>).window.end : timestamp;
    buffer.put(identity, { time, timestamp, headers, value, old });
  };

  return {
    process: (key, value, timestamp, old) => {
      try {
        hold(key, value ?? null, timestamp, task.headers, old);
      } catch (error) {
        task.failed(name, error, key, value, timestamp);
        return;
      }
      if (isFinal) return;
      // By the time of its partition, which a restart does not change.
      sendDue(Math.max(timestamp, task.partitionTime));
      keepWithinLimits();
    },
    flush: () => {
      // By then its aggregate has closed windows: no change of them comes any more.
      sendDue(task.watermark);
      keepWithinLimits();
    },
    drain: () => sendDue(Number.POSITIVE_INFINITY),
  };
}

/**
 * The rows of a suppressed table, as they were told: of one that is held back, what it was before.
 *
 * @param rows of the table that is suppressed
 */
export function suppressedRows(rows: TableRows, store: StoreDefinition): TableRows {
  const told = (task: TaskContext): FindRow => {
    const buffer = task.store(store.name) as SuppressionBuffer<unknown, unknown>;
    const find = rows.told(task);
    return (key, asOf) => {
      const held = buffer.get(buffer.identity(key));
      if (held === undefined) return find(key, asOf);
      // Its time is not known any more: it takes part in no comparison.
      return held.prior ? { value: buffer.valueOf(held.prior), timestamp: -1 } : undefined;
    };
  };
  return { stores: [...rows.stores, store], current: told, told };
}

function bufferFull({ limits, name, until }: SuppressOptions, buffer: SuppressionBuffer<unknown, unknown>): StateError {
  const { maxBytes, maxRecords } = limits;
  const bounds = [
    ...(Number.isFinite(maxRecords) ? [`${maxRecords} rows`] : []),
    ...(Number.isFinite(maxBytes) ? [`${maxBytes} bytes`] : []),
  ].join(' and ');
  return new StateError(
    'BUFFER_FULL',
    `"${name}" holds back ${buffer.entries} rows of ${buffer.sizeBytes} bytes, and may hold ${bounds}: nothing of it is ` +
      `committed; give it a larger buffer, or ${until === 'final' ? 'shorter windows' : 'a shorter time, or let it emitEarlyWhenFull'}`,
  );
}
