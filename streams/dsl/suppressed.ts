import { ArgumentError } from '../errors.js';
import type { SuppressLimits } from '../operators/tables/suppress.js';
import { type Duration, toMilliseconds } from './duration.js';

/** What happens when a buffer is full. */
type WhenFull = SuppressLimits['whenFull'];

/**
 * How many rows a `suppress` holds back, and what happens beyond that.
 *
 * @example BufferConfig.maxRecords(10_000).shutDownWhenFull()
 */
export class BufferConfig<Full extends WhenFull = WhenFull> {
  private constructor(
    readonly records: number,
    readonly bytes: number,
    readonly whenFull: Full,
  ) {}

  /** At most so many rows; beyond, rows go out early, unless `shutDownWhenFull`. @throws ArgumentError when it is no number */
  static maxRecords(records: number): BufferConfig<'emit-early'> {
    return new BufferConfig(bound(records, 'records'), Number.POSITIVE_INFINITY, 'emit-early');
  }

  /**
   * At most so many bytes of keys, values and headers; beyond, rows go out early, unless `shutDownWhenFull`.
   *
   * @throws ArgumentError when it is no number
   */
  static maxBytes(bytes: number): BufferConfig<'emit-early'> {
    return new BufferConfig(Number.POSITIVE_INFINITY, bound(bytes, 'bytes'), 'emit-early');
  }

  /** As many as there are, up to the memory of the process. */
  static unbounded(): BufferConfig<'shut-down'> {
    return new BufferConfig(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 'shut-down');
  }

  /** With this limit, too. @throws ArgumentError when it is no number */
  withMaxRecords(records: number): BufferConfig<Full> {
    return new BufferConfig(bound(records, 'records'), this.bytes, this.whenFull);
  }

  /** With this limit, too. @throws ArgumentError when it is no number */
  withMaxBytes(bytes: number): BufferConfig<Full> {
    return new BufferConfig(this.records, bound(bytes, 'bytes'), this.whenFull);
  }

  /** Without limits. */
  withNoBound(): BufferConfig<'shut-down'> {
    return BufferConfig.unbounded();
  }

  /** Stops the application when the buffer is full, with a `StateError` `BUFFER_FULL`. */
  shutDownWhenFull(): BufferConfig<'shut-down'> {
    return new BufferConfig(this.records, this.bytes, 'shut-down');
  }

  /** When the buffer is full, sends the rows that are due next, until it is not. */
  emitEarlyWhenFull(): BufferConfig<'emit-early'> {
    return new BufferConfig(this.records, this.bytes, 'emit-early');
  }
}

function bound(value: number, of: 'records' | 'bytes'): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ArgumentError(`the ${of} of a buffer must be a whole number of 0 or more, not ${JSON.stringify(value)}`);
}

/** Results of windows are final. Made by `Suppressed.untilWindowCloses`. */
export interface UntilWindowCloses {
  readonly until: 'final';
  readonly buffer: BufferConfig<'shut-down'>;
}

/** Changes are held back for a time. Made by `Suppressed.untilTimeLimit`. */
export interface UntilTimeLimit {
  readonly until: 'limit';
  readonly limitMs: number;
  readonly buffer: BufferConfig;
}

/** What `KTable#suppress` holds back, and until when. */
export const Suppressed = {
  /**
   * Sends one result of each window, when the watermark has passed its end and the grace period. A window whose row was
   * deleted has none.
   *
   * @param buffer one that does not emit early: what went out would not be final
   * @throws ArgumentError when it does
   */
  untilWindowCloses(buffer: BufferConfig<'shut-down'>): UntilWindowCloses {
    if ((buffer as BufferConfig).whenFull !== 'shut-down') {
      throw new ArgumentError(
        'untilWindowCloses sends final results, and cannot emit early: take BufferConfig.unbounded(), or ' +
          'shutDownWhenFull()',
      );
    }
    return { until: 'final', buffer };
  },

  /**
   * Sends the last change of a row when time has moved on by `limit` since the first change that was held back.
   *
   * @throws ArgumentError when it is no duration
   */
  untilTimeLimit(limit: Duration, buffer: BufferConfig): UntilTimeLimit {
    return { until: 'limit', limitMs: toMilliseconds(limit, 'the time limit of a suppress'), buffer };
  },
} as const;
