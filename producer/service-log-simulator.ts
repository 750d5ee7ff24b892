import type { ServiceLog } from '../schemas/records.js';
import { dailyRhythm } from './daily-rhythm.js';
import { FaultSchedule } from './fault-schedule.js';
import { Random, WeightedChoice } from './random.js';
import { demonstrationFaults, type ServiceFault } from './service-faults.js';

export interface ServiceLogOptions {
  readonly seed: number;
  /** Where event time starts, in milliseconds since the epoch. */
  readonly startMs: number;
  /** Of all services together. Default 100. */
  readonly linesPerSecond?: number;
  /** In order of time; default: one every two minutes, of each kind in turn. */
  readonly faults?: Iterable<ServiceFault>;
  /** The share of lines that are slow by themselves, and labelled so. Default 0.05. */
  readonly outliers?: number;
  /** How much the rate follows the day: 0 for not at all, 1 for none at night. Default 0.4. */
  readonly season?: number;
}

export interface SimulatedLine {
  readonly line: ServiceLog;
  /** The fault that made or changed the line. */
  readonly fault: ServiceFault | undefined;
}

type Service = (typeof SERVICES)[number];

export const SERVICES = ['web-api', 'auth-service', 'payment-service', 'database', 'cache-service'] as const;
const SERVICE_WEIGHTS = [35, 20, 15, 20, 10];
const ALL_WEIGHTS = SERVICE_WEIGHTS.reduce((sum, weight) => sum + weight, 0);
const ENDPOINTS = ['/api/v1/users', '/api/v1/products', '/api/v1/orders', '/api/v1/payments'];
const ENDPOINT_WEIGHTS = [30, 35, 20, 15];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const METHOD_WEIGHTS = [70, 20, 7, 3];
const INSTANCES = 50;
const USERS = 9000;
/** Lines of the service in a `surge`, for each of its ordinary ones. */
const SURGE_FACTOR = 8;
/** Lines a second of one client, beside the service's ordinary ones. */
const ABUSE_PER_SECOND = 25;
const SCAN_PER_SECOND = 6;
const SCANNED = ['/.env', '/.git/config', '/admin.php', '/backup.zip', '/phpmyadmin', '/wp-login.php'];
const SLOW_FACTOR = 5;
const DEPLOY_FACTOR = 1.6;
const WORST_ERROR_SHARE = 0.5;
const BAD_INSTANCE_ERROR_SHARE = 0.8;
/** The share of lines of level ERROR whose request failed; the others succeeded at a second try. */
const FAILED_SHARE = 0.15;

interface Level {
  readonly name: ServiceLog['level'];
  readonly weight: number;
  readonly leastMs: number;
  readonly mostMs: number;
  readonly messages: readonly string[];
}

const LEVELS: readonly Level[] = [
  {
    name: 'INFO',
    weight: 70,
    leastMs: 10,
    mostMs: 200,
    messages: ['request completed', 'user session refreshed', 'cache hit', 'connection established'],
  },
  {
    name: 'WARN',
    weight: 15,
    leastMs: 200,
    mostMs: 500,
    messages: ['slow query', 'retrying a failed connection', 'connection pool is nearly empty'],
  },
  {
    name: 'ERROR',
    weight: 10,
    leastMs: 500,
    mostMs: 2000,
    messages: ['upstream timed out', 'could not acquire a lock', 'connection refused by upstream'],
  },
  { name: 'DEBUG', weight: 4, leastMs: 5, mostMs: 50, messages: ['entering the handler', 'payload validated'] },
  {
    name: 'CRITICAL',
    weight: 1,
    leastMs: 1000,
    mostMs: 5000,
    messages: ['out of memory, shedding load', 'the primary is unreachable'],
  },
];
const ERROR = LEVELS[2] as Level;

/** Logs of five services that are the same for the same seed, with labelled faults. */
export class ServiceLogSimulator {
  readonly #random: Random;
  readonly #options: Required<ServiceLogOptions>;
  readonly #schedule: FaultSchedule<ServiceFault>;
  readonly #serviceChoice = new WeightedChoice(SERVICE_WEIGHTS);
  readonly #levelChoice = new WeightedChoice(LEVELS.map(({ weight }) => weight));
  readonly #endpointChoice = new WeightedChoice(ENDPOINT_WEIGHTS);
  readonly #methodChoice = new WeightedChoice(METHOD_WEIGHTS);
  #arrivalMs: number;
  #requests = 0;

