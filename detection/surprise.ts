/** At this surprise, one in 100,000, the score is a half. */
const HALF_SCORE_SURPRISE = 5;

/** Surprise is -log10 of a probability: 3 for what happens once in 1,000 observations. As a score it goes from 0 to 1. */
export function scoreOfSurprise(surprise: number): number {
  return surprise <= 0 ? 0 : surprise / (surprise + HALF_SCORE_SURPRISE);
}

/** The surprise that has the score, which is over 0 and under 1. */
export function surpriseOfScore(score: number): number {
  return (HALF_SCORE_SURPRISE * score) / (1 - score);
}

/**
 * The surprise of a standard normal variable being at least `|z|` away from its mean, on either side. Where the
 * probability is under 10^-6, by the first terms of its asymptotic series (Abramowitz and Stegun 26.2.12).
 */
export function normalSurprise(z: number): number {
  const x = Math.abs(z);
  if (x >= 5) {
    const series = 1 - 1 / x ** 2 + 3 / x ** 4 - 15 / x ** 6;
    return ((x * x) / 2 + Math.log((x * Math.sqrt(2 * Math.PI)) / (2 * series))) * Math.LOG10E;
  }
  return -Math.log10(2 * normalTail(x));
}

/** The probability of a standard normal variable above `z` >= 0, within 7.5e-8 (Abramowitz and Stegun 26.2.17). */
export function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}
