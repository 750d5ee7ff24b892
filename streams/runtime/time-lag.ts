/** Ends are remembered for so many calls; the oldest are thinned out. */
const MAX_SAMPLES = 256;

interface Sample {
  readonly atMs: number;
  readonly end: number;
}

/**
 * How far behind a reader is in time: how long ago the end of the log was where the reader is now. A log says that of its end
 * alone, so the ends that were seen are remembered, and what lies between two of them is taken to have come evenly.
 */
export class TimeLags {
  readonly #samples = new Map<string, Sample[]>();

  /**
   * @param atMs by a clock that is never set back
   * @returns milliseconds; of what was there before the first call, as much as is known: since that call
   */
  lagOf(partition: string, atMs: number, position: number, end: number): number {
    const samples = this.#samples.get(partition) ?? [];
    this.#samples.set(partition, samples);
    if (end > (samples.at(-1)?.end ?? -1) || samples.length === 0) samples.push({ atMs, end });
    else {
      // The end has not moved: it was there until now.
      const [last, before] = [samples.at(-1), samples.at(-2)];
      if (last !== undefined && before?.end === last.end) samples[samples.length - 1] = { atMs, end };
      else samples.push({ atMs, end });
    }
    while ((samples[1]?.end ?? Number.POSITIVE_INFINITY) <= position) samples.shift();
    if (samples.length > MAX_SAMPLES) thinOut(samples);
    if (position >= end) return 0;
    const [first, second] = samples;
    if (first === undefined || second === undefined || position < first.end) return atMs - (first?.atMs ?? atMs);
    const share = second.end === first.end ? 0 : (position - first.end) / (second.end - first.end);
    return Math.max(0, atMs - (first.atMs + share * (second.atMs - first.atMs)));
  }
}

/** Every second one of the older half goes. */
function thinOut(samples: Sample[]): void {
  const half = samples.length / 2;
  const kept = samples.filter((_, index) => index === 0 || index >= half || index % 2 === 0);
  samples.splice(0, samples.length, ...kept);
}
