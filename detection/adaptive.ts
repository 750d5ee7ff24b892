import { type Detector, UNJUDGED } from './detector.js';
import { emptySeason, HOURS_OF_DAY, HOURS_OF_WEEK, learnSeason, type Season, seasonalMean } from './season.js';
import { scoreOfSurprise } from './surprise.js';
import { addToTail, emptyTail, surpriseOf, type Tail } from './tail.js';

export const P = {
  levelSpan: 100,
  errorSpan: 500,
  scaleSpan: 500,
  clip: 3,
  spans: [8, 40],
  warmup: 30,
  anomalyWeight: 0.3,
  alert: 0.45,
  seasonGain: 0.85,
  activity: true,
  on: [1, 1, 1, 1, 1] as number[],
};

export interface AdaptiveState {
  seen: number;
  level: number;
  readonly errors: number[];
  readonly day: Season;
  readonly week: Season;
  previous: number;
  cov: number;
  variance: number;
  readonly means: number[];
  fast: number;
  slow: number;
  readonly scales: number[];
  readonly tails: Tail[];
}

export function adaptive(): Detector<AdaptiveState> {
  const signals = 3 + P.spans.length;
  return {
    name: 'adaptive',
    initial: () => ({
      seen: 0,
      level: 0,
      errors: [0, 0, 0],
      day: emptySeason(HOURS_OF_DAY),
      week: emptySeason(HOURS_OF_WEEK),
      previous: 0,
      cov: 0,
      variance: 0,
      means: P.spans.map(() => 0),
      fast: 0,
      slow: 0,
      scales: new Array<number>(signals).fill(0),
      tails: Array.from({ length: signals }, emptyTail),
    }),
    observe(state, timestampMs, value) {
      const n = ++state.seen;
      if (n === 1) state.level = value;
      const rate = (span: number) => Math.max(1 / n, 1 / span);
      const candidates = [state.level, seasonalMean(state.day, timestampMs), seasonalMean(state.week, timestampMs)];
      const floor = 1e-6 + 1e-3 * Math.abs(state.level);
      let best = 0;
      for (let i = 1; i < 3; i++) {
        if (candidates[i] !== undefined && state.errors[i]! > 0 && state.errors[i]! < P.seasonGain * state.errors[best]!) best = i;
      }
      const base = candidates[best]!;
      const r = value - base;
      const phi = state.variance > 0 ? Math.max(0, Math.min(0.98, state.cov / state.variance)) : 0;
      const e = r - phi * state.previous;
      const fast = state.fast + (Math.abs(e) - state.fast) / 12;
      const xs = [
        Math.abs(r),
        Math.abs(e),
        P.activity ? Math.abs(Math.log((fast + floor) / (state.slow + floor))) : 0,
        ...P.spans.map((span, i) => Math.abs(state.means[i]! + (r - state.means[i]!) / span)),
      ];
      let surprise = 0;
      for (let i = 0; i < signals; i++) {
        const x = xs[i]! / Math.max(state.scales[i]!, i === 2 ? 0.05 : floor);
        if (n > P.warmup && P.on[i]) surprise = Math.max(surprise, surpriseOf(state.tails[i]!, x) * P.on[i]!);
        xs[i] = x;
      }
      const score = scoreOfSurprise(surprise);
      const isAnomalous = score >= P.alert;
      const weight = isAnomalous ? P.anomalyWeight : 1;
      // learn
      const spread = Math.max(state.scales[0]!, floor);
      const clipped = (x: number, limit: number) => Math.max(-limit, Math.min(limit, x));
      for (let i = 0; i < signals; i++) {
        const s = Math.max(state.scales[i]!, i === 2 ? 0.05 : floor);
        if (n > P.warmup) addToTail(state.tails[i]!, xs[i]!, weight);
        const size = xs[i]! * s;
        state.scales[i]! += rate(P.scaleSpan) * ((n < P.warmup ? size : Math.min(size, P.clip * s)) - state.scales[i]!);
      }
      for (let i = 0; i < 3; i++) {
        const c = candidates[i];
        if (c === undefined) continue;
        const err = Math.abs(value - c);
        const old = state.errors[i]!;
        state.errors[i] = old === 0 ? err : old + (Math.min(err, n < P.warmup ? err : 4 * Math.max(old, floor)) - old) * rate(P.errorSpan);
      }
      state.level += rate(P.levelSpan) * clipped(value - state.level, n < P.warmup ? Infinity : P.clip * Math.max(state.errors[0]!, floor));
      const rc = clipped(r, P.clip * spread);
      const pc = clipped(state.previous, P.clip * spread);
      state.cov += rate(P.scaleSpan) * (rc * pc - state.cov);
      state.variance += rate(P.scaleSpan) * (rc * rc - state.variance);
      state.previous = r;
      P.spans.forEach((span, i) => {
        state.means[i]! += (clipped(r, 10 * spread) - state.means[i]!) / span;
      });
      state.fast = state.fast + (Math.min(Math.abs(e), 10 * Math.max(state.scales[1]!, floor)) - state.fast) / 12;
      state.slow += rate(P.scaleSpan) * (Math.min(Math.abs(e), 3 * Math.max(state.slow, floor)) - state.slow);
      learnSeason(state.day, timestampMs, value, P.clip * 2 * Math.max(state.errors[1]!, floor));
      learnSeason(state.week, timestampMs, value, P.clip * 2 * Math.max(state.errors[2]!, floor));
      return n <= P.warmup ? UNJUDGED : { score, isAnomalous, expected: { low: base - 3 * spread, high: base + 3 * spread } };
    },
  };
}
