/** The last values of a series, up to a capacity, in no order: the oldest is written over. */
export interface RecentValues {
  readonly values: number[];
  /** Where the next value goes once the capacity is reached. */
  next: number;
}

export function noValues(): RecentValues {
  return { values: [], next: 0 };
}

export function remember(recent: RecentValues, value: number, capacity: number): void {
  recent.values[recent.next] = value;
  recent.next = (recent.next + 1) % capacity;
}

export function meanOf({ values }: RecentValues): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** The population's: the mean squared distance to the mean, under the root. */
export function standardDeviationOf({ values }: RecentValues, mean: number): number {
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return Math.sqrt(squares / values.length);
}
