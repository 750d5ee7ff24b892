import type { ServiceLog } from '../../../schemas/records.js';
import { Dice } from './dice.js';
import { type Change, changeAt, type OtherFault } from './other-faults.js';
import type { Latency, OtherService, OtherShape } from './service-shapes.js';

const STEP_MS = 5000;
const HOUR_MS = 3_600_000;
const SECOND_MS = 1000;
const NORMAL_CLIENTS = 400;
/** A failure of a call is a failure of who calls, in so many of ten cases. */
const PASSED_ON = 0.8;

/** What goes on in a service, from one line to the next. */
interface Running {
  readonly service: OtherService;
  nextMs: number;
  /** Its own part of the load, a logarithm. */
  load: number;
  /** Failures come and go (Gilbert, 1960): whether they come now, and until when. */
  isBad: boolean;
  untilMs: number;
  /** For how long who comes now has to wait, in milliseconds. */
  queueMs: number;
  lastMs: number;
}

/** The lines of a shape in the order in which they come, some seconds at a time. */
export function* linesOfOther(
  shape: OtherShape,
  options: {
    readonly faults: readonly OtherFault[];
    readonly hours: number;
    readonly seed: number;
    readonly startMs: number;
  },
): Generator<readonly ServiceLog[]> {
  const { faults, hours, seed, startMs } = options;
  const dice = new Dice(seed);
  const all = shape.services.map((service): Running => {
    return { service, nextMs: startMs, load: 0, isBad: false, untilMs: startMs, queueMs: 0, lastMs: startMs };
  });
  const traffic = new Traffic(dice, shape, all, faults, startMs);
  for (let from = startMs; from < startMs + hours * HOUR_MS; from += STEP_MS) yield traffic.step(from);
}

class Traffic {
  #shared = 0;
  #lines: ServiceLog[] = [];

  constructor(
    readonly dice: Dice,
    readonly shape: OtherShape,
    readonly all: readonly Running[],
    readonly faults: readonly OtherFault[],
    readonly startMs: number,
  ) {}

  step(from: number): readonly ServiceLog[] {
    this.#lines = [];
    const { deviation, memoryMinutes, together } = this.shape.load;
    // Load wanders and comes back (Ornstein and Uhlenbeck, 1930), a part of it for all services together.
    const kept = Math.exp(-STEP_MS / (memoryMinutes * 60_000));
    const moved = () => deviation * Math.sqrt(1 - kept ** 2) * this.dice.normal();
    this.#shared = kept * this.#shared + moved();
    for (const running of this.all) {
      running.load = kept * running.load + moved();
      const load = Math.exp(Math.sqrt(together) * this.#shared + Math.sqrt(1 - together) * running.load);
      this.#serve(running, from, load);
    }
    return this.#lines.sort((one, other) => one.timestamp - other.timestamp);
  }

  #serve(running: Running, from: number, load: number): void {
    const { batch, gaps, name, perSecond } = running.service;
    const end = from + STEP_MS;
    running.nextMs = Math.max(running.nextMs, from);
    while (running.nextMs < end) {
      const time = running.nextMs;
      const [change] = changeAt(this.faults, name, time) ?? [];
      const isBatch = batch !== undefined && time % (batch.everyMinutes * 60_000) < batch.seconds * SECOND_MS;
      const rate = perSecond * load * (isBatch ? batch.factor : 1) * (change?.traffic ?? 1);
      if (rate === 0) {
        running.nextMs = time + SECOND_MS;
        continue;
      }
      running.nextMs = time + (SECOND_MS * this.dice.gamma(gaps)) / rate;
      if (running.nextMs < end) this.#request(running, running.nextMs, undefined);
    }
    this.#client(running, from);
  }

