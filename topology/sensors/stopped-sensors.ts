import { threshold } from '../../detection/threshold.js';
import { short } from '../monitoring/numbers-in-words.js';
import type { Detection } from '../monitoring/signals.js';

/** How often a sensor is read. */
export interface Pace {
  readonly lastMs: number;
  readonly readings: number;
  /** The usual time between readings, and the longest, fading. */
  readonly gapMs: number;
  readonly longestMs: number;
}

/** How long a sensor has not been read, while others were. */
export interface Silence {
  readonly silentMs: number;
  readonly allowedMs: number;
}

const MS_PER_SECOND = 1000;
const SPAN = 100;
const FADING = 0.999;
/** Fewer readings say little of how often there are some. */
const MIN_READINGS = 10;
/** A silence is one of so many usual gaps, and of so many of the longest. */
const GAPS = 10;
const LONGEST_GAPS = 2;
const MIN_MS = 10_000;

export const PAUSE: Detection<Silence> = {
  name: 'stopped',
  signals: [
    {
      detector: threshold({ limit: 1 }),
      value: ({ allowedMs, silentMs }) => silentMs / allowedMs,
      side: 'high',
      severity: 'critical',
      field: 'timestamp',
      explainsAll: true,
      explain: (_times, { allowedMs, silentMs }) =>
        `it has not been read for ${short(silentMs / MS_PER_SECOND)} s, where ${short(allowedMs / MS_PER_SECOND)} s is the most`,
    },
  ],
  episodes: { closeAfter: 1 },
};

export function learnGap(pace: Pace | undefined, timeMs: number): Pace {
  if (pace === undefined) return { lastMs: timeMs, readings: 1, gapMs: 0, longestMs: 0 };
  const gap = timeMs - pace.lastMs;
  if (gap < 0) return pace;
  const readings = pace.readings + 1;
  // An outage is no usual gap.
  const isOutage = gap > allowedSilenceMs(pace);
  return {
    lastMs: timeMs,
    readings,
    gapMs: isOutage ? pace.gapMs : pace.gapMs + (gap - pace.gapMs) / Math.min(readings - 1, SPAN),
    longestMs: isOutage ? pace.longestMs : Math.max(FADING * pace.longestMs, gap),
  };
}

/** A longer silence is an outage; infinite while too little is known. */
export function allowedSilenceMs({ gapMs, longestMs, readings }: Pace): number {
  if (readings < MIN_READINGS) return Number.POSITIVE_INFINITY;
  return Math.max(MIN_MS, GAPS * gapMs, LONGEST_GAPS * longestMs);
}
