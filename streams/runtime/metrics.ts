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
   * `dropped` in `late`, and what was `skipped`, so that nothing is lost untold.
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
  /** Positions that the log had no more: what lay between was not read. */
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
    skipped: {},
    counted: {},
    lateRecords: 0,
    // The names of nodes are anybody's: "constructor" is no more special than another.
    late: Object.create(null) as Record<string, LateMetrics>,
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
