/** To so many digits, six unless said otherwise: the states of many series are written as text. */
export function rounded(value: number, digits = 6): number {
  return Number(value.toPrecision(digits));
}
