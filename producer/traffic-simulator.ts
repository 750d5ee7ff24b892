import { UNKNOWN_COUNTRY } from '../schemas/canonical/country.js';
import type { AccessLog } from '../schemas/records.js';
import { dailyRhythm } from './daily-rhythm.js';
import { type Incident, scheduleIncident } from './incidents.js';
import { Random, WeightedChoice, zipfWeights } from './random.js';
import { RateLimit } from './rate-limit.js';

export interface TrafficOptions {
  readonly seed: number;
  /** Where event time starts, in milliseconds since the epoch. */
  readonly startMs: number;
  /** Per second of event time, on average over a day. Default 100. */
  readonly eventsPerSecond?: number;
  /** Default 5,000. */
  readonly clients?: number;
  /** Default 20. */
  readonly hosts?: number;
  /** At most 40. Default 12. */
  readonly countries?: number;
  /** A tenth of the records come up to this late. Default 0. */
  readonly disorderMs?: number;
  /** Put labelled faults into the traffic. Default true. */
  readonly incidents?: boolean;
  /**
   * Keep clients and hosts without an incident below the thresholds of goals 1 and 2, which are more than 10 requests in
   * 20 s and more than 15 client errors in 30 s: no client over 8 requests in 25 s, no host over 12 client errors in 35 s,
   * with longer spans where records are more than 5 s out of order. A client that has had its share gives way to another,
   * an error of a host that has had its share becomes a success; when every client has had its share, the rate gives way.
   * So clients and hosts must be enough: 5 clients and a tenth of a host for each event a second. Default true.
   */
  readonly belowThresholds?: boolean;
}

export interface SimulatedEvent {
  readonly event: AccessLog;
  /** The incident that made or changed the event. */
  readonly incident: Incident | undefined;
}

const COUNTRIES =
  'US DE FR GB IN BR JP CA NL PL ES IT SE TR MX KR AU ID VN UA RO CZ AR ZA BE CH AT DK FI NO PT GR HU IE IL NZ SG TH CL CO'.split(
    ' ',
  );
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD'];
const METHOD_WEIGHTS = [80, 14, 3, 1, 2];
const STATUSES = [200, 201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 429, 500, 502, 503];
const STATUS_WEIGHTS = [800, 20, 15, 10, 15, 20, 70, 4, 4, 3, 22, 1, 4, 2, 2];
const DAILY_DEPTH = 0.4;
/** Between the requests that an incident adds; whatever the rate of the others, they are over its goal's threshold. */
const INCIDENT_INTERVAL_MS = 200;
/** How many clients are tried before an event is left out. With one client in ten free it happens to one in a billion. */
const CLIENT_TRIES = 200;
const ZIPF_TRIES = 3;

interface Client {
  readonly address: string;
  readonly country: string;
}

interface Host {
  readonly name: string;
  readonly medianSeconds: number;
}

/**
 * NGINX traffic that is the same for the same seed: clients come back by Zipf's law, each from one country; hosts differ
 * in their traffic and in their log-normal request times; the rate follows the day.
 */
export class TrafficSimulator {
  /** Every incident that has begun. */
  readonly incidents: Incident[] = [];
  readonly #random: Random;
  readonly #options: Required<TrafficOptions>;
  readonly #clients: readonly Client[];
  readonly #clientChoice: WeightedChoice;
  readonly #hosts: readonly Host[];
  readonly #hostChoice: WeightedChoice;
  readonly #methodChoice = new WeightedChoice(METHOD_WEIGHTS);
  readonly #statusChoice = new WeightedChoice(STATUS_WEIGHTS);
  readonly #clientLimit: RateLimit;
  readonly #errorLimit: RateLimit;
  #arrivalMs: number;
  #scheduled: Incident;
  #nextIncident = 0;
  /** When the incident adds its next event; never, for those that only change others. */
  #addedMs = Number.POSITIVE_INFINITY;

