import { describe, expect, it } from 'vitest';
import { type LastTold, type Member, reasonToTell } from '../../../notify/grouping.js';

const HOUR = 3_600_000;
const on = (id: string, severity: Member['severity'] = 'warning'): Member => ({ id, firing: true, severity });
const over = (id: string): Member => ({ id, firing: false, severity: 'warning' });
const told = (firing: readonly string[], resolved: readonly string[], hoursAgo: number): LastTold => ({
  firing: Object.fromEntries(firing.map((id) => [id, 'warning' as const])),
  resolved,
  time: 10 * HOUR - hoursAgo * HOUR,
});

/** The rows are those of Alertmanager's own test of what needs an update, with its repeat interval of 4 h where it has one. */
describe('what a channel is told of a group', () => {
  it.each<[string, LastTold | undefined, readonly Member[], boolean, string | undefined]>([
    ['nothing was told and something goes on', undefined, [on('a')], true, 'opened'],
    ['nothing was told and all is over', undefined, [over('a')], true, undefined],
    ['something new goes on', told(['a'], [], 1), [on('a'), on('b')], true, 'opened'],
    ['something is worse than was told', told(['a'], [], 1), [on('a', 'critical')], true, 'worse'],
    ['something is milder than was told', told(['a'], [], 1), [on('a', 'info')], true, undefined],
    ['the same goes on', told(['a'], [], 1), [on('a')], true, undefined],
    ['the same goes on for the repeat interval', told(['a'], [], 4), [on('a')], true, undefined],
    ['the same goes on for longer', told(['a'], [], 4.001), [on('a')], true, 'repeated'],
    ['all of it is over', told(['a'], [], 1), [over('a')], true, 'resolved'],
    ['all of it is over, of which the channel is not told', told(['a'], [], 1), [over('a')], false, 'resolved'],
    ['all was told to be over', told([], ['a'], 9), [over('a')], true, undefined],
    ['a part is over', told(['a', 'b'], [], 1), [on('a'), over('b')], true, 'resolved'],
    [
      'a part is over, of which the channel is not told',
      told(['a', 'b'], [], 1),
      [on('a'), over('b')],
      false,
      undefined,
    ],
    ['the part that is over was told', told(['a'], ['b'], 1), [on('a'), over('b')], true, undefined],
    ['less goes on, and the rest is not there', told(['a', 'b'], [], 1), [on('a')], true, undefined],
    ['what was over goes on again', told([], ['a'], 1), [on('a')], true, 'opened'],
  ])('when %s', (_, last, members, tellsResolved, expected) => {
    expect(reasonToTell(last, members, { tellsResolved, repeatIntervalMs: 4 * HOUR, now: 10 * HOUR })).toBe(expected);
  });
});
