import { Random } from '../../../producer/random.js';
import type { ServiceLog } from '../../../schemas/records.js';
import { type Effect, effectOf, type ShapeFault } from './shape-faults.js';
import type { Shape, ShapeService } from './traffic-shapes.js';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const ABUSE_PER_SECOND = 40;
const SCAN_PER_SECOND = 12;

interface Arriving {
  readonly arrivalMs: number;
  readonly line: ServiceLog;
}

/** The lines of a shape, in the order in which they arrive, second by second. */
export function* linesOfShape(
  shape: Shape,
  { faults, hours, seed, startMs }: { faults: readonly ShapeFault[]; hours: number; seed: number; startMs: number },
): Generator<readonly ServiceLog[]> {
  const random = new Random(seed);
  const states = shape.services.map(() => ({ walk: 0, burst: 0, pause: 0, errorBurst: 0 }));
  let waiting: Arriving[] = [];
  const end = startMs + hours * 3_600_000;
  for (let second = startMs; second < end; second += SECOND_MS) {
    const made: Arriving[] = [];
    shape.services.forEach((service, index) => {
      const state = states[index] as (typeof states)[number];
      const active = faults.filter(
        (f) => f.service === service.name && f.startMs < second + SECOND_MS && f.endMs > second,
      );
      makeSecond(random, shape, service, state, active, second, startMs, made);
    });
    waiting.push(...made);
    waiting.sort((one, other) => one.arrivalMs - other.arrivalMs);
    const until = waiting.findIndex(({ arrivalMs }) => arrivalMs >= second + SECOND_MS);
    const arrived = until < 0 ? waiting : waiting.slice(0, until);
    waiting = until < 0 ? [] : waiting.slice(until);
    if (arrived.length > 0) yield arrived.map(({ line }) => line);
  }
}

function poisson(random: Random, mean: number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  let count = 0;
  for (let sum = random.exponential(1); sum < mean; sum += random.exponential(1)) count++;
  return count;
}

function makeSecond(
  random: Random,
  shape: Shape,
  service: ShapeService,
  state: { walk: number; burst: number; pause: number; errorBurst: number },
  faults: readonly ShapeFault[],
  second: number,
  startMs: number,
  made: Arriving[],
): void {
  const { instances = 5 } = service;
  const sinceStart = second - startMs;
  state.walk = 0.995 * state.walk + 0.1 * (shape.restlessness ?? 0) * random.normal();
  let rate = service.rate * Math.exp(state.walk);
  const ofDay = (second % DAY_MS) / DAY_MS;
  rate *= 1 - (shape.season ?? 0) * Math.cos(2 * Math.PI * (ofDay - 1 / 6));
  rate *= 1 + ((shape.growth ?? 0) * sinceStart) / 3_600_000;
  if (shape.bursts !== undefined) {
    if (state.burst > 0) state.burst--;
    else if (random.uniform() < shape.bursts.perHour / 3600) state.burst = shape.bursts.seconds;
    if (state.burst > 0) rate *= shape.bursts.factor;
  }
  if (shape.pauses !== undefined) {
    if (state.pause > 0) state.pause--;
    else if (random.uniform() < shape.pauses.perHour / 3600) state.pause = shape.pauses.seconds;
    if (state.pause > 0) rate = 0;
  }
  let isCron = false;
  if (shape.cron !== undefined && second % shape.cron.everyMs < shape.cron.lastsMs) {
    rate = rate * shape.cron.factor + (shape.cron.lines ?? 0);
    isCron = true;
  }
  if (shape.errorBursts !== undefined) {
    if (state.errorBurst > 0) state.errorBurst--;
    else if (random.uniform() < shape.errorBursts.perHour / 3600) state.errorBurst = shape.errorBursts.seconds;
  }
  const fault = faults[0];
  const effect = fault === undefined ? undefined : effectOf(fault, second, 1, 1, instances);
  rate *= effect?.rate ?? 1;
  const deployed =
    shape.deploys === undefined ? 1 : 1 + shape.deploys.slower * Math.floor(sinceStart / shape.deploys.everyMs);
  const count = poisson(random, rate);
  for (let n = 0; n < count; n++) {
    const time = second + Math.floor(random.uniform() * SECOND_MS);
    made.push(makeLine(random, shape, service, state.errorBurst > 0, fault, time, isCron, deployed));
  }
  if (fault?.kind === 'abusive-address' || fault?.kind === 'scan') {
    const isScan = fault.kind === 'scan';
    const added = poisson(random, isScan ? SCAN_PER_SECOND : ABUSE_PER_SECOND);
    for (let n = 0; n < added; n++) {
      const time = second + Math.floor(random.uniform() * SECOND_MS);
      const { line, arrivalMs } = makeLine(random, shape, service, false, undefined, time, false, 1);
      const ip = `185.220.101.${1 + (Math.floor(fault.startMs / 1000) % 254)}`;
      made.push({ arrivalMs, line: { ...line, ip, ...(isScan && { status: 404, endpoint: '/.env', level: 'INFO' }) } });
    }
  }
}

