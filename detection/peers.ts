import { GOOD_LIMIT } from './chart.js';
import type { Verdict } from './detector.js';
import { logRatio, type Tally } from './tally.js';

export interface PeerState {
  /** What speaks for a defect: the logarithm of a likelihood ratio, 0 at least. */
  evidence: number;
  /** The same, for shares of failures that are nearer to what is usual. */
  alternatives?: readonly number[] | undefined;
  /** Events since there is evidence, and how many of them failed. */
  count: number;
  failures: number;
  /** While there is a defect: what speaks for its end. */
  good?: number;
}

export interface PeerVerdict extends Verdict {
  /** The share of failures since there is evidence. */
  readonly value: number;
}

/**
 * Evidence over it is a defect. Wald's inequality bounds how often chance gets there: once in e^17, twenty-four million,
 * times that evidence begins.
 */
export const PEER_LIMIT = 17;
/** No more than so much over the limit adds up, so that a defect that is over is soon forgotten. */
const SPARE = 4;
/** What stays of the evidence when nothing more is seen: one that is gone is forgotten. */
const FADING = 0.95;
const MIN = 0.1;
/** Fewer events of peers say little of what is usual. */
const MIN_PEER_EVENTS = 5;
/** Fewer failures prove nothing. */
const MIN_FAILURES = 3;
/** The odds of a failure that are watched for, in times of the peers', beside a share half way to all. */
const ODDS = [8, 40] as const;
/** Events of peers that are remembered. */
const REMEMBERED_EVENTS = 20_000;

export function initialPeerState(): PeerState {
  return { evidence: 0, count: 0, failures: 0 };
}

/** What peers did in the time before, all of them together: it says more of what is usual than a few seconds do. */
export function rememberPeers(before: Tally, { count, failures }: Tally): Tally {
  const keep = Math.min(1, REMEMBERED_EVENTS / (before.count + count + 1));
  return { count: keep * (before.count + count), failures: keep * (before.failures + failures) };
}

/**
 * Finds the one that fails more often than those that do the same: CUSUM charts (Page, "Continuous inspection schemes",
 * Biometrika 41, 1954) of the log-likelihood ratios of some shares of failures, the highest half way between its peers' and
 * all, against its peers' share. A defect of everything is none of one, and where the others do less than the one does they
 * are nothing to compare it with. `state` is changed in place.
 *
 * @param before what `rememberPeers` knows
 * @param limit evidence over it is a defect, in nats; default 17
 */
export function compareToPeers(
  state: PeerState,
  own: Tally,
  peers: Tally,
  before?: Tally,
  limit = PEER_LIMIT,
): PeerVerdict {
  const usual = usualShare(peers, before);
  const isCompared = own.count > 0 && peers.count >= Math.max(MIN_PEER_EVENTS, own.count);
  state.alternatives ??= ODDS.map(() => 0);
  if (isCompared && isOver(state, own, usual, limit)) {
    Object.assign(state, initialPeerState());
    state.alternatives = [];
  } else if (isCompared) {
    const added = (share: number) => logRatio(own, share, usual);
    const most = limit + SPARE;
    state.evidence = Math.min(most, Math.max(0, state.evidence + added((1 + usual) / 2)));
    state.alternatives = ODDS.map((times, index) => {
      const odds = (times * usual) / (1 - usual);
      return Math.min(most, Math.max(0, (state.alternatives?.[index] ?? 0) + added(odds / (1 + odds))));
    });
    state.count += own.count;
    state.failures += own.failures;
  } else {
    state.evidence *= FADING;
    state.alternatives = state.alternatives.map((evidence) => evidence * FADING);
  }
  const evidence = mostEvidence(state);
  if (evidence <= limit) delete state.good;
  if (evidence < MIN) Object.assign(state, { ...initialPeerState(), alternatives: undefined });
  return {
    value: state.count === 0 ? 0 : state.failures / state.count,
    // A half at the limit.
    score: evidence / (evidence + limit),
    isAnomalous: evidence > limit && state.failures >= MIN_FAILURES,
    expected: { low: 0, high: usual },
  };
}

/** The most that speaks for any alternative. */
function mostEvidence({ alternatives = [], evidence }: PeerState): number {
  return Math.max(evidence, ...alternatives);
}

/** Whether a defect is over: what came since is more likely by the usual share than by that of the defect, and by much. */
function isOver(state: PeerState, own: Tally, usual: number, limit: number): boolean {
  if (mostEvidence(state) <= limit) return false;
  const odds = (ODDS[0] * usual) / (1 - usual);
  const share = Math.max(odds / (1 + odds), Math.min(0.98, (state.failures + 0.5) / (state.count + 1)));
  state.good = Math.max(0, (state.good ?? 0) - logRatio(own, share, usual));
  return state.good >= GOOD_LIMIT;
}

/** By Laplace's rule of succession: few peers that do not fail yet are no proof that none does. */
function usualShare(peers: Tally, before: Tally | undefined): number {
  if (before === undefined) return (peers.failures + 1) / (peers.count + 2);
  const known = (before.failures + peers.failures + 1) / (before.count + peers.count + 2);
  // When all fail now, what was before does not count.
  return Math.max(known, peers.failures / (peers.count + 2));
}
