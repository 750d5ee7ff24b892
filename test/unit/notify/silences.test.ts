import { describe, expect, it } from 'vitest';
import { inhibitionOf, isInhibited } from '../../../notify/inhibition.js';
import { labelsOf } from '../../../notify/labels.js';
import { scheduleOf } from '../../../notify/schedules.js';
import { mutedBy, type SilenceSpec, silenceOf } from '../../../notify/silences.js';
import { anIncident } from './incident.js';

const HOUR = 3_600_000;
const at = (text: string) => Date.parse(text);
const spec: SilenceSpec = {
  ...{ id: 's', matchers: ['severity="warning"'], from: 1000, until: 2000, schedule: null, reason: 'work', by: 'ann' },
};

describe('a silence', () => {
  it.each([
    [999, 'pending'],
    [1000, 'active'],
    [1999, 'active'],
    [2000, 'expired'],
  ])('at %s ms is %s', (time, expected) => {
    const silence = silenceOf(spec);
    expect(silence.stateAt(time)).toBe(expected);
    expect(silence.mutes(labelsOf(anIncident('i')), time)).toBe(expected === 'active');
    expect(silence.mutes(labelsOf(anIncident('i', { severity: 'info' })), time)).toBe(false);
  });

  it('comes again by its schedule until it expires', () => {
    const schedule = { cron: '0 2 * * SAT', durationMs: 2 * HOUR, timeZone: 'Europe/Berlin' };
    const silence = silenceOf({ ...spec, from: 0, until: at('2026-07-20T00:00:00Z'), schedule });
    // 11 July 2026 is a Saturday; 02:00 in Berlin is 00:00 UTC in summer.
    expect(silence.stateAt(at('2026-07-10T23:59:59Z'))).toBe('waiting');
    expect(silence.stateAt(at('2026-07-11T00:00:00Z'))).toBe('active');
    expect(silence.stateAt(at('2026-07-11T01:59:59Z'))).toBe('active');
    expect(silence.stateAt(at('2026-07-11T02:00:00Z'))).toBe('waiting');
    expect(silence.stateAt(at('2026-07-25T00:30:00Z'))).toBe('expired');
  });

  it('shows what it would mute', () => {
    const items = [anIncident('a'), anIncident('b', { severity: 'critical' })].map((incident) => {
      return { incident, labels: labelsOf(incident) };
    });
    expect(mutedBy(silenceOf(spec), items).map(({ incident }) => incident.id)).toEqual(['a']);
  });
});

describe('a schedule', () => {
  const nights = scheduleOf({ cron: '30 23 * * *', durationMs: HOUR, timeZone: 'Europe/Berlin' });

  it.each([
    // In winter Berlin is an hour ahead of UTC, in summer two.
    ['2026-01-15T22:29:59Z', false],
    ['2026-01-15T22:30:00Z', true],
    ['2026-01-15T23:29:59Z', true],
    ['2026-01-15T23:30:00Z', false],
    ['2026-07-15T21:30:00Z', true],
    ['2026-07-15T22:30:00Z', false],
  ])('by the clock of its place: at %s in it is %s', (time, expected) => {
    expect(nights.isIn(at(time))).toBe(expected);
  });

  it('says when it next begins or ends', () => {
    expect(nights.nextChange(at('2026-01-15T12:00:00Z'))).toBe(at('2026-01-15T22:30:00Z'));
    expect(nights.nextChange(at('2026-01-15T23:00:00Z'))).toBe(at('2026-01-15T23:30:00Z'));
  });

  it('lasts as long on the day that the clocks change', () => {
    // On 29 March 2026 Berlin goes from 02:00 to 03:00: from 01:00 on, three hours end at 05:00 there, 03:00 UTC.
    const change = scheduleOf({ cron: '0 1 * * *', durationMs: 3 * HOUR, timeZone: 'Europe/Berlin' });
    expect(change.isIn(at('2026-03-29T02:59:59Z'))).toBe(true);
    expect(change.isIn(at('2026-03-29T03:00:00Z'))).toBe(false);
  });

  it.each([
    [{ cron: '61 * * * *', durationMs: HOUR, timeZone: 'UTC' }],
    [{ cron: '* * * * * *', durationMs: HOUR, timeZone: 'UTC' }],
    [{ cron: '0 2 * * *', durationMs: HOUR, timeZone: 'Mars/Olympus' }],
    [{ cron: '0 2 * * *', durationMs: 0, timeZone: 'UTC' }],
  ])('%o is refused', (wrong) => {
    expect(() => scheduleOf(wrong)).toThrow(expect.objectContaining({ code: 'NOTIFY_SCHEDULE' }));
  });
});

describe('an inhibition', () => {
  const rule = inhibitionOf({
    ...{ sourceMatchers: ['severity="critical"'], targetMatchers: ['severity=~"warning|info"'], equal: ['entity'] },
  });
  const critical = labelsOf(anIncident('c', { severity: 'critical' }));
  const warning = labelsOf(anIncident('w'));

  it('holds while a source that agrees goes on', () => {
    expect(isInhibited([rule], warning, [warning, critical])).toBe(true);
    expect(isInhibited([rule], warning, [warning])).toBe(false);
    expect(isInhibited([rule], critical, [warning, critical])).toBe(false);
    expect(isInhibited([rule], labelsOf(anIncident('o', { entities: ['other'] })), [critical])).toBe(false);
  });

  it('is not of an incident by itself, or by another that is on both sides', () => {
    const both = inhibitionOf({
      sourceMatchers: ['source="service"'],
      targetMatchers: ['source="service"'],
      equal: [],
    });
    expect(isInhibited([both], warning, [warning, critical])).toBe(false);
  });
});
