import { describe, expect, it } from 'vitest';
import { Decider, type Notification, type Rules } from '../../../notify/decider.js';
import { feedbackIn } from '../../../notify/feedback.js';
import { inhibitionOf } from '../../../notify/inhibition.js';
import { DEFAULT_TIMING, type RouteSpec, routeOf } from '../../../notify/routing.js';
import { scheduleOf } from '../../../notify/schedules.js';
import { silenceOf } from '../../../notify/silences.js';
import { NotifyState } from '../../../notify/state.js';
import type { Incident } from '../../../schemas/records.js';
import { anIncident } from './incident.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface Setting extends Partial<Omit<Rules, 'route'>> {
  readonly route?: Partial<RouteSpec>;
}

/** Lets time pass from what is due to what is due. */
class Play {
  readonly state = new NotifyState();
  readonly decider: Decider;
  readonly told: string[] = [];
  readonly notifications: Notification[] = [];
  now = 0;

  constructor(setting: Setting = {}) {
    this.decider = new Decider(this.state, rulesOf(setting));
  }

  hear(incident: Incident): void {
    this.hearLate({ ...incident, updated: this.now });
  }

  /** Of what was before now. */
  hearLate(incident: Incident): void {
    this.decider.incident(incident.id, incident, this.now);
    this.#tell();
  }

  until(time: number): void {
    for (let next = this.decider.nextDue(); next !== undefined && next <= time; next = this.decider.nextDue()) {
      this.now = Math.max(this.now, next);
      this.#tell();
    }
    this.now = time;
  }

  #tell(): void {
    for (const notification of this.decider.due(this.now)) {
      const { channel, incidents, reason } = notification;
      const names = incidents.map(({ firing, incident }) => (firing ? incident.id : `(${incident.id})`));
      this.told.push(`${this.now / SECOND} ${channel} ${reason}: ${names.join(' ')}`);
      this.notifications.push(notification);
    }
  }
}

function rulesOf({ route, ...rest }: Setting): Rules {
  const spec: RouteSpec = { id: 'root', matchers: [], channels: ['pager'], goesOn: false, routes: [], ...route };
  return {
    route: routeOf(spec, { ...DEFAULT_TIMING, channels: [] }),
    inhibitions: [],
    silences: [],
    schedules: new Map(),
    flapping: { changes: 4, withinMs: 10 * MINUTE, stableMs: 10 * MINUTE },
    tenant: '',
    tellsResolved: () => true,
    ...rest,
  };
}

const over = (id: string, changes: Partial<Incident> = {}) =>
  anIncident(id, { state: 'resolved', resolved: 0, ...changes });
const together: Partial<RouteSpec> = { groupBy: ['source'] };

