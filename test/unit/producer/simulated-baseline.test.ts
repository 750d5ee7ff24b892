import { isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type SimulatedEvent, TrafficSimulator } from '../../../producer/traffic-simulator.js';
import type { AccessLog } from '../../../schemas/records.js';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1, 16);

function simulate(count: number, options: Partial<ConstructorParameters<typeof TrafficSimulator>[0]> = {}) {
  const simulator = new TrafficSimulator({ seed: 1, startMs: START, ...options });
  const simulated = [...simulator.events(count)];
  return { simulator, simulated, events: simulated.map(({ event }) => event) };
}

/** The most events that any key has within any span, by looking at every span that starts with an event. */
function mostWithin(events: readonly AccessLog[], spanMs: number, keyOf: (event: AccessLog) => string): number {
  const times = new Map<string, number[]>();
  for (const event of events) {
    const key = keyOf(event);
    const known = times.get(key);
    if (known === undefined) times.set(key, [event.timestamp]);
    else known.push(event.timestamp);
  }
  let most = 0;
  for (const unsorted of times.values()) {
    const sorted = unsorted.sort((a, b) => a - b);
    for (const [index, from] of sorted.entries()) {
      let end = index;
      while ((sorted[end] ?? Number.POSITIVE_INFINITY) < from + spanMs) end++;
      most = Math.max(most, end - index);
    }
  }
  return most;
}

const clientErrors = (events: readonly AccessLog[]) => events.filter(({ status }) => status >= 400 && status <= 499);

describe('the baseline of simulated traffic', () => {
  it.each([
    { name: 'at its defaults', options: {} },
    { name: 'with the fewest clients and hosts for the rate', options: { clients: 500, hosts: 10 } },
    { name: 'far out of order', options: { disorderMs: 20_000 } },
    { name: 'with too few clients and hosts, whose rate gives way', options: { clients: 50, hosts: 1 } },
  ])('holds no 11 requests of a client in 20 s and no 16 client errors of a host in 30 s $name', ({ options }) => {
    const { events } = simulate(40_000, { incidents: false, ...options });
    expect(mostWithin(events, 20_000, ({ client_ip }) => client_ip)).toBeLessThanOrEqual(10);
    expect(mostWithin(clientErrors(events), 30_000, ({ host }) => host)).toBeLessThanOrEqual(15);
    expect(clientErrors(events).length).toBeGreaterThan(0);
  });

  it('holds more than that without the limits, for they cost the bench its distribution', () => {
    const { events } = simulate(40_000, { incidents: false, belowThresholds: false, eventsPerSecond: 2000 });
    expect(mostWithin(events, 20_000, ({ client_ip }) => client_ip)).toBeGreaterThan(10);
  });

  it('keeps its rate, averaged over a day, and is four sixths busier in the afternoon than at night', () => {
    // 1 + 0.4 at four in the afternoon, 1 - 0.4 at four at night.
    const { events } = simulate(2 * 86_400, { startMs: Date.UTC(2026, 0, 1), eventsPerSecond: 2, incidents: false });
    const hour = (n: number) =>
      events.filter(({ timestamp }) => Math.floor((timestamp % DAY_MS) / 3_600_000) === n).length;
    expect((events.at(-1)?.timestamp ?? 0) - Date.UTC(2026, 0, 1)).toBeGreaterThan(0.98 * DAY_MS);
    expect((events.at(-1)?.timestamp ?? 0) - Date.UTC(2026, 0, 1)).toBeLessThan(1.02 * DAY_MS);
    expect(hour(15) / hour(3)).toBeGreaterThan(2);
  });
});

describe('simulated clients', () => {
  it('have public addresses, each its own and of one country', () => {
    const { events } = simulate(50_000, { clients: 500, countries: 20, incidents: false });
    const countries = new Map<string, string>();
    for (const { client_ip, country } of events) {
      expect(countries.get(client_ip) ?? country).toBe(country);
      countries.set(client_ip, country);
    }
    for (const address of countries.keys()) {
      expect(isIPv4(address)).toBe(true);
      expect(address).not.toMatch(
        /^(0|10|127|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|2[2-5]\d)\./,
      );
    }
    expect(countries.size).toBe(500);
    expect(new Set(countries.values()).size).toBe(20);
  });

  it('come back as unevenly as Zipf says, when no limit stops them', () => {
    const { events } = simulate(100_000, { clients: 1000, incidents: false, belowThresholds: false });
    const counts = new Map<string, number>();
    for (const { client_ip } of events) counts.set(client_ip, (counts.get(client_ip) ?? 0) + 1);
    const [first = 0] = [...counts.values()].sort((a, b) => b - a);
    // 1 / sum of n^-0.8 for n up to 1000 = 1 / 15.47.
    expect(first / events.length).toBeCloseTo(1 / 15.47, 2);
  });
});

describe('simulated request times', () => {
  it('are log-normal about a median of the host', () => {
    const { events } = simulate(100_000, { hosts: 4, incidents: false, belowThresholds: false });
    for (const name of new Set(events.map(({ host }) => host))) {
      const logs = events
        .filter(({ host }) => host === name)
        .map((event) => Math.log(event.request_time ?? Number.NaN));
      const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
      const deviation = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length);
      expect(deviation).toBeCloseTo(0.6, 1);
      expect(Math.exp(mean)).toBeGreaterThan(0.018);
      expect(Math.exp(mean)).toBeLessThan(0.16);
    }
  });
});

describe('incidents', () => {
  const within = ({ event, incident }: SimulatedEvent) =>
    incident === undefined || (event.timestamp >= Math.floor(incident.startMs) && event.timestamp < incident.endMs);

  it('come one after another, one of each kind in turn, with events in their time only', () => {
    const { simulated, simulator } = simulate(20_000);
    expect(simulator.incidents.slice(0, 5).map(({ kind }) => kind)).toEqual([
      'abusive-client',
      'client-error-burst',
      'slow-host',
      'outage',
      'abusive-client',
    ]);
    for (const [index, { startMs }] of simulator.incidents.entries()) {
      expect(startMs).toBeGreaterThanOrEqual(simulator.incidents[index - 1]?.endMs ?? START);
    }
    expect(simulated.every(within)).toBe(true);
  });

  it.each([0.2, 1, 1000])('are over the thresholds at %d events a second', (eventsPerSecond) => {
    const simulator = new TrafficSimulator({ seed: 3, startMs: START, eventsPerSecond, clients: 50_000, hosts: 200 });
    const simulated: SimulatedEvent[] = [];
    while (simulator.arrivalMs < START + 60_000) simulated.push(simulator.next());
    const of = (kind: string) => simulated.filter(({ incident }) => incident?.kind === kind).map(({ event }) => event);
    expect(mostWithin(of('abusive-client'), 20_000, ({ client_ip }) => client_ip)).toBeGreaterThan(10);
    expect(mostWithin(of('client-error-burst'), 30_000, ({ host }) => host)).toBeGreaterThan(15);
  });

  it('leave events in the order of their arrival', () => {
    const { events } = simulate(5000);
    expect(events.every(({ timestamp }, index) => timestamp >= (events[index - 1]?.timestamp ?? 0))).toBe(true);
  });

  it('make a slow host slow', () => {
    const { simulated } = simulate(50_000);
    const slow = simulated.filter(({ incident }) => incident?.kind === 'slow-host').map(({ event }) => event);
    const mean = slow.reduce((sum, event) => sum + (event.request_time ?? 0), 0) / slow.length;
    // 15 times a median of 20 ms at least.
    expect(mean).toBeGreaterThan(0.3);
  });
});
