import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

const SEED = 20;

/** Random splits of `count` things into two halves, the same in every run. */
export function halves(count: number, splits: number): [number[], number[]][] {
  const generator = xoroshiro128plus(SEED);
  return Array.from({ length: splits }, () => {
    const order = Array.from({ length: count }, (_, i) => i);
    // Fisher and Yates' shuffle.
    for (let i = count - 1; i > 0; i--) {
      const j = (generator.next() >>> 0) % (i + 1);
      [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
    }
    return [order.slice(0, count / 2), order.slice(count / 2)];
  });
}

/** The mean and the sample's standard deviation. */
export function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}
