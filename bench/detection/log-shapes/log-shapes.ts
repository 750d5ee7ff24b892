import { commonLines, jsonLines, type LogWriter, logfmtLines } from './log-writers.js';

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** What a program does while nothing is wrong. Times of functions are seconds since the begin; shares are 0 to 1. */
export interface LogProgram {
  readonly name: string;
  readonly writes: LogWriter;
  /** Requests a second, or what else it tells of. */
  readonly rate: (seconds: number) => number;
  /** Requests come in turns of so many: 1. */
  readonly bunch?: number;
  /** The median and the spread (of the logarithm) of response times in milliseconds; undefined: it answers nobody. */
  readonly times?: readonly [median: number, sigma: number];
  /** How many times as long they take. */
  readonly slower?: (seconds: number) => number;
  /** Shares of statuses; what remains is 200. */
  readonly statuses?: Readonly<Record<number, number>>;
  readonly levels?: { readonly WARN?: number; readonly ERROR?: number; readonly DEBUG?: number };
  readonly clients?: number;
  readonly instances?: number;
  /** Each instance's lines are shipped so many seconds apart: at once. */
  readonly ships?: readonly number[];
  /** By how much the clocks of instances are ahead, in seconds. */
  readonly clocks?: readonly number[];
  /** Something asks for it every so many seconds. */
  readonly healthChecks?: number;
  readonly isWeb?: boolean;
}

export interface LogShape {
  readonly name: string;
  /** Whether nothing may be chosen on it. */
  readonly isHeldOut: boolean;
  readonly hours: number;
  /** The hour and the day (of May 2026) of its begin. */
  readonly begins?: readonly [day: number, hour: number];
  readonly programs: readonly LogProgram[];
}

const steady = (perSecond: number) => () => perSecond;
/** A wave with its least at four in the morning, of a run that begins at midnight. */
const day = (perSecond: number, least: number) => (seconds: number) =>
  perSecond * (least + (1 - least) * (0.5 - 0.5 * Math.cos((2 * Math.PI * (seconds - 4 * HOUR_S)) / DAY_S)));
/** From 0 to 1 between two times. */
const ramp = (seconds: number, from: number, to: number) => Math.max(0, Math.min(1, (seconds - from) / (to - from)));
const every = (seconds: number, period: number, length: number) => seconds % period < length;

const api = { writes: jsonLines, times: [40, 0.7], instances: 3, clients: 2000 } as const;
const site = { name: 'site', isWeb: true, writes: commonLines, times: [60, 0.8], clients: 20_000 } as const;