  constructor(options: TrafficOptions) {
    this.#options = {
      eventsPerSecond: 100,
      clients: 5000,
      hosts: 20,
      countries: 12,
      disorderMs: 0,
      incidents: true,
      belowThresholds: true,
      ...options,
    };
    const random = new Random(options.seed);
    this.#random = random;
    const { clients, hosts, countries, disorderMs, startMs } = this.#options;
    this.#clientLimit = new RateLimit(8, Math.max(25_000, 20_000 + disorderMs));
    this.#errorLimit = new RateLimit(12, Math.max(35_000, 30_000 + disorderMs));
    const countryChoice = new WeightedChoice(zipfWeights(Math.min(countries, COUNTRIES.length), 0.9));
    this.#clients = Array.from({ length: clients }, (_, index) => ({
      address: clientAddress(index),
      country: COUNTRIES[countryChoice.draw(random)] as string,
    }));
    this.#clientChoice = new WeightedChoice(zipfWeights(clients, 0.8));
    this.#hosts = Array.from({ length: hosts }, (_, index) => ({
      name: `api-${index}.example.com`,
      medianSeconds: 0.02 + 0.13 * random.uniform(),
    }));
    this.#hostChoice = new WeightedChoice(zipfWeights(hosts, 0.3));
    this.#arrivalMs = startMs;
    this.#scheduled = this.#schedule();
  }

  /** When the next event arrives, on the traffic's own clock; its timestamp is this or, in disorder, earlier. */
  get arrivalMs(): number {
    return Math.min(this.#arrivalMs, this.#addedMs);
  }

  /** The next `count` events, or events without end. */
  *events(count = Number.POSITIVE_INFINITY): Generator<SimulatedEvent> {
    for (let made = 0; made < count; made++) yield this.next();
  }

  next(): SimulatedEvent {
    for (;;) {
      const simulated = this.#addedMs <= this.#arrivalMs ? this.#addedEvent() : this.#ordinaryEvent();
      if (simulated !== undefined) return simulated;
    }
  }

  #ordinaryEvent(): SimulatedEvent | undefined {
    const random = this.#random;
    const time = this.#arrivalMs;
    const incident = this.#incidentAt(time);
    // An incident that begins just now comes first.
    if (this.#addedMs <= time) return undefined;
    this.#arrivalMs += random.exponential(1000 / this.#rateNow());
    const client = this.#client(time);
    if (client === undefined) return undefined;
    const host = this.#hosts[this.#hostChoice.draw(random)] as Host;
    let status = STATUSES[this.#statusChoice.draw(random)] as number;
    let requestTime = random.logNormal(host.medianSeconds, 0.6);
    const touched = incident?.entity === host.name && (incident.kind === 'slow-host' || incident.kind === 'outage');
    if (touched && incident.kind === 'slow-host') requestTime *= 15;
    if (touched && incident.kind === 'outage') {
      status = random.uniform() < 0.5 ? 502 : 503;
      requestTime = 0.001;
    }
    const isClientError = status >= 400 && status <= 499;
    if (isClientError && this.#options.belowThresholds && !this.#errorLimit.allows(host.name, time)) status = 200;
    const event = this.#event(time, client, host.name, status, requestTime);
    return { event, incident: touched ? incident : undefined };
  }

  /** An event that the incident adds to the ordinary ones. */
  #addedEvent(): SimulatedEvent | undefined {
    const random = this.#random;
    const incident = this.#scheduled;
    const time = this.#addedMs;
    this.#incidentAt(time);
    const next = time + INCIDENT_INTERVAL_MS;
    this.#addedMs = next < incident.endMs ? next : Number.POSITIVE_INFINITY;
    if (incident.kind === 'abusive-client') {
      const host = this.#hosts[this.#hostChoice.draw(random)] as Host;
      const client = { address: incident.entity, country: UNKNOWN_COUNTRY };
      const requestTime = random.logNormal(host.medianSeconds, 0.6);
      return { event: this.#event(time, client, host.name, 200, requestTime), incident };
    }
    const client = this.#client(time);
    if (client === undefined) return undefined;
    return { event: this.#event(time, client, incident.entity, random.uniform() < 0.7 ? 404 : 403, 0.002), incident };
  }

  /** One that may still make a request; undefined when there seems to be none. */
  #client(time: number): Client | undefined {
    for (let tries = 0; tries < CLIENT_TRIES; tries++) {
      const index =
        tries < ZIPF_TRIES ? this.#clientChoice.draw(this.#random) : this.#random.below(this.#clients.length);
      const client = this.#clients[index] as Client;
      if (!this.#options.belowThresholds || this.#clientLimit.allows(client.address, time)) return client;
    }
    return undefined;
  }

  #event(time: number, client: Client, host: string, status: number, requestTime: number): AccessLog {
    const random = this.#random;
    const { disorderMs } = this.#options;
    const late = disorderMs > 0 && random.uniform() < 0.1 ? random.uniform() * disorderMs : 0;
    return {
      server: `web-${random.below(4)}`,
      client_ip: client.address,
      method: METHODS[this.#methodChoice.draw(random)] as string,
      status,
      request_time: Math.round(requestTime * 1000) / 1000,
      host,
      country: client.country,
      timestamp: Math.max(0, Math.floor(time - late)),
      // What takes longer is larger, more or less.
      bytes: 200 + (Math.round(requestTime * 100_000) % 50_000),
    };
  }

  /** The incident at that time, which goes onto the list when it begins. */
  #incidentAt(time: number): Incident | undefined {
    if (!this.#options.incidents) return undefined;
    while (time >= this.#scheduled.endMs) this.#scheduled = this.#schedule();
    if (time < this.#scheduled.startMs) return undefined;
    if (this.incidents.at(-1) !== this.#scheduled) this.incidents.push(this.#scheduled);
    return this.#scheduled;
  }

  #schedule(): Incident {
    // Addresses of abusive clients are from a range kept for documentation: they are nobody's.
    const incident = scheduleIncident(this.#nextIncident++, this.#options.startMs, (kind, n) =>
      kind === 'abusive-client'
        ? `203.0.113.${1 + (n % 254)}`
        : (this.#hosts[this.#random.below(this.#hosts.length)]?.name ?? ''),
    );
    const adds = incident.kind === 'abusive-client' || incident.kind === 'client-error-burst';
    this.#addedMs = adds && this.#options.incidents ? incident.startMs : Number.POSITIVE_INFINITY;
    return incident;
  }

  #rateNow(): number {
    return this.#options.eventsPerSecond * dailyRhythm(this.#arrivalMs, DAILY_DEPTH);
  }
}

/** Distinct addresses in public ranges. */
function clientAddress(index: number): string {
  const first = 23 + (index % 67);
  const rest = Math.floor(index / 67);
  return `${first}.${(rest >> 12) & 0xff}.${(rest >> 4) & 0xff}.${((rest & 0xf) << 4) + 1 + (index % 13)}`;
}
