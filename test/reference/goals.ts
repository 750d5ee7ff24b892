/**
 * The four goals computed plainly, over all records at once, as the contract's text says it. It shares no code with the
 * engine: windows are found by trying each start.
 */

export interface ReferenceEvent {
  readonly client_ip: string;
  readonly host: string;
  readonly country: string;
  readonly status: number;
  readonly request_time: number | null;
  readonly timestamp: number;
}

export interface WindowSpec {
  readonly sizeMs: number;
  readonly advanceMs: number;
}

export interface ReferenceOptions {
  readonly graceMs: number;
  readonly goal1?: WindowSpec & { readonly threshold: number };
  readonly goal2?: WindowSpec & { readonly threshold: number };
  readonly goal3?: WindowSpec;
  readonly goal4?: WindowSpec;
}

export interface ReferenceResult {
  readonly count: number;
  /** Goal 4 only. */
  readonly avg_request_time?: number;
}

/** Results by `<key>@<window start>`. */
export type ReferenceResults = Map<string, ReferenceResult>;

interface Accumulator {
  count: number;
  sum: number;
}

/**
 * Groups the partitions' records into windows. A record is late for a window when the highest timestamp that its
 * partition has had by then, its own included, is at or past the window's end plus the grace period.
 */
function windowed(
  partitions: readonly (readonly ReferenceEvent[])[],
  { sizeMs, advanceMs }: WindowSpec,
  graceMs: number,
  keyOf: (event: ReferenceEvent) => string | undefined,
  measure: (event: ReferenceEvent) => number,
): Map<string, Accumulator> {
  const windows = new Map<string, Accumulator>();
  for (const events of partitions) {
    let streamTime = -1;
    for (const event of events) {
      streamTime = Math.max(streamTime, event.timestamp);
      const key = keyOf(event);
      if (key === undefined) continue;
      let start = event.timestamp - (event.timestamp % advanceMs);
      for (; start >= 0 && start + sizeMs > event.timestamp; start -= advanceMs) {
        if (start + sizeMs + graceMs <= streamTime) continue;
        const id = `${key}@${start}`;
        const window = windows.get(id) ?? { count: 0, sum: 0 };
        window.count++;
        window.sum += measure(event);
        windows.set(id, window);
      }
    }
  }
  return windows;
}

function counts(windows: Map<string, Accumulator>, moreThan: number): ReferenceResults {
  const results: ReferenceResults = new Map();
  for (const [id, { count }] of windows) if (count > moreThan) results.set(id, { count });
  return results;
}

export function referenceGoals(
  partitions: readonly (readonly ReferenceEvent[])[],
  options: ReferenceOptions,
): { goal1: ReferenceResults; goal2: ReferenceResults; goal3: ReferenceResults; goal4: ReferenceResults } {
  const { graceMs } = options;
  const goal1 = options.goal1 ?? { sizeMs: 20_000, advanceMs: 1000, threshold: 10 };
  const goal2 = options.goal2 ?? { sizeMs: 30_000, advanceMs: 1000, threshold: 15 };
  const goal3 = options.goal3 ?? { sizeMs: 60_000, advanceMs: 60_000 };
  const goal4 = options.goal4 ?? { sizeMs: 60_000, advanceMs: 60_000 };
  const one = () => 1;
  const means: ReferenceResults = new Map();
  const times = windowed(
    partitions,
    goal4,
    graceMs,
    (event) => (event.request_time === null ? undefined : event.host),
    (event) => event.request_time ?? 0,
  );
  for (const [id, { count, sum }] of times) means.set(id, { count, avg_request_time: sum / count });
  return {
    goal1: counts(
      windowed(partitions, goal1, graceMs, (event) => event.client_ip, one),
      goal1.threshold,
    ),
    goal2: counts(
      windowed(
        partitions,
        goal2,
        graceMs,
        ({ status, host }) => (status >= 400 && status <= 499 ? host : undefined),
        one,
      ),
      goal2.threshold,
    ),
    goal3: counts(
      windowed(
        partitions,
        goal3,
        graceMs,
        ({ status, country }) => (status >= 200 && status <= 299 ? country : undefined),
        one,
      ),
      0,
    ),
    goal4: means,
  };
}
