import type { SourcePartition } from '@millrace/streams';
import type { Alert } from '../../schemas/records.js';
import type { ApplicationConfig } from '../application-config.js';
import { sendAlerts } from '../monitoring/alerts.js';
import type { TopicSerdes } from '../serdes.js';
import { type Line, type Lines, partOfService, scopeOfService } from './service-lines.js';

/** What is known of the times in a partition. */
interface PartitionClock {
  /** The largest step by which its time goes on, lately. */
  step: number;
  lastSource: string;
  /** The share of lines, lately, that are from another source than the one before. */
  changes: number;
  ahead: Ahead | undefined;
  /** By how much the clocks of sources are ahead. */
  readonly skews: Map<string, Skew>;
}

/** Lines far ahead of all before them, without one in between that is not. */
interface Ahead {
  readonly first: number;
  last: number;
  count: number;
  /** By source, by how much its last line was ahead. */
  readonly sources: Map<string, number>;
}

interface Skew {
  ms: number;
  lines: number;
  isTold: boolean;
}

/** A time further ahead than this, and than some usual steps, is doubted. */
const MIN_AHEAD_MS = 3000;
const STEPS = 4;
const STEP_FADING = 0.9995;
/** Beyond it the engine itself refuses a line. */
const MAX_AHEAD_MS = 86_400_000;
/** So many lines ahead, one after the other, are believed of one source where there are several, or where there is one. */
const BELIEVED_AMONG_MANY = 30;
const BELIEVED_ALONE = 3;
const MANY = 0.05;
/** Lines of a skewed source before it is told. */
const TOLD_AFTER = 3;
const MAX_SOURCES = 1000;
const MAX_NOTICES = 100;
const CHANGES_FADING = 0.01;

/**
 * The times of lines, as far as they are to be believed. One that is far ahead of its neighbours moves nothing: it counts
 * when it came. Where it is always the same source whose lines are ahead, its clock is, and its lines are set back by that.
 * What comes too late for its window counts when it came as well, so that no line is lost.
 */
export class LineClock {
  /** What is to be told of sources. */
  readonly #notices: Alert[] = [];
  readonly #partitions = new WeakMap<SourcePartition, PartitionClock>();

  constructor(readonly graceMs: number) {}

  timeOf(line: Line, partition: SourcePartition | undefined): number {
    const { timestamp } = line;
    if (partition === undefined || partition.time < 0) return timestamp;
    let clock = this.#partitions.get(partition);
    if (clock === undefined) {
      clock = { step: 0, lastSource: '', changes: 0, ahead: undefined, skews: new Map() };
      this.#partitions.set(partition, clock);
    }
    const source = line.source ?? line.service;
    const isOther = source !== clock.lastSource;
    clock.lastSource = source;
    clock.changes += CHANGES_FADING * ((isOther ? 1 : 0) - clock.changes);
    const step = timestamp - partition.time;
    if (step > Math.max(MIN_AHEAD_MS, STEPS * clock.step))
      return this.#ahead(clock, line, source, step, partition.time);
    if (clock.ahead !== undefined) this.#refute(clock);
    if (step > clock.step) clock.step = step;
    else clock.step *= STEP_FADING;
    // A window that ends after this is open.
    return step < -this.graceMs ? partition.time - this.graceMs + 1 : timestamp;
  }

  /** What is to be told, once. */
  takeNotices(): readonly Alert[] {
    return this.#notices.length === 0 ? NONE : this.#notices.splice(0);
  }

  #ahead(clock: PartitionClock, line: Line, source: string, step: number, time: number): number {
    if (step > MAX_AHEAD_MS) return line.timestamp;
    const skew = clock.skews.get(source);
    if (skew !== undefined) {
      const corrected = step - skew.ms;
      if (Math.abs(corrected) <= Math.max(MIN_AHEAD_MS, STEPS * clock.step)) {
        skew.lines++;
        if (!skew.isTold && skew.lines >= TOLD_AFTER) {
          skew.isTold = true;
          this.#tell(line, source, skew.ms, 'clock');
        }
        // Never beyond what the others say the time is by much.
        return Math.max(time - this.graceMs + 1, time + Math.min(corrected, clock.step));
      }
    }
    clock.ahead ??= { first: line.timestamp, last: line.timestamp, count: 0, sources: new Map() };
    const { ahead } = clock;
    ahead.count++;
    ahead.last = line.timestamp;
    ahead.sources.set(source, step);
    const others = [...ahead.sources.keys()].filter((one) => !clock.skews.has(one)).length;
    const believed = clock.changes > MANY ? BELIEVED_AMONG_MANY : BELIEVED_ALONE;
    if (others >= 2 || ahead.count >= believed) {
      // Time has passed for all of them.
      clock.ahead = undefined;
      for (const one of ahead.sources.keys()) clock.skews.delete(one);
      return line.timestamp;
    }
    if (ahead.count === 1 && skew === undefined) this.#tell(line, source, step, 'line');
    return time;
  }

  /** A line that is not ahead: those that were are wrong. */
  #refute(clock: PartitionClock): void {
    for (const [source, ms] of clock.ahead?.sources ?? []) {
      if (clock.skews.size >= MAX_SOURCES) clock.skews.clear();
      const known = clock.skews.get(source);
      clock.skews.set(source, { ms, lines: 1, isTold: known?.isTold ?? false });
    }
    clock.ahead = undefined;
  }

  #tell(line: Line, source: string, ms: number, what: 'clock' | 'line'): void {
    if (this.#notices.length >= MAX_NOTICES) return;
    const { service, timestamp } = line;
    const entity = partOfService(service, source);
    const time = timestamp - ms;
    const seconds = `${(ms / 1000).toLocaleString('en-US', { maximumFractionDigits: 1 })} s`;
    this.#notices.push({
      id: `service/${entity}/clock/${what}@${time}`,
      ...{ time, source_kind: 'service', entity, scope: scopeOfService(service), detector: 'clock' },
      ...{ state: 'opened', severity: 'info', value: ms, expected_low: null, expected_high: MIN_AHEAD_MS },
      ...{ window_start: time, window_end: time, fields: ['timestamp'] },
      explanation:
        what === 'clock'
          ? `${entity}: its clock is ${seconds} ahead of the others'; its lines are set back by that.`
          : `${entity}: a line is dated ${seconds} ahead of those around it; it counts when it came.`,
    });
  }
}

const NONE: readonly Alert[] = [];

/** Tells of clocks that are wrong: alerts that are for information and make no incident. */
export function tellClocks(
  lines: Lines,
  clock: LineClock,
  config: ApplicationConfig,
  serdes: TopicSerdes<'alerts'>,
): void {
  const told = lines.flatMap<string, Alert>((_key, _line) => clock.takeNotices().map((alert) => [alert.scope, alert]), {
    name: 'clocks',
  });
  sendAlerts('clock', told, (alert) => [alert], config, serdes);
}
