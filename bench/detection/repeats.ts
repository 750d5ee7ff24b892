/**
 * Whether what happened once is found again: the same fault comes several times into simulated traffic, and the first
 * time is compared with the others. README.md says by which rules.
 */
import type { Detector } from '../../detection/detector.js';
import { episodes } from '../../detection/episodes.js';
import { Random } from '../../producer/random.js';
import { DISTORTIONS, SHAPES, type Shape } from './series-shapes.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CALM_WEEKS = 4;
/** Nothing is counted before. */
const LEARNING_MS = 2 * DAY_MS;

interface Schedule {
  readonly name: string;
  readonly isTuned: boolean;
  /** When the first begins, and how much later each of the others does. */
  readonly firstMs: number;
  readonly laterHours: readonly number[];
  readonly lengthMs: number;
}

const MINUTE_MS = 60_000;
const SCHEDULES: readonly Schedule[] = [
  {
    name: '15 minutes at noon, again after 6 h, 1, 2, 4 and 6 days',
    isTuned: true,
    firstMs: 5 * DAY_MS + 12 * HOUR_MS,
    laterHours: [6, 24, 48, 96, 144],
    lengthMs: 15 * MINUTE_MS,
  },
  {
    name: '12 minutes every 6 h for 4 days',
    isTuned: true,
    firstMs: 4 * DAY_MS + 6 * HOUR_MS,
    laterHours: Array.from({ length: 15 }, (_, i) => 6 * (i + 1)),
    lengthMs: 12 * MINUTE_MS,
  },
  {
    name: '40 minutes at 9:10, again after 5, 31, 58, 101 and 170 h',
    isTuned: false,
    firstMs: 6 * DAY_MS + 9 * HOUR_MS + 10 * MINUTE_MS,
    laterHours: [5, 31, 58, 101, 170],
    lengthMs: 40 * MINUTE_MS,
  },
  {
    name: '10 minutes, every 9 h for 5 days',
    isTuned: false,
    firstMs: 5 * DAY_MS + 7 * HOUR_MS,
    laterHours: Array.from({ length: 13 }, (_, i) => 9 * (i + 1)),
    lengthMs: 10 * MINUTE_MS,
  },
];

/** How often a fault was there, and how often it was found. */
export interface Found {
  firsts: number;
  foundFirsts: number;
  repeats: number;
  foundRepeats: number;
  /** Episodes outside of all faults and of the hour after each. */
  falseAlerts: number;
  days: number;
}

export interface RepeatsResult {
  readonly shape: Shape;
  readonly found: Found;
  /** Episodes a week of the same traffic without a fault. */
  readonly calmAlertsPerWeek: number;
}

/** Where episodes open. */
function alertTimes<S>(
  detector: Detector<S>,
  shape: Shape,
  random: Random,
  endMs: number,
  distort: (timestampMs: number, drawn: ReturnType<Shape['draw']>) => number,
): number[] {
  const machine = episodes();
  const state = detector.initial();
  const episode = machine.initial();
  const opened: number[] = [];
  for (let timestampMs = 0; timestampMs < endMs; timestampMs += shape.everyMs) {
    const value = distort(timestampMs, shape.draw(timestampMs, random));
    const verdict = detector.observe(state, timestampMs, shape.scale === 'log' ? Math.log1p(value) : value);
    if (machine.observe(episode, timestampMs, verdict)?.kind === 'opened') opened.push(timestampMs);
  }
  return opened;
}

function faultsOf({ firstMs, laterHours, lengthMs }: Schedule): { start: number; end: number }[] {
  return [0, ...laterHours].map((hours) => {
    const start = firstMs + hours * HOUR_MS;
    return { start, end: start + lengthMs };
  });
}

function withFaults<S>(
  detector: Detector<S>,
  shape: Shape,
  fault: keyof typeof DISTORTIONS,
  schedule: Schedule,
): Found {
  const faults = faultsOf(schedule);
  const lastEnd = faults.at(-1)?.end ?? 0;
  const opened = alertTimes(detector, shape, new Random(faults.length), lastEnd + HOUR_MS, (timestampMs, drawn) => {
    const isFault = faults.some(({ end, start }) => timestampMs >= start && timestampMs < end);
    return isFault ? DISTORTIONS[fault](drawn.value, drawn.mean, drawn.deviation) : drawn.value;
  });
  const isFound = ({ end, start }: { start: number; end: number }) =>
    opened.some((time) => time >= start && time < end);
  const [first, ...repeats] = faults;
  return {
    firsts: 1,
    foundFirsts: first !== undefined && isFound(first) ? 1 : 0,
    repeats: repeats.length,
    foundRepeats: repeats.filter(isFound).length,
    falseAlerts: opened.filter(
      (time) => time >= LEARNING_MS && !faults.some(({ end, start }) => time >= start && time < end + HOUR_MS),
    ).length,
    days: (lastEnd - LEARNING_MS) / DAY_MS,
  };
}

export function measureRepeats<S>(detector: Detector<S>, isTuned: boolean): RepeatsResult[] {
  return SHAPES.filter((shape) => shape.isTuned === isTuned).map((shape) => {
    const found: Found = { firsts: 0, foundFirsts: 0, repeats: 0, foundRepeats: 0, falseAlerts: 0, days: 0 };
    for (const schedule of SCHEDULES.filter((one) => one.isTuned === isTuned)) {
      for (const fault of shape.faults) {
        const some = withFaults(detector, shape, fault, schedule);
        for (const key of Object.keys(found) as (keyof Found)[]) found[key] += some[key];
      }
    }
    const calm = alertTimes(detector, shape, new Random(7), CALM_WEEKS * 7 * DAY_MS, (_time, { value }) => value);
    return {
      shape,
      found,
      calmAlertsPerWeek: calm.filter((time) => time >= LEARNING_MS).length / (CALM_WEEKS - 2 / 7),
    };
  });
}

export function repeatsTable(rows: readonly (readonly [string, readonly RepeatsResult[]])[]): string {
  return [
    '| detector | shape | first time | again | false alerts a week between | a week, no faults |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
    ...rows.flatMap(([detector, results]) =>
      results.map(({ calmAlertsPerWeek, found, shape }) => {
        const perWeek = (7 * found.falseAlerts) / found.days;
        const first = `${found.foundFirsts} of ${found.firsts}`;
        const again = `${found.foundRepeats} of ${found.repeats}`;
        return `| ${detector} | ${shape.name} | ${first} | ${again} | ${perWeek.toFixed(2)} | ${calmAlertsPerWeek.toFixed(2)} |`;
      }),
    ),
    '',
  ].join('\n');
}
