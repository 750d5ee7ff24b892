import type { LiveRecord } from '../live/live-record.js';
import type { Span } from '../live/record-ring.js';
import type { Range } from '../parameters.js';
import { Problem } from '../problems.js';
import type { LogSource } from '../records.js';
import type { Term } from './log-query.js';

/** A line in the order of lists: the newest first. */
export interface LinePosition {
  readonly time: number;
  readonly partition: number;
  readonly offset: number;
}

/** Records of a topic that are in memory. */
export interface Held {
  readonly topic: string;
  readonly spans: readonly Span[];
}

/** How far a topic is stored: by partition, the offset after the last record that was looked at. */
export type Stored = ReadonlyMap<number, number>;

/** What is asked of lines that are stored. */
export interface StoredQuestion {
  readonly source: LogSource;
  readonly terms: readonly Term[];
  readonly range: Range;
  /** What is in memory already, and left out. */
  readonly held: Held;
  readonly signal: AbortSignal;
}

export interface StoredSearch extends StoredQuestion {
  /** Lines that come after this one, in the order of lists. */
  readonly before?: LinePosition | undefined;
  readonly limit: number;
}

/** How an answer was made. */
export interface StoredAnswer {
  /** What lies behind it is not in the answer. */
  readonly stored: Stored;
  /** Whether there may be more that fits, which was not looked at. */
  readonly isLimited: boolean;
  /** Fields in which words were not looked for. */
  readonly notSearched: readonly string[];
}

export interface LineCount {
  readonly time: number;
  readonly name: string;
  readonly count: number;
}

/** Where lines are that are no longer in memory. A search means the same in all of them. */
export interface StoredLines {
  readonly name: 'lake' | 'elasticsearch';
  /** Whether it keeps such lines at all. */
  keeps(source: LogSource): boolean;
  /** Lines that fit, the newest first. @throws Problem, StoredLinesAway */
  find(search: StoredSearch): Promise<StoredAnswer & { readonly records: LiveRecord[] }>;
  /** A line by where it was in the log; undefined where it is not stored. @throws Problem, StoredLinesAway */
  line(
    source: LogSource,
    place: Pick<LiveRecord, 'offset' | 'partition' | 'topic'>,
    signal: AbortSignal,
  ): Promise<LiveRecord | undefined>;
  /** Counts lines by steps and by what they are told apart by. @throws Problem, StoredLinesAway */
  counts(question: StoredQuestion, step: number): Promise<StoredAnswer & { readonly counts: LineCount[] }>;
}

/** What is stored cannot be asked now; what is in memory can be told all the same. */
export class StoredLinesAway extends Problem {
  constructor(code: 'lake-failed' | 'elasticsearch-failed', why: string, cause: unknown) {
    super(503, code, why, { cause, retryAfterSeconds: 5 });
  }
}

/** The one that is asked: the first that keeps such lines. */
export function storeOf(stores: readonly StoredLines[], source: LogSource): StoredLines | undefined {
  return stores.find((store) => store.keeps(source));
}
