/** How the steps of two values that are measured together go together: fading squares and products. */
export interface CorrelationState {
  seen: number;
  /** The values before. */
  x: number;
  y: number;
  xx: number;
  yy: number;
  xy: number;
}

const SPAN = 1000;
const WARMUP = 60;
/** Under this share of explained variance they have nothing to do with each other. */
const MIN_EXPLAINED = 0.3;

export function noCorrelation(): CorrelationState {
  return { seen: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 };
}

/**
 * How far the step to `y` is from what the step to `x` lets one expect, in deviations that are usual; undefined where they do
 * not go together. Steps, for slow noise would stay on one side of an expectation for long. Then learns both: `state` is changed
 * in place.
 */
export function residualOf(state: CorrelationState, x: number, y: number): number | undefined {
  const n = ++state.seen;
  if (n === 1) Object.assign(state, { x, y });
  const dx = x - state.x;
  const dy = y - state.y;
  const { xx, xy, yy } = state;
  const explained = xx > 0 && yy > 0 ? xy ** 2 / (xx * yy) : 0;
  const isJudged = n > WARMUP && explained >= MIN_EXPLAINED;
  const residual = isJudged ? (dy - (xy / xx) * dx) / Math.sqrt(yy * Math.max(1 - explained, 1e-3)) : undefined;
  const rate = 1 / Math.min(n, SPAN);
  state.xx += rate * (dx ** 2 - xx);
  state.yy += rate * (dy ** 2 - yy);
  state.xy += rate * (dx * dy - xy);
  Object.assign(state, { x, y });
  return residual;
}