describe('what was fine', () => {
  /** Of the scope "nightly", as incidents that are opened one after the other. */
  const nightly = (id: string, changes: Partial<Incident> = {}) => anIncident(id, { scope: 'nightly', ...changes });

  function said(play: Play, id: string, action: 'was_fine' | 'was_not_fine', until: number | null): void {
    const incident = play.state.known.get(id)?.incident ?? nightly(id);
    const actions = [{ action, by: 'ann', time: play.now, note: null, until }];
    const { detectors, scope, severity, source_kind } = incident;
    play.decider.feedback(
      id,
      feedbackIn({ incident: id, about: { detectors, scope, severity, source_kind }, actions }),
    );
    const endedAt = action === 'was_fine' ? play.now : null;
    play.decider.said(id, { acknowledged: false, silencedUntil: 0, endedAt }, play.now);
  }

  it('is told to be over, and not told again in its scope until its time has passed', () => {
    const play = new Play({ route: { groupWaitMs: 0 } });
    play.hear(nightly('a'));
    play.until(HOUR);
    said(play, 'a', 'was_fine', 25 * HOUR);
    play.until(24 * HOUR);
    play.hear(nightly('b', { opened: play.now }));
    play.until(24.5 * HOUR);
    play.hear(over('b', { scope: 'nightly', opened: 24 * HOUR }));
    play.until(26 * HOUR);
    play.hear(nightly('c', { opened: play.now }));
    play.until(26 * HOUR + MINUTE);
    expect(play.told).toEqual(['0 pager opened: a', '3900 pager resolved: (a)', '93600 pager opened: c']);
  });

  it('is told after all when it still goes on then', () => {
    const play = new Play({ route: { groupWaitMs: 0 } });
    play.hear(nightly('a'));
    said(play, 'a', 'was_fine', HOUR);
    play.until(50 * MINUTE);
    play.hear(nightly('b', { opened: play.now }));
    play.until(2 * HOUR);
    // Looked at every five minutes; at 60 min to the second the time has passed.
    expect(play.told).toEqual(['0 pager opened: a', '300 pager resolved: (a)', '3600 pager opened: b']);
  });

  it.each([
    ['what is graver', { severity: 'critical' }],
    ['what others have found, too', { detectors: ['latency', 'error rate'] }],
    ['what is elsewhere', { scope: 'daily' }],
    ['what is of another kind of source', { source_kind: 'web' }],
  ] as const)('is not %s', (_, changes) => {
    const play = new Play({ route: { groupWaitMs: 0 } });
    play.hear(nightly('a'));
    said(play, 'a', 'was_fine', 25 * HOUR);
    play.until(HOUR);
    play.hear(nightly('b', { opened: play.now, ...(changes as Partial<Incident>) }));
    expect(play.told).toContain('3600 pager opened: b');
  });

  it('becomes what is not fine when somebody says so of it, or of another of its kind', () => {
    const play = new Play({ route: { groupWaitMs: 0 } });
    play.hear(nightly('a'));
    said(play, 'a', 'was_fine', 25 * HOUR);
    play.until(HOUR);
    play.hear(nightly('b', { opened: play.now }));
    play.until(2 * HOUR);
    said(play, 'b', 'was_not_fine', null);
    play.until(3 * HOUR);
    expect(play.told.at(-1)).toMatch(/^7[2-5]\d\d pager opened: b$/);
  });

  it('without a time was so for its own incident alone', () => {
    const play = new Play({ route: { groupWaitMs: 0 } });
    play.hear(nightly('a'));
    said(play, 'a', 'was_fine', null);
    play.until(HOUR);
    play.hear(nightly('b', { opened: play.now }));
    expect(play.told.at(-1)).toBe('3600 pager opened: b');
    expect(play.state.feedback.size).toBe(0);
  });
});