  /** @returns whether it has failed */
  #request(running: Running, time: number, id: string | undefined): boolean {
    const { dice } = this;
    const { service } = running;
    const { bytes = 3000, calls = [], instances, latency, name, routes = 6 } = service;
    const request = id ?? `${name}-${Math.floor(dice.uniform() * 1e12).toString(36)}`;
    const instance = dice.below(instances);
    const route = Math.floor(routes * dice.uniform() ** 1.5);
    const [change, size] = this.#changeOf(name, time, instance, route);
    let times = this.#latency(running, latency, time) * this.#deployed(time);
    const failed = calls
      .filter(() => dice.has(0.7))
      .map((callee) => this.all.find((one) => one.service.name === callee))
      .some((callee) => callee !== undefined && this.#request(callee, time, request) && dice.has(PASSED_ON));
    const fails = this.#fails(running, time) || failed || dice.has((change.fails ?? 0) * size);
    if (change.slower !== undefined && dice.has(change.slowShare ?? 1)) times *= 1 + (change.slower - 1) * size;
    if (change.timeouts !== undefined && dice.has(change.timeouts.share)) times = change.timeouts.ms;
    if (change.stallsMs !== undefined && time % 10_000 < 2000) times += change.stallsMs;
    const isRefused = dice.has(service.refused ?? 0.02) || dice.has(change.refused ?? 0);
    const status = fails && change.looks !== 'only-level' ? 502 : isRefused ? 403 : 200;
    this.#write(service, time, {
      ...{ instance, route, request, status: service.hasStatus === false ? null : status, times },
      level: fails && (change.looks !== 'only-status' || service.hasStatus === false) ? 'ERROR' : 'INFO',
      bytes: Math.round(bytes * dice.gamma(0.8) * (change.bytes ?? 1)),
      client: Math.floor(NORMAL_CLIENTS * dice.uniform() ** 2),
    });
    return fails;
  }

  #changeOf(name: string, time: number, instance: number, route: number): [Change, number] {
    const found = changeAt(this.faults, name, time);
    if (found === undefined) return [{}, 1];
    const isSpared = (found[0].of === 'instance' && instance !== 1) || (found[0].of === 'route' && route !== 1);
    return isSpared ? [{}, 1] : found;
  }

  #fails(running: Running, time: number): boolean {
    const { failures } = running.service;
    if (time >= running.untilMs) {
      running.isBad = !running.isBad && failures.badSeconds > 0;
      const mean = running.isBad ? failures.badSeconds : failures.goodSeconds;
      running.untilMs = time + SECOND_MS * mean * this.dice.gamma(1.5);
    }
    return this.dice.has(running.isBad ? failures.bad : failures.good);
  }

  #latency(running: Running, latency: Latency, time: number): number {
    const { dice } = this;
    switch (latency.kind) {
      case 'gamma':
        return latency.meanMs * dice.gamma(latency.shape);
      case 'pareto':
        return Math.min(60_000, dice.pareto(latency.leastMs, latency.exponent));
      case 'two-modes':
        return (dice.has(latency.misses) ? latency.missMs : latency.hitMs) * dice.gamma(5);
      case 'log-normal':
        return latency.medianMs * Math.exp(latency.sigma * dice.normal());
      case 'queue': {
        // Who comes waits for those before (Lindley, 1952): times rise with the load, and depend on each other.
        running.queueMs = Math.max(0, running.queueMs - (time - running.lastMs));
        running.lastMs = time;
        const own = latency.serviceMs * dice.gamma(2);
        running.queueMs += own;
        return running.queueMs;
      }
    }
  }

  /** Each deploy makes it faster or slower. */
  #deployed(time: number): number {
    const { deploys } = this.shape;
    if (deploys === undefined) return 1;
    return deploys.factors[Math.floor((time - this.startMs) / (deploys.everyMinutes * 60_000))] ?? 1;
  }

  #client({ service }: Running, from: number): void {
    const [{ client } = {}] = changeAt(this.faults, service.name, from) ?? [];
    if (client === undefined) return;
    const { perSecond, status } = client;
    for (let n = 0; n < perSecond * (STEP_MS / SECOND_MS); n++) {
      const time = from + STEP_MS * this.dice.uniform();
      const request = `flood-${n}-${from}`;
      const line = { instance: 0, route: n % 3, request, status, times: 20, level: 'INFO', bytes: 500 } as const;
      this.#write(service, time, { ...line, client: -1 });
    }
  }

  #write(service: OtherService, time: number, made: Made): void {
    const { clockStep } = this.shape;
    const isSkewed =
      clockStep !== undefined && made.instance === 0 && time - this.startMs > clockStep.afterMinutes * 60_000;
    const { bytes, client, instance, level, request, route, status, times } = made;
    this.#lines.push({
      timestamp: Math.floor(time + (isSkewed ? clockStep.ms : 0)),
      ...{ service: service.name, level, message: level === 'ERROR' ? 'upstream closed the connection' : 'handled' },
      ...{
        response_time: Math.round(times * 100) / 100,
        endpoint: `/v2/r${route}`,
        method: route === 0 ? 'POST' : 'GET',
      },
      ...{
        status,
        user_id: null,
        session_id: null,
        request_id: request,
        bytes,
        source: `${service.name}-pod-${instance}`,
      },
      ip: client < 0 ? '198.51.100.77' : `172.16.${client % 8}.${client >> 3}`,
      is_anomaly: false,
    });
  }
}

interface Made {
  readonly instance: number;
  readonly route: number;
  readonly request: string;
  readonly status: number | null;
  readonly times: number;
  readonly level: 'ERROR' | 'INFO';
  readonly bytes: number;
  readonly client: number;
}
