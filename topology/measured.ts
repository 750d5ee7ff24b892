/** Sources send numbers that are none, and infinite ones. */
export function isMeasured(value: number | null): value is number {
  return Number.isFinite(value);
}

/** Whether something can have taken so long. */
export function isDuration(value: number | null): value is number {
  return isMeasured(value) && value >= 0;
}
