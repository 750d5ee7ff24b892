const SHORT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });

/** With three digits that count. */
export function short(value: number): string {
  return SHORT.format(Number(value.toPrecision(3)));
}

/** A share of 1, as people read it. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2)).toLocaleString('en-US', { maximumFractionDigits: 1 })} %`;
}