describe('what is told', () => {
  it('waits for the group, then tells once, and again after the repeat interval', () => {
    const play = new Play();
    play.hear(anIncident('a'));
    play.until(9 * HOUR);
    // 30 s after it opened; then at the first look, every 5 min, that is more than 4 h later.
    expect(play.told).toEqual([
      '30 pager opened: a',
      `${30 + 14_700} pager repeated: a`,
      `${30 + 29_400} pager repeated: a`,
    ]);
  });

  it('tells the incidents of a group together, and what comes later at the next interval', () => {
    const play = new Play({ route: together });
    play.hear(anIncident('a'));
    play.until(10 * SECOND);
    play.hear(anIncident('b', { opened: play.now }));
    play.until(40 * SECOND);
    play.hear(anIncident('c', { opened: play.now }));
    play.until(HOUR);
    expect(play.told).toEqual(['30 pager opened: a b', '330 pager opened: a b c']);
  });

  it('tells at once of what has gone on for longer than the wait', () => {
    const play = new Play();
    play.now = HOUR;
    play.hear(anIncident('a', { opened: HOUR - 31 * SECOND }));
    expect(play.told).toEqual(['3600 pager opened: a']);
  });

  it('tells that it is worse, and that it is over, at the next interval', () => {
    const play = new Play();
    play.hear(anIncident('a'));
    play.until(MINUTE);
    play.hear(anIncident('a', { severity: 'critical' }));
    play.until(8 * MINUTE);
    play.hear(over('a', { severity: 'critical' }));
    play.until(HOUR);
    expect(play.told).toEqual(['30 pager opened: a', '330 pager worse: a', '630 pager resolved: (a)']);
  });

  it('says nothing of what was over before the wait was', () => {
    const play = new Play();
    play.hear(anIncident('a'));
    play.until(10 * SECOND);
    play.hear(over('a'));
    play.until(HOUR);
    expect(play.told).toEqual([]);
  });

  it('tells at once without a wait', () => {
    const play = new Play({ route: { groupWaitMs: 0, groupIntervalMs: 0 } });
    play.now = SECOND;
    play.hear(anIncident('a', { opened: SECOND }));
    play.hear(over('a'));
    expect(play.told).toEqual(['1 pager opened: a', '1 pager resolved: (a)']);
  });

  it('does not tell a channel of ends that does not want to know', () => {
    const play = new Play({ tellsResolved: () => false });
    play.hear(anIncident('a'));
    play.until(MINUTE);
    play.hear(over('a'));
    play.until(10 * MINUTE);
    play.hear(anIncident('a', { opened: play.now }));
    play.until(20 * MINUTE);
    expect(play.told).toEqual(['30 pager opened: a', '630 pager opened: a']);
  });

  it('goes on to tell who was told of it when its labels change', () => {
    const routes: RouteSpec[] = [
      { id: 'worst', matchers: ['severity="critical"'], channels: ['pager'], goesOn: false, routes: [] },
      { id: 'rest', matchers: [], channels: ['chat'], goesOn: false, routes: [] },
    ];
    const play = new Play({ route: { routes } });
    play.hear(anIncident('a'));
    play.until(MINUTE);
    play.hear(anIncident('a', { severity: 'critical' }));
    play.until(6 * MINUTE - SECOND);
    play.hear(over('a', { severity: 'critical' }));
    play.until(HOUR);
    expect(play.told).toEqual([
      '30 chat opened: a',
      '60 pager opened: a',
      '330 chat worse: a',
      '360 pager resolved: (a)',
      '630 chat resolved: (a)',
    ]);
  });

  it('says of an incident that became a part of another that it is over', () => {
    const play = new Play();
    play.hear(anIncident('a'));
    play.until(MINUTE);
    play.decider.incident('a', null, play.now);
    play.until(HOUR);
    expect(play.told).toEqual(['30 pager opened: a', '330 pager resolved: (a)']);
  });

  it('forgets what is over and was told', () => {
    const play = new Play();
    play.hear(anIncident('a'));
    play.until(MINUTE);
    play.hear(over('a'));
    play.until(9 * HOUR);
    play.hear(anIncident('b', { opened: play.now }));
    play.until(play.now + MINUTE);
    expect([...play.state.known.entries()].map(([id]) => id)).toEqual(['b']);
    expect(play.state.groups.size).toBe(1);
    expect(play.state.told.size).toBe(1);
  });
});

