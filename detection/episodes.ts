import type { Verdict } from './detector.js';

/** Whether an episode of anomalous values is open in a series, and since when. */
export interface EpisodeState {
  open: boolean;
  /** Anomalous verdicts in a row; while one is open, verdicts in a row that would close it. */
  run: number;
  startMs: number;
  /** The time of the last anomalous value. */
  lastMs: number;
  /** The highest score since it opened. */
  peak: number;
  anomalies: number;
}

export interface EpisodeChange {
  /** `opened` is what to alert on; `ongoing` comes with every further value until it is `closed`. */
  readonly kind: 'opened' | 'ongoing' | 'closed';
  readonly startMs: number;
  /** The last anomalous value's time. */
  readonly endMs: number;
  readonly peakScore: number;
  /** How many values were anomalous. */
  readonly anomalies: number;
}

export interface EpisodeOptions {
  /** Anomalous values in a row that open an episode: 1. */
  readonly openAfter?: number;
  /** Values in a row, none anomalous, that close it: 6. */
  readonly closeAfter?: number;
  /** For so long none may be anomalous before it is closed, in milliseconds: 0, the number of values alone decides. */
  readonly closeAfterMs?: number;
}

const CLOSE_AFTER = 6;

export interface Episodes {
  initial(): EpisodeState;
  /** What a verdict changes; undefined outside of episodes. */
  observe(
    state: EpisodeState,
    timestampMs: number,
    verdict: Pick<Verdict, 'isAnomalous' | 'score'>,
  ): EpisodeChange | undefined;
}

/** Makes of verdicts on a series episodes to alert on once: an episode ends only after a while without anomalies. */
export function episodes({ openAfter = 1, closeAfter = CLOSE_AFTER, closeAfterMs = 0 }: EpisodeOptions = {}): Episodes {
  const change = (kind: EpisodeChange['kind'], state: EpisodeState): EpisodeChange => ({
    kind,
    startMs: state.startMs,
    endMs: state.lastMs,
    peakScore: state.peak,
    anomalies: state.anomalies,
  });
  return {
    initial: () => ({ open: false, run: 0, startMs: 0, lastMs: 0, peak: 0, anomalies: 0 }),
    observe(state, timestampMs, { isAnomalous, score }) {
      if (!isAnomalous) {
        if (!state.open) {
          state.run = 0;
          return undefined;
        }
        state.run++;
        if (state.run < closeAfter || timestampMs - state.lastMs < closeAfterMs) return change('ongoing', state);
        state.open = false;
        state.run = 0;
        return change('closed', state);
      }
      if (state.open) {
        state.run = 0;
      } else if (state.run === 0) {
        Object.assign(state, { startMs: timestampMs, peak: 0, anomalies: 0 });
      }
      state.lastMs = timestampMs;
      state.peak = Math.max(state.peak, score);
      state.anomalies++;
      if (state.open) return change('ongoing', state);
      state.run++;
      if (state.run < openAfter) return undefined;
      state.open = true;
      state.run = 0;
      return change('opened', state);
    },
  };
}