  constructor(options: ServiceLogOptions) {
    const { startMs } = options;
    this.#options = {
      linesPerSecond: 100,
      faults: demonstrationFaults(startMs, SERVICES),
      outliers: 0.05,
      season: 0.4,
      ...options,
    };
    this.#random = new Random(options.seed);
    this.#schedule = new FaultSchedule(this.#options.faults, ({ kind }) => kind === 'deploy');
    this.#arrivalMs = startMs;
  }

  /** Every fault that has begun. */
  get faults(): readonly ServiceFault[] {
    return this.#schedule.begun;
  }

  /** When the next line is logged. */
  get arrivalMs(): number {
    return this.#arrivalMs;
  }

  next(): SimulatedLine {
    for (;;) {
      const time = this.#arrivalMs;
      const faults = this.#schedule.at(time);
      const ordinary = this.#options.linesPerSecond * dailyRhythm(time, this.#options.season);
      const added = faults.map((fault) => addedLines(fault, ordinary));
      const rate = added.reduce((sum, lines) => sum + lines, ordinary);
      this.#arrivalMs += this.#random.exponential(1000 / rate);
      const line = this.#line(time, faults, this.#addedBy(faults, added, rate));
      if (line !== undefined) return line;
    }
  }

  /** The fault that the next line is added by, if it is none of the ordinary ones. */
  #addedBy(faults: readonly ServiceFault[], added: readonly number[], rate: number): ServiceFault | undefined {
    if (faults.length === 0) return undefined;
    let drawn = this.#random.uniform() * rate;
    return faults.find((_fault, index) => {
      drawn -= added[index] ?? 0;
      return drawn < 0;
    });
  }

  /** Undefined where the service is silent. */
  #line(time: number, all: readonly ServiceFault[], adding: ServiceFault | undefined): SimulatedLine | undefined {
    const random = this.#random;
    const drawn = SERVICES[this.#serviceChoice.draw(random)] as string;
    const service = adding?.service ?? drawn;
    const faults = all.filter((fault) => fault.service === service);
    if (faults.some(({ kind }) => kind === 'silence')) return undefined;
    const instance = random.below(INSTANCES);
    let level = LEVELS[this.#levelChoice.draw(random)] as Level;
    let factor = 1;
    let isBroken = false;
    let cause = adding;
    for (const fault of faults) {
      if (fault.kind === 'bad-instance' && instance !== badInstance(fault)) continue;
      const isSlower = slowdown(fault, time);
      factor *= isSlower;
      const isError = random.uniform() < errorShare(fault, time);
      if (isError) level = ERROR;
      isBroken ||= isError;
      if ((isSlower > 1 || isError) && fault.kind !== 'deploy') cause = fault;
    }
    let responseTime = level.leastMs + random.uniform() * (level.mostMs - level.leastMs);
    const isOutlier = random.uniform() < this.#options.outliers;
    if (isOutlier) responseTime *= service === 'database' ? 2 : 3;
    const failed =
      level.name === 'CRITICAL' || (level.name === 'ERROR' && (isBroken || random.uniform() < FAILED_SHARE));
    const user = 1000 + random.below(USERS);
    const line: ServiceLog = {
      timestamp: Math.floor(time),
      service,
      level: level.name,
      message: level.messages[random.below(level.messages.length)] as string,
      response_time: Math.round(responseTime * factor * 10) / 10,
      endpoint: ENDPOINTS[this.#endpointChoice.draw(random)] as string,
      method: METHODS[this.#methodChoice.draw(random)] as string,
      status: failed ? (random.uniform() < 0.7 ? 500 : 503) : 200,
      user_id: `user_${user}`,
      session_id: `session_${user}_${random.below(2)}`,
      request_id: `req_${(this.#requests++).toString(36).padStart(8, '0')}`,
      ip: `10.${user & 3}.${(user >> 2) & 0xff}.${1 + (user % 254)}`,
      bytes: 200 + random.below(20_000),
      source: `${service}-${instance}`,
      is_anomaly: isOutlier || cause !== undefined,
    };
    if (adding !== undefined && adding.kind !== 'surge') {
      Object.assign(line, { ip: addressOf(adding), user_id: null, session_id: null });
      if (adding.kind === 'scan') {
        Object.assign(line, { status: 404, method: 'GET', endpoint: SCANNED[random.below(SCANNED.length)] });
      }
    }
    return { line, fault: cause };
  }
}

/** Lines a second that a fault adds to the ordinary ones of all services. */
function addedLines({ kind, service }: ServiceFault, ordinary: number): number {
  switch (kind) {
    case 'surge':
      return (
        ((SURGE_FACTOR - 1) * ordinary * (SERVICE_WEIGHTS[SERVICES.indexOf(service as Service)] ?? 0)) / ALL_WEIGHTS
      );
    case 'abusive-address':
      return ABUSE_PER_SECOND;
    case 'scan':
      return SCAN_PER_SECOND;
    default:
      return 0;
  }
}

/** Which of the service's instances is bad. */
function badInstance({ startMs }: ServiceFault): number {
  return Math.floor(startMs / 977) % INSTANCES;
}

/** The client that a fault is about: outside of the addresses of ordinary ones. */
function addressOf({ startMs }: ServiceFault): string {
  return `185.220.101.${1 + (Math.floor(startMs / 1000) % 254)}`;
}

/** How far a fault has come, 0 to 1. */
function progress({ endMs, startMs }: ServiceFault, time: number): number {
  return (time - startMs) / (endMs - startMs);
}

/** By what factor responses are slower because of the fault. */
function slowdown(fault: ServiceFault, time: number): number {
  switch (fault.kind) {
    case 'latency-step':
    case 'bad-instance':
      return SLOW_FACTOR;
    case 'latency-ramp':
      return 1 + (SLOW_FACTOR - 1) * progress(fault, time);
    case 'error-creep':
      return 1 + progress(fault, time);
    case 'deploy':
      return DEPLOY_FACTOR;
    default:
      return 1;
  }
}

/** The share of lines that are errors because of the fault. */
function errorShare(fault: ServiceFault, time: number): number {
  switch (fault.kind) {
    case 'error-burst':
      return WORST_ERROR_SHARE;
    case 'error-creep':
      return WORST_ERROR_SHARE * progress(fault, time);
    case 'bad-instance':
      return BAD_INSTANCE_ERROR_SHARE;
    default:
      return 0;
  }
}