describe('what is not told', () => {
  it('is what a silence mutes; when it expires, what still goes on is told', () => {
    const silence = silenceOf({
      ...{ id: 's', matchers: ['incident="a"'], from: 0, until: 20 * MINUTE, schedule: null, reason: '', by: '' },
    });
    const play = new Play({ silences: [silence] });
    play.hear(anIncident('a'));
    play.hear(anIncident('b'));
    play.until(HOUR);
    expect(play.told).toEqual(['30 pager opened: b', '1230 pager opened: a']);
  });

  it('is what a graver incident of the same entity inhibits', () => {
    const rule = { sourceMatchers: ['severity="critical"'], targetMatchers: ['severity="warning"'], equal: ['entity'] };
    const play = new Play({ inhibitions: [inhibitionOf(rule)] });
    play.hear(anIncident('a'));
    play.hear(anIncident('b', { severity: 'critical' }));
    play.until(6 * MINUTE);
    play.hear(over('b', { severity: 'critical' }));
    play.until(HOUR);
    expect(play.told).toEqual(['30 pager opened: b', '630 pager opened: a', '630 pager resolved: (b)']);
  });

  it('is what falls into a schedule in which its route is mute', () => {
    const schedules = new Map([['night', scheduleOf({ cron: '0 0 * * *', durationMs: HOUR, timeZone: 'UTC' })]]);
    const play = new Play({ schedules, route: { mutedIn: ['night'] } });
    play.hear(anIncident('a'));
    play.until(2 * HOUR);
    expect(play.told).toEqual(['3630 pager opened: a']);
  });

  it('is a repetition of what somebody is on', () => {
    const play = new Play();
    play.hear(anIncident('a'));
    play.until(MINUTE);
    play.decider.said('a', { acknowledged: true, silencedUntil: 0, endedAt: null }, play.now);
    play.until(20 * HOUR);
    play.hear(over('a'));
    play.until(21 * HOUR);
    expect(play.told.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'pager opened: a',
      'pager resolved: (a)',
    ]);
  });

  it('is more of what somebody has ended, until there is more of it', () => {
    const play = new Play();
    play.hear(anIncident('a'));
    play.until(MINUTE);
    play.decider.said('a', { acknowledged: false, silencedUntil: 0, endedAt: play.now }, play.now);
    play.hear(anIncident('a', { state: 'ongoing' }));
    play.until(10 * MINUTE);
    play.hear(anIncident('a', { state: 'ongoing', alerts: 2 }));
    play.until(HOUR);
    expect(play.told.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'pager opened: a',
      'pager resolved: (a)',
      'pager opened: a',
    ]);
  });
});

describe('an incident that flaps', () => {
  const quick: Setting = { route: { groupWaitMs: 0, groupIntervalMs: 0 } };

  it('is told as one that goes on until it has been stable', () => {
    const play = new Play(quick);
    for (let minute = 0; minute < 20; minute += 2) {
      play.until(minute * MINUTE + SECOND);
      play.hear(anIncident('a', { opened: play.now }));
      play.until((minute + 1) * MINUTE + SECOND);
      play.hear(over('a'));
    }
    play.until(2 * HOUR);
    // The fourth change is that to over, at 3 min: it is held back; the last is at 19 min, and 10 min later all is calm.
    expect(play.told).toEqual([
      '1 pager opened: a',
      '61 pager resolved: (a)',
      '121 pager opened: a',
      `${19 * 60 + 1 + 600} pager resolved: (a)`,
    ]);
  });

  it('stands for those of its scope that come after it', () => {
    const play = new Play(quick);
    for (let index = 0; index < 6; index++) {
      play.until(index * MINUTE + SECOND);
      play.hear(anIncident(`i${index}`, { scope: 'one', opened: play.now }));
      play.until(index * MINUTE + 30 * SECOND);
      play.hear(over(`i${index}`, { scope: 'one' }));
    }
    play.until(HOUR);
    expect(play.told).toEqual([
      '1 pager opened: i0',
      '30 pager resolved: (i0)',
      '61 pager opened: i1',
      `${5 * 60 + 30 + 600} pager resolved: (i1)`,
    ]);
  });
});

describe('an incident that flapped', () => {
  it('keeps its name until what went on in the end is over', () => {
    const play = new Play({ route: { groupWaitMs: 0, groupIntervalMs: 0 } });
    for (const [minute, index] of [0, 1, 2].entries()) {
      play.until(minute * MINUTE + SECOND);
      play.hear(anIncident(`i${index}`, { scope: 'one', opened: play.now }));
      if (index < 2) play.hear(over(`i${index}`, { scope: 'one' }));
    }
    play.until(30 * MINUTE);
    play.hear(anIncident('i2', { scope: 'one', state: 'ongoing', alerts: 2 }));
    play.until(40 * MINUTE);
    play.hear(over('i2', { scope: 'one', alerts: 2 }));
    play.until(HOUR);
    expect(play.told).toEqual([
      ...['1 pager opened: i0', '1 pager resolved: (i0)', '61 pager opened: i1', '2400 pager resolved: (i1)'],
    ]);
  });
});

