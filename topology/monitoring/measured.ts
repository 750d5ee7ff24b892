/** Nothing that is measured here is more: beyond it, sums and squares of doubles are no numbers any more. */
const MAX = 1e15;

/** Sources send numbers that are none, infinite ones, and some that nothing can have measured. */
export function isMeasured(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Math.abs(value) <= MAX;
}

/** Whether something can have taken so long, or been so large. */
export function isAmount(value: number | null | undefined): value is number {
  return isMeasured(value) && value >= 0;
}

/** Null where it is no amount. */
export function amountOf(value: number | null | undefined): number | null {
  return isAmount(value) ? value : null;
}

/** Beyond it avsc writes no long as it is. */
const MAX_SUM = 2 ** 52;

/** A sum that a long of Avro can hold. */
export function sumOf(left: number, right: number): number {
  return Math.min(left + right, MAX_SUM);
}

/** Longer names are cut off: a result's key, which is made of one, must fit into a record, and many of them into memory. */
export const LONGEST_NAME = 1024;

/** The name, or as much of it as is kept. */
export function boundedName(text: string): string {
  if (text.length <= LONGEST_NAME) return text;
  const last = text.charCodeAt(LONGEST_NAME - 1);
  // Not between the two halves of a character.
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? LONGEST_NAME - 1 : LONGEST_NAME);
}
