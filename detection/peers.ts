import type { Verdict } from './detector.js';

/** Events of one among several, in some time: of an instance of a service, of a disk of an array. */
export interface Tally {
  readonly count: number;
  /** How many of them failed. */
  readonly failures: number;
}

export interface PeerState {
  /** What speaks for a defect: the logarithm of a likelihood ratio, 0 at least. */
  evidence: number;
  /** Events since there is evidence, and how many of them failed. */
  count: number;
  failures: number;
}

export interface PeerVerdict extends Verdict {
  /** The share of failures since there is evidence. */
  readonly value: number;
}

/**
 * Evidence over it is a defect. Wald's inequality bounds how often chance gets there: once in e^18, sixty million,
 * times that evidence begins.
 */
const LIMIT = 18;
/** No more adds up, so that a defect that is over is soon forgotten. */
const CAP = 22;
/** What stays of the evidence when nothing more is seen: one that is gone is forgotten. */
const FADING = 0.95;
const LEAST = 0.1;
/** Fewer events of peers say little of what is usual. */
const MIN_PEER_EVENTS = 5;

export function initialPeerState(): PeerState {
  return { evidence: 0, count: 0, failures: 0 };
}

/**
 * Finds the one that fails more often than those that do the same: a CUSUM chart (Page, "Continuous inspection schemes",
 * Biometrika 41, 1954) of the log-likelihood ratio of a share of failures half way between its peers' and all, against
 * its peers' share. A defect of everything is none of one, and where the peers do less than the one does they are nothing to
 * compare it with. `state` is changed in place.
 */
export function compareToPeers(state: PeerState, own: Tally, peers: Tally): PeerVerdict {
  // By Laplace's rule of succession: few peers that do not fail yet are no proof that none does.
  const usual = (peers.failures + 1) / (peers.count + 2);
  const defective = (1 + usual) / 2;
  const isCompared = own.count > 0 && peers.count >= Math.max(MIN_PEER_EVENTS, own.count);
  if (isCompared) {
    const evidence =
      own.failures * Math.log(defective / usual) + (own.count - own.failures) * Math.log((1 - defective) / (1 - usual));
    state.evidence = Math.min(CAP, state.evidence + evidence);
    state.count += own.count;
    state.failures += own.failures;
  } else {
    state.evidence *= FADING;
  }
  if (state.evidence < LEAST) Object.assign(state, initialPeerState());
  return {
    value: state.count === 0 ? 0 : state.failures / state.count,
    // A half at the limit.
    score: state.evidence / (state.evidence + LIMIT),
    isAnomalous: state.evidence > LIMIT,
    expected: { low: 0, high: usual },
  };
}
