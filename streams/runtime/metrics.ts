import type { LateRecord } from '../topology/topology.js';

/** Reasons can be as many as records, where a message says what is in them. */
const MAX_REASONS = 20;
const OTHER_REASONS = 'other reasons';

/** Lateness seen by one aggregate. */
export interface LateMetrics {
  /** Records that missed at least one window. */
  records: number;
  /** Records that missed all of their windows. */
  dropped: number;
  maxLatenessMs: number;
  /** The smallest grace period with which nothing would have been missed. */
  graceNeededMs: number;
}

/** Counters since the start of the process. */
export interface StreamsMetrics {
  /** Records taken from source topics, what cannot be decoded among them; repartition topics do not count. */
  recordsConsumed: number;
  /** Records sent to output topics; internal topics do not count. */
  recordsProduced: number;
  bytesConsumed: number;
  deadLetters: number;
  /** Records that an operator passed over, such as one with a null key in an aggregation. */
  recordsSkipped: number;
  /** The same by operator and reason. */
  skipped: Record<string, Record<string, number>>;
  /**
   * Records that each aggregate has counted, in at least one window where it has any. What reached it is this, what is
   * `dropped` in `late`, and what was `skipped`, so that every record is counted once.
   */
  counted: Record<string, number>;
  /** Records that were late for at least one window of at least one aggregate. */
  lateRecords: number;
  late: Record<string, LateMetrics>;
  commits: number;
  /** How long the last commit took until it was durable. */
  lastCommitMs: number;
  /** Commits that the log refused; what they held was processed again. */
  abortedCommits: number;
  /** Changes of the partitions that are this process's. */
  rebalances: number;
  /** Positions that the log no longer had: the records between were not read. */
  offsetResets: number;
  changelogRecords: number;
  repartitionRecords: number;
  /** Records read from changelogs, and the bytes of their keys and values. */
  restoredRecords: number;
  restoredBytes: number;
}

export function newMetrics(): StreamsMetrics {
  return {
    recordsConsumed: 0,
    recordsProduced: 0,
    bytesConsumed: 0,
    deadLetters: 0,
    recordsSkipped: 0,
    skipped: byName(),
    counted: byName(),
    lateRecords: 0,
    late: byName(),
    commits: 0,
    lastCommitMs: 0,
    abortedCommits: 0,
    rebalances: 0,
    offsetResets: 0,
    changelogRecords: 0,
    repartitionRecords: 0,
    restoredRecords: 0,
    restoredBytes: 0,
  };
}

export function countLate(metrics: StreamsMetrics, late: LateRecord): void {
  metrics.late[late.node] ??= { records: 0, dropped: 0, maxLatenessMs: 0, graceNeededMs: 0 };
  const node = metrics.late[late.node];
  if (node === undefined) return;
  node.records++;
  if (late.dropped) node.dropped++;
  node.maxLatenessMs = Math.max(node.maxLatenessMs, late.latenessMs);
  node.graceNeededMs = Math.max(node.graceNeededMs, late.graceNeededMs);
}

export function countSkipped(metrics: StreamsMetrics, node: string, reason: string): void {
  metrics.recordsSkipped++;
  metrics.skipped[node] ??= byName();
  const reasons = metrics.skipped[node] as Record<string, number>;
  const known = reason in reasons || Object.keys(reasons).length < MAX_REASONS ? reason : OTHER_REASONS;
  reasons[known] = (reasons[known] ?? 0) + 1;
}

/** Names and reasons are free text: "constructor" must be as good as any other. */
function byName<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}
