import { describe, expect, it } from 'vitest';
import { createDetector } from '../../../detection/detectors.js';
import { episodes } from '../../../detection/episodes.js';
import { Random } from '../../../producer/random.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const FIRST_MS = 5 * DAY_MS + 12 * HOUR_MS;
/** From the first time to each of the others. */
const LATER_HOURS = [0, 6, 24, 48, 96, 144];
const NOON_DAYS = Array.from({ length: 12 }, (_, day) => 24 * day);

interface Run {
  readonly hours?: readonly number[];
  readonly lengthMs?: number;
  readonly endMs?: number;
  readonly usual: (timestampMs: number, random: Random) => number;
  readonly fault: (usual: number) => number;
}

/** Of a value a minute, with a fault so many hours after its first time: which of the times were found, and other alerts. */
function run({ endMs, fault, hours = LATER_HOURS, lengthMs = 15 * MINUTE_MS, usual }: Run) {
  const detector = createDetector({ name: 'multi-resolution' });
  const state = detector.initial();
  const machine = episodes();
  const episode = machine.initial();
  const random = new Random(4);
  const starts = hours.map((hour) => FIRST_MS + hour * HOUR_MS);
  const found = starts.map(() => false);
  let others = 0;
  for (let time = 0; time < (endMs ?? (starts.at(-1) ?? 0) + HOUR_MS); time += MINUTE_MS) {
    const at = starts.findIndex((start) => time >= start && time < start + lengthMs);
    const value = usual(time, random);
    const verdict = detector.observe(state, time, Math.log1p(at < 0 ? value : fault(value)));
    const change = machine.observe(episode, time, verdict);
    if (change?.kind !== 'opened') continue;
    if (at >= 0) found[at] = true;
    else if (time > DAY_MS) others++;
  }
  return { found, others };
}

/** Some 200 a minute, more at noon. */
const requests = (time: number, random: Random) => {
  const mean = 200 * (1 - 0.5 * Math.cos((2 * Math.PI * time) / DAY_MS));
  return Math.round(mean + Math.sqrt(mean) * random.normal());
};
const responseTime = (_time: number, random: Random) => random.logNormal(80, 0.15);

describe('multi-resolution', () => {
  it.each([
    ['an outage', requests, () => 0],
    ['a fall by 60 %', requests, (usual: number) => Math.round(0.4 * usual)],
    ['four times the requests', requests, (usual: number) => 4 * usual],
    ['responses six times slower', responseTime, (usual: number) => 6 * usual],
  ])('finds %s of a quarter of an hour each time, and nothing else', (_what, usual, fault) => {
    expect(run({ usual, fault })).toEqual({ found: LATER_HOURS.map(() => true), others: 0 });
  });

  it('finds twelve values ten deviations off every six hours for four days', () => {
    const hours = Array.from({ length: 16 }, (_, i) => 6 * i);
    const usual = (_time: number, random: Random) => 50 + 0.5 * random.normal();

    const { found } = run({ usual, hours, lengthMs: 12 * MINUTE_MS, fault: (value) => value + 5 });

    expect(found).toEqual(hours.map(() => true));
  });

  it('takes what comes every day at noon for usual after a week, and not when it came once', () => {
    const { found } = run({ usual: requests, hours: NOON_DAYS, fault: (usual) => 4 * usual });

    expect(found.slice(0, 4)).toEqual([true, true, true, true]);
    expect(found.slice(7)).toEqual([false, false, false, false, false]);
  });

  it('takes what stays for usual within hours', () => {
    const lengthMs = 3 * DAY_MS;
    const { found, others } = run({ usual: requests, hours: [0], lengthMs, fault: (usual) => 2 * usual });

    expect(found).toEqual([true]);
    // When it ends, that is news once.
    expect(others).toBeLessThanOrEqual(1);
  });
});
