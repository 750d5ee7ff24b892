import { type Detector, UNJUDGED, type Verdict } from './detector.js';

interface Blocks {
  sum: number;
  count: number;
  /** Blocks that are complete. */
  seen: number;
  last: number;
  /** The usual difference of a block from the one before, and the usual distance from that. */
  slope: number;
  spread: number;
  above: number;
  below: number;
}

export interface DriftChartState {
  readonly blocks: readonly Blocks[];
  /** When the first value came; what older versions have written lacks it, and is old enough. */
  firstMs?: number | null;
}

/** Values in a block. */
const SIZES = [10, 100];
/** What adds up is beyond it, in usual deviations; as much as `MAX` at a time; over `LIMIT` is a drift. */
const SLACK = 0.75;
const MAX = 4;
const LIMIT = 10;
const CAP = 12;
const SLOPE_SPAN = 30;
const SPREAD_SPAN = 60;
const WARMUP = 12;
const CLIP = 3;
/** Of longer blocks a day has too few to follow its course: they are judged when a whole one has been seen. */
const LONG_MS = 17 * 60_000;
const DAY_MS = 86_400_000;
/** A normal variable's standard deviation is so many times its mean distance from its mean. */
const DEVIATIONS = Math.sqrt(Math.PI / 2);

/**
 * Finds that a value has begun to rise or to fall: of means of 10 and of 100 values, the differences from one to the next are
 * compared with the slope that was usual lately, so that the course of a day is no drift; two CUSUM charts add up what is beyond.
 * Where values are minutes apart, nothing is called a drift before a day has been seen.
 */
export function driftChart(): Detector<DriftChartState> {
  return {
    name: 'drift',
    initial: () => ({
      blocks: SIZES.map(() => ({ sum: 0, count: 0, seen: 0, last: 0, slope: 0, spread: 0, above: 0, below: 0 })),
      firstMs: null,
    }),
    observe(state, timestampMs, value) {
      if (!Number.isFinite(value)) return UNJUDGED;
      const { blocks } = state;
      if (state.firstMs === null) state.firstMs = timestampMs;
      const ageMs = timestampMs - (state.firstMs ?? Number.NEGATIVE_INFINITY);
      let evidence = 0;
      let expected: Verdict['expected'] = UNJUDGED.expected;
      for (const [i, block] of blocks.entries()) {
        block.sum += value;
        if (++block.count >= (SIZES[i] ?? 1)) complete(block, ageMs >= DAY_MS || ageMs < LONG_MS * (block.seen + 1));
        evidence = Math.max(evidence, block.above, block.below);
        if (block.seen > WARMUP && i === 0) {
          const width = CLIP * DEVIATIONS * block.spread;
          expected = { low: block.last + block.slope - width, high: block.last + block.slope + width };
        }
      }
      return { score: evidence / (evidence + LIMIT), isAnomalous: evidence > LIMIT, expected };
    },
  };
}

function complete(block: Blocks, isJudged: boolean): void {
  const mean = block.sum / block.count;
  const n = ++block.seen;
  if (n > 1) {
    const difference = mean - block.last;
    const distance = difference - block.slope;
    const deviation = Math.max(block.spread * DEVIATIONS, 1e-4 * Math.abs(mean), Number.EPSILON);
    const isWarm = isJudged && n > WARMUP;
    const counted = isWarm ? Math.max(-CLIP * deviation, Math.min(CLIP * deviation, distance)) : distance;
    if (isWarm) {
      const z = Math.max(-MAX, Math.min(MAX, distance / deviation));
      block.above = Math.min(CAP, Math.max(0, block.above + z - SLACK));
      block.below = Math.min(CAP, Math.max(0, block.below - z - SLACK));
    }
    block.slope += counted / Math.min(n, SLOPE_SPAN);
    block.spread += (Math.abs(counted) - block.spread) / Math.min(n, SPREAD_SPAN);
  }
  Object.assign(block, { last: mean, sum: 0, count: 0 });
}
