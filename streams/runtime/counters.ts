/** Upper bounds, in milliseconds; what takes longer is in the last bucket. */
const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const;

/** From the time of a record until its results are out: live ones take a moment, those of the past what has passed since. */
const END_TO_END_MS = [10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 3_600_000] as const;

/** What a node of a task has done since the start of the process. */
export class NodeCounter {
  /** Records handed on, of nodes that count them; see `isCounted`. */
  out = 0;
  /** Only nodes count that may hand on more or fewer records than they get: of others, that follows from the graph. */
  isCounted = false;
  /** Records that the node has passed over, or made dead letters of. */
  skipped = 0;
  /** Records that missed at least one window. */
  late = 0;
}

/** How long something took, in buckets. */
export interface DurationHistogram {
  readonly count: number;
  readonly sum_ms: number;
  /** How many took no longer than `le` ms; the last one has no bound: null. */
  readonly buckets: readonly { readonly le: number | null; readonly count: number }[];
}

export class Durations {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sumMs = 0;

  constructor(bounds: readonly number[] = BOUNDS_MS) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  add(ms: number): void {
    const bucket = this.#bounds.findIndex((bound) => ms <= bound);
    const index = bucket < 0 ? this.#bounds.length : bucket;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sumMs += ms;
  }

  histogram(): DurationHistogram {
    let count = 0;
    const buckets = this.#counts.map((own, index) => {
      count += own;
      return { le: this.#bounds[index] ?? null, count };
    });
    return { count, sum_ms: this.#sumMs, buckets };
  }
}

/** What is counted apart from the totals. It outlives tasks that go and come back, and threads that are replaced. */
export class Counters {
  readonly commits = new Durations();
  readonly endToEnd = new Durations(END_TO_END_MS);
  /** Changelog offsets that are restored, and are still to be; of the restores that run. */
  readonly restore = { done: 0, total: 0 };
  readonly #nodes = new Map<string, Map<string, NodeCounter>>();

  node(taskId: string, name: string): NodeCounter {
    const nodes = this.nodesOf(taskId);
    let counter = nodes.get(name);
    if (counter === undefined) {
      counter = new NodeCounter();
      nodes.set(name, counter);
    }
    return counter;
  }

  nodesOf(taskId: string): Map<string, NodeCounter> {
    let nodes = this.#nodes.get(taskId);
    if (nodes === undefined) {
      nodes = new Map();
      this.#nodes.set(taskId, nodes);
    }
    return nodes;
  }

  /** Of the tasks that this process has run, those that have gone to others among them. */
  get taskIds(): readonly string[] {
    return [...this.#nodes.keys()];
  }
}