export const LOG_SHAPES: readonly LogShape[] = [
  {
    ...{ name: 'a shop with a day and a sale at ten', isHeldOut: false, hours: 36, begins: [6, 0] },
    programs: [
      {
        ...site,
        statuses: { 404: 0.02, 302: 0.08, 500: 0.001 },
        rate: (seconds) => {
          const sale = ramp(seconds, 34 * HOUR_S, 34.5 * HOUR_S);
          return day(4, 0.2)(seconds) * (1 + 1.5 * sale);
        },
      },
    ],
  },
  {
    ...{ name: 'an API with four clients', isHeldOut: false, hours: 6 },
    programs: [{ ...api, name: 'api', rate: steady(8), clients: 4, bunch: 5, statuses: { 429: 0.03, 500: 0.002 } }],
  },
  {
    ...{ name: 'health checks and little else', isHeldOut: false, hours: 8 },
    programs: ['admin', 'billing', 'reports'].map((name) => ({
      ...{ ...api, name, rate: steady(0.05), healthChecks: 10, statuses: { 500: 0.01, 404: 0.03 }, clients: 30 },
    })),
  },
  {
    ...{ name: 'only errors are logged', isHeldOut: false, hours: 24 },
    programs: [
      { name: 'worker', writes: logfmtLines, rate: steady(1 / 240), levels: { ERROR: 1 }, instances: 2 },
      { name: 'mailer', writes: logfmtLines, rate: steady(1 / 60), levels: { ERROR: 0.4, WARN: 0.6 }, bunch: 3 },
    ],
  },
  {
    ...{ name: 'restarts that take 20 s', isHeldOut: false, hours: 8 },
    programs: ['a', 'b'].map((name, index) => ({
      ...{ ...api, name, statuses: { 500: 0.003 }, instances: 1 },
      rate: (seconds: number) => (every(seconds + index * 1000, 67 * MINUTE_S, 20) ? 0 : 5),
      slower: (seconds: number) => (every(seconds + index * 1000, 67 * MINUTE_S, 50) ? 2.5 : 1),
    })),
  },
  {
    ...{ name: 'a third are warnings', isHeldOut: false, hours: 6 },
    programs: ['parser', 'indexer'].map((name) => ({
      ...{ name, writes: logfmtLines, rate: steady(4), bunch: 3, levels: { WARN: 0.3, ERROR: 0.02, DEBUG: 0.2 } },
    })),
  },
  {
    ...{ name: 'a static site, a third is not found', isHeldOut: false, hours: 12, begins: [6, 6] },
    programs: [{ ...site, rate: day(2, 0.4), statuses: { 404: 0.33, 304: 0.2 }, clients: 3000 }],
  },
  {
    ...{ name: 'four in ten are refused', isHeldOut: false, hours: 6 },
    programs: [{ ...api, name: 'auth', rate: steady(6), bunch: 2, statuses: { 401: 0.3, 404: 0.1, 500: 0.002 } }],
  },
  {
    ...{ name: 'growth to four times in three hours', isHeldOut: false, hours: 6 },
    programs: [
      {
        ...{ ...api, name: 'cart', statuses: { 500: 0.002 } },
        rate: (seconds) => 4 * (1 + 3 * ramp(seconds, 2 * HOUR_S, 5 * HOUR_S)),
        slower: (seconds) => 1 + 0.3 * ramp(seconds, 2 * HOUR_S, 5 * HOUR_S),
      },
    ],
  },
  {
    ...{ name: 'shipping every 5 to 30 s, a clock 10 s ahead', isHeldOut: false, hours: 4 },
    programs: [
      {
        ...{
          ...api,
          name: 'orders',
          rate: steady(6),
          statuses: { 500: 0.004 },
          ships: [5, 12, 30],
          clocks: [0, 10, 0],
        },
      },
      { ...api, name: 'stock', rate: steady(2), statuses: { 500: 0.004 }, ships: [5, 30, 15] },
    ],
  },
  {
    ...{ name: 'a batch every 7 minutes', isHeldOut: false, hours: 6 },
    programs: ['import', 'export'].map((name, index) => ({
      ...{ name, writes: logfmtLines, levels: { WARN: 0.05, ERROR: 0.003 }, times: [25, 0.6] as const },
      rate: (seconds: number) => (every(seconds + index * 100, 7 * MINUTE_S, 25) ? 20 : 1),
      slower: (seconds: number) => (every(seconds + index * 100, 7 * MINUTE_S, 25) ? 1.6 : 1),
    })),
  },
  {
    ...{ name: 'held out: weekdays and a weekend', isHeldOut: true, hours: 96, begins: [7, 0] },
    programs: [
      {
        ...{ ...api, name: 'office', statuses: { 500: 0.003, 403: 0.03 }, clients: 200 },
        rate: (seconds) => {
          const isWeekend = seconds >= 2 * DAY_S && seconds < 4 * DAY_S;
          const hour = (seconds % DAY_S) / HOUR_S;
          return 0.08 + (isWeekend ? 0 : 1.2 * ramp(hour, 7, 9) * (1 - ramp(hour, 17, 19)));
        },
      },
    ],
  },
  {
    ...{ name: 'held out: a site by night and day', isHeldOut: true, hours: 48, begins: [6, 0] },
    programs: [{ ...site, rate: day(1.5, 0.1), statuses: { 404: 0.05, 301: 0.1, 500: 0.002 } }],
  },
  {
    ...{ name: 'held out: a cache that is emptied every 40 minutes', isHeldOut: true, hours: 6 },
    programs: [
      {
        ...{ ...api, name: 'catalogue', rate: steady(5), statuses: { 500: 0.002 } },
        slower: (seconds) => 1 + 2 * Math.exp(-(seconds % (40 * MINUTE_S)) / 40),
      },
    ],
  },
  {
    ...{ name: 'held out: pauses of a second and a half', isHeldOut: true, hours: 6 },
    programs: [
      {
        ...{ ...api, name: 'search', rate: steady(7), statuses: { 500: 0.001 }, instances: 2 },
        slower: (seconds) => (every(seconds, 283, 1.5) ? 25 : 1),
      },
    ],
  },
  {
    ...{ name: 'held out: a rolling deploy every two hours', isHeldOut: true, hours: 8 },
    programs: [
      {
        ...{ ...api, name: 'gateway', rate: steady(6), statuses: { 500: 0.002 }, instances: 4 },
        slower: (seconds) => (every(seconds, 2 * HOUR_S, 60) ? 1.7 : 1),
      },
      {
        ...api,
        name: 'users',
        rate: (seconds) => (every(seconds, 2 * HOUR_S, 12) ? 0.5 : 3),
        statuses: { 500: 0.003 },
      },
    ],
  },
  {
    ...{ name: 'held out: a job of each hour, and nothing else', isHeldOut: true, hours: 24 },
    programs: [
      {
        ...{ name: 'nightly', writes: logfmtLines, levels: { WARN: 0.1, ERROR: 0.01 } },
        rate: (seconds) => (every(seconds + 55 * MINUTE_S, HOUR_S, 90) ? 3 : 0.01),
      },
      { name: 'cron', writes: logfmtLines, rate: (seconds) => (every(seconds, 5 * MINUTE_S, 4) ? 5 : 0) },
    ],
  },
  {
    ...{ name: 'held out: lines in large bunches', isHeldOut: true, hours: 8 },
    programs: ['feed', 'events'].map((name) => ({
      ...{ ...api, name, rate: steady(3), bunch: 12, statuses: { 500: 0.01, 404: 0.05 } },
    })),
  },
];

/** Where the faults are put, into the first program. */
export const LOG_FAULT_SHAPES: readonly LogShape[] = [
  {
    ...{ name: 'faults: an API and who asks it, 10/s', isHeldOut: false, hours: 0 },
    programs: [
      { ...api, name: 'api', rate: steady(10), statuses: { 404: 0.04, 500: 0.003 } },
      { ...api, name: 'front', rate: steady(5), statuses: { 404: 0.04, 500: 0.003 } },
    ],
  },
  {
    ...{ name: 'faults: a site, 8/s', isHeldOut: true, hours: 0 },
    programs: [{ ...site, rate: steady(8), statuses: { 404: 0.03, 302: 0.1, 500: 0.002 } }],
  },
  {
    ...{ name: 'faults: a small service, 1/s', isHeldOut: true, hours: 0 },
    programs: [{ ...api, name: 'small', rate: steady(1), bunch: 2, statuses: { 404: 0.05, 500: 0.005 } }],
  },
];