function makeLine(
  random: Random,
  shape: Shape,
  service: ShapeService,
  isErrorBurst: boolean,
  fault: ShapeFault | undefined,
  time: number,
  isCron: boolean,
  deployed: number,
): Arriving {
  const { clientErrors = 0.01, clients = 500, errors, instances = 5, medianMs = 80, sigma = 0.6 } = service;
  const instance = random.below(instances);
  const endpoint = Math.min(random.below(8), random.below(8));
  const isActive = fault !== undefined && time >= fault.startMs && time < fault.endMs;
  // Endpoint 0 is the most common one: of a service's endpoints the fourth fails.
  const effect: Effect | undefined = isActive
    ? effectOf(fault, time, instance, (endpoint + 5) % 8, instances)
    : undefined;
  const errorShare = isErrorBurst ? Math.min(0.9, errors * (shape.errorBursts?.factor ?? 1)) : errors;
  const failsOfItself = random.uniform() < errorShare;
  const failsOfFault = effect !== undefined && random.uniform() < effect.errors;
  const isClientError = random.uniform() < clientErrors + (effect?.clientErrors ?? 0);
  const factors = [0.6, 1, 1, 1.5, 2, 0.8, 3, 1];
  let response = random.logNormal(medianMs * (factors[endpoint] ?? 1), sigma) * deployed;
  if (shape.heavyTail !== undefined && random.uniform() < shape.heavyTail.share) {
    response *= 1 / Math.max(0.01, random.uniform() ** shape.heavyTail.power);
  }
  if (isCron) response *= shape.cron?.slower ?? 1;
  response *= effect?.slower ?? 1;
  if (effect !== undefined && random.uniform() < effect.slowShare) response *= effect.slowFactor;
  const failed = failsOfItself || failsOfFault;
  const isEmpty = effect !== undefined && random.uniform() < effect.emptyBodies;
  const atInfo = failsOfFault && effect?.atInfo === true;
  const source = `${service.name}-${instance}`;
  const skew = shape.skew !== undefined && instance === 0 ? shape.skew.ms : 0;
  const rogue = shape.rogue !== undefined && random.uniform() < shape.rogue.share ? shape.rogue.ms : 0;
  const phase = (instance * 7919) % (shape.shippingMs ?? 1);
  const arrivalMs =
    shape.shippingMs === undefined ? time : Math.ceil((time - phase) / shape.shippingMs) * shape.shippingMs + phase;
  const client = Math.min(random.below(clients), random.below(clients));
  const line: ServiceLog = {
    timestamp: time + skew + rogue,
    service: service.name,
    level: failed && !atInfo ? 'ERROR' : 'INFO',
    message: failed ? 'upstream timed out' : 'request completed',
    response_time: Math.round(response * 10) / 10,
    endpoint: `/api/${endpoint}`,
    method: 'GET',
    status: failed ? 500 : isClientError ? 404 : 200,
    user_id: null,
    session_id: null,
    request_id: null,
    ip: `10.0.${client >> 8}.${client & 255}`,
    bytes: isEmpty ? 0 : Math.round(random.logNormal(4000, 1)),
    source,
    is_anomaly: effect !== undefined,
  };
  return { arrivalMs, line };
}
