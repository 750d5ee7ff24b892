import { expect, it } from 'vitest';
import { type EpisodeOptions, episodes } from '../../../detection/episodes.js';

/** Each character a verdict, a second apart: a digit is anomalous with that many tenths for its score, a dot is not. */
function changes(verdicts: string, options: EpisodeOptions) {
  const machine = episodes(options);
  let state = machine.initial();
  return [...verdicts].map((character, i) => {
    // The state is written and read back, as a store does.
    state = JSON.parse(JSON.stringify(state));
    return machine.observe(state, i * 1000, {
      score: character === '.' ? 0 : Number(character) / 10,
      isAnomalous: character !== '.',
    });
  });
}

const kinds = (verdicts: string, options: EpisodeOptions) =>
  changes(verdicts, options)
    .map((change) => change?.kind[1] ?? '.')
    .join('');

it('opens at the first anomaly, is ongoing, and closes after a while without', () => {
  // opened, ongoing, closed: p, n, l
  expect(kinds('..55..5.......', { closeAfter: 3 })).toBe('..pnnnnnnl....');
});

it('opens a new episode after one is closed', () => {
  expect(kinds('5..5..5', { closeAfter: 2 })).toBe('pnlpnlp');
});

it('opens after so many anomalies in a row only', () => {
  expect(kinds('5.55.555.', { openAfter: 3, closeAfter: 1 })).toBe('.......pl');
});

it('says when it began, when its last anomaly was, how many there were and the highest score', () => {
  const all = changes('.57.6..', { closeAfter: 2 });

  expect(all[1]).toEqual({ kind: 'opened', startMs: 1000, endMs: 1000, peakScore: 0.5, anomalies: 1 });
  expect(all[6]).toEqual({ kind: 'closed', startMs: 1000, endMs: 4000, peakScore: 0.7, anomalies: 3 });
});

it('counts the anomalies from the first of the run that opened it', () => {
  const [, , opened] = changes('345', { openAfter: 3, closeAfter: 2 });

  expect(opened).toEqual({ kind: 'opened', startMs: 0, endMs: 2000, peakScore: 0.5, anomalies: 3 });
});

it('forgets an episode of before', () => {
  const opened = changes('9..3', { closeAfter: 1 }).at(-1);

  expect(opened).toEqual({ kind: 'opened', startMs: 3000, endMs: 3000, peakScore: 0.3, anomalies: 1 });
});
