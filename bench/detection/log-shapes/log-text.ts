import { Dice } from '../other-shapes/dice.js';
import { type LogFault, wrongAt } from './log-faults.js';
import type { LogProgram, LogShape } from './log-shapes.js';
import { clientOf, type Told } from './log-writers.js';

/** A line as it comes, after what was shipped before it. */
export interface ArrivingLine {
  readonly arrivesMs: number;
  readonly isWeb: boolean;
  readonly text: string;
}

const STEP_S = 10;
const PATHS = ['/', '/items', '/items/7', '/search', '/login', '/basket', '/help', '/about'];

interface RunningProgram {
  readonly program: LogProgram;
  readonly isFirst: boolean;
  nextS: number;
  nextCheckS: number;
}

/** The lines of a shape in the order in which they come. */
export function* linesOfLogs(
  { hours, programs }: LogShape,
  options: { readonly faults: readonly LogFault[]; readonly seed: number; readonly startMs: number },
): Generator<readonly ArrivingLine[]> {
  const { faults, seed, startMs } = options;
  const dice = new Dice(seed + 77);
  const all = programs.map((program, index): RunningProgram => {
    return { program, isFirst: index === 0, nextS: 0, nextCheckS: 0 };
  });
  let waiting: ArrivingLine[] = [];
  for (let from = 0; from < hours * 3600; from += STEP_S) {
    for (const running of all) {
      for (const told of toldIn(running, from, dice, faults)) waiting.push(arriving(running.program, told, startMs));
    }
    waiting.sort((one, other) => one.arrivesMs - other.arrivesMs);
    const until = startMs + (from + STEP_S) * 1000;
    const come = waiting.findIndex(({ arrivesMs }) => arrivesMs >= until);
    yield come < 0 ? waiting : waiting.slice(0, come);
    waiting = come < 0 ? [] : waiting.slice(come);
  }
  yield waiting;
}

/** Its time is in seconds since the begin. */
function arriving(
  { clocks, isWeb = false, name, ships, writes }: LogProgram,
  told: Told,
  startMs: number,
): ArrivingLine {
  const { instance, timeMs } = told;
  const shippedMs = (ships?.[instance] ?? 0) * 1000;
  const arrivesMs = startMs + (shippedMs === 0 ? timeMs : Math.ceil(timeMs / shippedMs) * shippedMs);
  const writtenMs = Math.floor(startMs + timeMs + (clocks?.[instance] ?? 0) * 1000);
  return { arrivesMs, isWeb, text: writes(name, { ...told, timeMs: writtenMs }) };
}

function* toldIn(running: RunningProgram, from: number, dice: Dice, faults: readonly LogFault[]): Generator<Told> {
  const { bunch = 1, healthChecks, rate } = running.program;
  const until = from + STEP_S;
  while (running.nextS < until) {
    const seconds = running.nextS;
    const { traffic = 1 } = wrongAt(faults, seconds, running.isFirst);
    const perSecond = (rate(seconds) * traffic) / bunch;
    // Times between are exponential where there is something to wait for.
    const wait = perSecond === 0 ? 1 : -Math.log(dice.uniform()) / perSecond;
    running.nextS = seconds + Math.min(wait, 5);
    if (wait > 5 || perSecond === 0) continue;
    const size = bunch === 1 ? 1 : 1 + dice.below(2 * bunch - 1);
    for (let n = 0; n < size; n++) yield event(running, running.nextS + n * 0.05 * dice.uniform(), dice, faults);
  }
  for (; healthChecks !== undefined && running.nextCheckS < until; running.nextCheckS += healthChecks) {
    const { traffic = 1 } = wrongAt(faults, running.nextCheckS, running.isFirst);
    if (traffic > 0) yield event(running, running.nextCheckS + 0.2 * dice.uniform(), dice, faults, '/healthz');
  }
  const { client } = wrongAt(faults, from, running.isFirst);
  if (client === undefined) return;
  for (let n = 0; n < client.perSecond * STEP_S; n++) {
    const request = { method: 'GET', path: `/x/${n}`, status: client.status, durationMs: 20, bytes: 300, id: `x${n}` };
    const timeMs = (from + STEP_S * dice.uniform()) * 1000;
    yield { timeMs, level: 'INFO', message: 'answered', instance: 0, request: { ...request, client: '203.0.113.50' } };
  }
}

function event(
  { isFirst, program }: RunningProgram,
  seconds: number,
  dice: Dice,
  faults: readonly LogFault[],
  check?: string,
): Told {
  const { clients = 1000, instances = 1, levels = {}, slower = () => 1, statuses = {}, times } = program;
  const instance = dice.below(instances);
  const path = check ?? (PATHS[Math.floor(PATHS.length * dice.uniform() ** 1.5)] as string);
  const wrong = wrongAt(faults, seconds, isFirst);
  const isSpared = (wrong.of === 'instance' && instance !== 0) || (wrong.of === 'path' && path !== PATHS[1]);
  const timeMs = seconds * 1000;
  const drawn = dice.uniform();
  const { DEBUG = 0, ERROR = 0, WARN = 0 } = levels;
  const level =
    drawn < ERROR ? 'ERROR' : drawn < ERROR + WARN ? 'WARN' : drawn < ERROR + WARN + DEBUG ? 'DEBUG' : 'INFO';
  if (times === undefined) return { timeMs, level, message: messageOf(level, dice), instance };
  const changed = isSpared ? {} : wrong;
  const status = drawnOf(changed.statuses, dice) ?? (check === undefined ? drawnOf(statuses, dice) : undefined) ?? 200;
  const [median, sigma] = times;
  const isSlow = changed.slower !== undefined && dice.has(changed.slowShare ?? 1);
  const factor = slower(seconds) * (isSlow ? (changed.slower ?? 1) : 1);
  const durationMs = check === undefined ? median * Math.exp(sigma * dice.normal()) * factor : 1 + dice.uniform();
  const bytes = Math.round(status >= 300 ? 200 + dice.below(80) : 4000 * dice.gamma(0.9));
  return {
    ...{ timeMs, level: status >= 500 ? 'ERROR' : level, instance },
    message: status >= 500 ? 'request failed' : 'request completed',
    request: {
      ...{ client: check === undefined ? clientOf(dice, clients) : '10.0.0.1', method: 'GET', path, status },
      ...{ durationMs, bytes, id: Math.floor(dice.uniform() * 1e12).toString(36) },
    },
  };
}

/** One of them by their shares; undefined for none. */
function drawnOf(shares: Readonly<Record<number, number>> | undefined, dice: Dice): number | undefined {
  let rest = dice.uniform();
  for (const [status, share] of Object.entries(shares ?? {})) {
    rest -= share;
    if (rest < 0) return Number(status);
  }
  return undefined;
}

function messageOf(level: string, dice: Dice): string {
  const n = dice.below(1000);
  if (level === 'ERROR') return `could not write entry ${n}: connection reset by peer`;
  return level === 'WARN' ? `entry ${n} has no owner` : `entry ${n} was written`;
}
