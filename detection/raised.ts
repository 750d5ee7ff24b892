/** `base ** power`, for a base of 0 or more: for the small whole powers of detectors several times as fast as the operator. */
export function raised(base: number, power: number): number {
  if (power === 2) return base * base;
  if (power === 3) return base * base * base;
  if (power === 4) {
    const square = base * base;
    return square * square;
  }
  return base ** power;
}

/** The root of an amount: the inverse of `raised`. */
export function rootOf(amount: number, power: number): number {
  if (power === 2) return Math.sqrt(amount);
  if (power === 3) return Math.cbrt(amount);
  if (power === 4) return Math.sqrt(Math.sqrt(amount));
  return amount ** (1 / power);
}