describe('state that was written', () => {
  it('goes on where it was, and tells nothing twice', () => {
    const first = new Play({ route: together });
    first.hear(anIncident('a'));
    first.until(MINUTE);
    first.hear(anIncident('b', { opened: first.now }));
    const second = new Play({ route: together });
    second.now = first.now;
    for (const name of ['known', 'changes', 'said', 'groups', 'told'] as const) {
      for (const [key, value] of first.state[name].takeChanges()) {
        second.state[name].restore(key, JSON.parse(JSON.stringify(value)));
      }
    }
    second.hear(anIncident('a'));
    second.until(HOUR);
    expect(first.told).toEqual(['30 pager opened: a']);
    expect(second.told).toEqual(['330 pager opened: a b']);
  });
});

it('what comes of maintenance is told when that is over, if it still goes on', () => {
  let isMaintained = true;
  const play = new Play({ isOfMaintenance: ({ id }) => isMaintained && id !== 'other' });
  play.hear(anIncident('caller'));
  play.hear(anIncident('short'));
  play.hear(anIncident('other'));
  play.until(10 * MINUTE);
  play.hear(anIncident('short', { state: 'resolved', resolved: play.now }));
  expect(play.notifications.flatMap(({ incidents }) => incidents.map(({ incident }) => incident.id))).toEqual([
    'other',
  ]);
  isMaintained = false;
  play.until(20 * MINUTE);
  expect(play.notifications.flatMap(({ incidents }) => incidents.map(({ incident }) => incident.id))).toEqual([
    'other',
    'caller',
  ]);
});

describe('logs of the past, that are read faster than their time went by', () => {
  const at = (id: string, time: number) => anIncident(id, { opened: time, updated: time });
  const night = new Map([['night', scheduleOf({ cron: '0 0 * * *', durationMs: HOUR, timeZone: 'UTC' })]]);

  it('tell by the schedule at the time of the incident, and not at that of the clock', () => {
    const play = new Play({ schedules: night, route: { mutedIn: ['night'] } });
    play.now = 24 * HOUR + 30 * MINUTE;
    play.hearLate(at('by night', 20 * MINUTE));
    play.hearLate(at('by day', 12 * HOUR));
    expect(play.told).toEqual([`${play.now / SECOND} pager opened: by day`]);
    play.until(play.now + 35 * MINUTE);
    expect(play.told).toHaveLength(1);
    // It was not said to be over, and forty minutes later its night is.
    play.until(play.now + 10 * MINUTE);
    expect(play.told.at(-1)).toContain('opened: by night');
  });

  it('are in a silence that comes again at its own time, and in another also at that of the clock', () => {
    const silence = (id: string, from: number, schedule: Parameters<typeof silenceOf>[0]['schedule']) =>
      silenceOf({ id, matchers: [`incident=~"${id}.*"`], from, until: null, schedule, reason: '', by: '' });
    const nightly = silence('nightly', 0, { cron: '0 0 * * *', durationMs: HOUR, timeZone: 'UTC' });
    const now = silence('now', 24 * HOUR, null);
    const play = new Play({ silences: [nightly, now] });
    play.now = 24 * HOUR + 30 * MINUTE;
    for (const id of ['nightly', 'now']) play.hearLate(at(`${id} by day`, 12 * HOUR));
    play.hearLate(at('nightly by night', 20 * MINUTE));
    expect(play.told.map((words) => words.replace(/^\d+ /, ''))).toEqual(['pager opened: nightly by day']);
  });

  it('are of maintenance at the time of the incident', () => {
    const play = new Play({ isOfMaintenance: (_incident, time) => time < HOUR });
    play.now = 100 * HOUR;
    play.hearLate(at('in it', 30 * MINUTE));
    play.hearLate(at('after it', 2 * HOUR));
    play.hearLate({ ...at('in it', 40 * MINUTE), state: 'resolved', resolved: 40 * MINUTE, opened: 30 * MINUTE });
    play.until(play.now + HOUR);
    expect(play.told).toEqual([`${(100 * HOUR) / SECOND} pager opened: after it`]);
  });
});
