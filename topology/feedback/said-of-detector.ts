import type { Direction, FeedbackLimit, Peak } from '../../schemas/feedback.js';
import type { Verdicts, Watched } from './verdicts.js';

/** What is unusual about a signal. */
export interface Unusual extends Pick<FeedbackLimit, 'signal' | 'severity' | 'value'> {
  readonly expected: { readonly low: number; readonly high: number };
}

/** What people have said of what one detector finds of one entity now. */
export interface SaidOfDetector {
  /** Whether the same was a fault, and is not to become usual. */
  isFault(signal: string): boolean;
  /** The id of the feedback that says that it is fine; undefined: it is news. */
  fine(unusual: Unusual): string | undefined;
}

export const NOTHING_SAID: SaidOfDetector = { isFault: () => false, fine: () => undefined };

/** @param lastedMs for how long something has been unusual */
export function saidOf(verdicts: Verdicts, watched: Omit<Watched, 'signal'>, lastedMs: number): SaidOfDetector {
  if (verdicts.hasNone(watched.sourceKind, watched.detector)) return NOTHING_SAID;
  return {
    isFault: (signal) => verdicts.isFault({ ...watched, signal }),
    fine: (unusual) => {
      const { expected, severity, signal, value } = unusual;
      const isInside = value >= expected.low && value <= expected.high;
      const gone = { signal, severity, value, isInside, direction: directionOf(unusual) };
      return verdicts.fine({ ...watched, ...gone, lastedMs })?.id;
    },
  };
}

/** What of it was not said to be fine, and by which feedback the rest was. */
export function newsOf<U extends Unusual>(
  said: SaidOfDetector,
  unusual: readonly U[],
): { readonly news: readonly U[]; readonly feedback: string | undefined } {
  if (said === NOTHING_SAID || unusual.length === 0) return { news: unusual, feedback: undefined };
  let feedback: string | undefined;
  const news = unusual.filter((one) => {
    const fine = said.fine(one);
    feedback ??= fine;
    return fine === undefined;
  });
  return { news, feedback };
}

/** Whether all that an episode came to was said to be fine. */
export function arePeaksFine(said: SaidOfDetector, peaks: readonly Peak[]): boolean {
  return peaks.every(({ expected_high, expected_low, severity, signal, value }) => {
    const expected = { low: expected_low ?? Number.NEGATIVE_INFINITY, high: expected_high ?? Number.POSITIVE_INFINITY };
    return said.fine({ signal, severity, value, expected }) !== undefined;
  });
}

/** On which side of what was expected a value is. */
export function directionOf({ expected: { high, low }, value }: Pick<Unusual, 'expected' | 'value'>): Direction {
  if (Number.isFinite(high) && Number.isFinite(low)) return value < (low + high) / 2 ? 'low' : 'high';
  return Number.isFinite(low) ? 'low' : 'high';
}
