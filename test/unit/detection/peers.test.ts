import { describe, expect, it } from 'vitest';
import { compareToPeers, initialPeerState, type PeerVerdict } from '../../../detection/peers.js';
import type { Tally } from '../../../detection/tally.js';
import { Random } from '../../../producer/random.js';

const PEERS: Tally = { count: 100, failures: 10 };

/** Windows after which it was found; undefined where it was not. */
function foundAfter(windows: number, own: (window: number) => Tally, peers = PEERS): number | undefined {
  const state = initialPeerState();
  for (let window = 1; window <= windows; window++) {
    if (compareToPeers(state, own(window), peers).isAnomalous) return window;
  }
  return undefined;
}

function failuresOf(random: Random, count: number, share: number): Tally {
  let failures = 0;
  for (let event = 0; event < count; event++) failures += random.uniform() < share ? 1 : 0;
  return { count, failures };
}

describe('one among its peers', () => {
  it('is found by its failures, the sooner the more of them there are', () => {
    expect(foundAfter(20, () => ({ count: 1, failures: 1 }))).toBe(9);
    expect(foundAfter(20, () => ({ count: 10, failures: 10 }))).toBe(1);
    const half = foundAfter(100, (window) => ({ count: 1, failures: window % 2 }));
    expect(half).toBeGreaterThan(20);
    expect(half).toBeLessThan(60);
  });

  it('is not found while all of them fail', () => {
    expect(foundAfter(1000, () => ({ count: 10, failures: 9 }), { count: 500, failures: 450 })).toBeUndefined();
  });

  it.each([0, 1, 4, 9])(
    'is not taken for defective where its peers have done no more than %d times something',
    (count) => {
      expect(foundAfter(1000, () => ({ count: 10, failures: 10 }), { count, failures: 0 })).toBeUndefined();
    },
  );

  it('is hardly ever found by chance', () => {
    const random = new Random(7);
    let found = 0;
    for (let instance = 0; instance < 200; instance++) {
      if (foundAfter(2000, () => failuresOf(random, 4, 0.1)) !== undefined) found++;
    }
    expect(found).toBe(0);
  });

  it('is over when it fails no more often than the others, or is gone', () => {
    for (const after of [
      { count: 5, failures: 0 },
      { count: 0, failures: 0 },
    ]) {
      const state = initialPeerState();
      for (let window = 0; window < 100; window++) compareToPeers(state, { count: 5, failures: 5 }, PEERS);
      const verdicts: PeerVerdict[] = [];
      while (verdicts.at(-1)?.isAnomalous !== false) verdicts.push(compareToPeers(state, after, PEERS));
      expect(verdicts.length).toBeLessThanOrEqual(6);
      for (let window = 0; window < 200; window++) compareToPeers(state, after, PEERS);
      expect(state).toEqual(initialPeerState());
    }
  });

  it('that fails seldom is over soon after its last failure, however little it does', () => {
    const state = initialPeerState();
    const before = { count: 20_000, failures: 40 };
    const peers = { count: 27, failures: 0 };
    let windows = 0;
    while (!compareToPeers(state, { count: 3, failures: windows % 2 }, peers, before).isAnomalous) windows++;
    // One failure in six events makes each without one 1.2 times as likely when it is over: 25 to 30 of them are e^4.
    let after = 0;
    while (compareToPeers(state, { count: 3, failures: 0 }, peers, before).isAnomalous) after++;
    expect(after).toBeLessThanOrEqual(10);
    expect(state).toEqual(initialPeerState());
  });

  it('tells the share of failures since it began, and what is usual', () => {
    const state = initialPeerState();
    compareToPeers(state, { count: 10, failures: 0 }, PEERS);
    const { expected, value } = compareToPeers(state, { count: 4, failures: 3 }, PEERS);
    expect(value).toBe(0.75);
    expect(expected).toEqual({ low: 0, high: 11 / 102 });
  });
});
