import { describe, expect, it } from 'vitest';
import { TrafficSimulator } from '../../../producer/traffic-simulator.js';
import { referenceGoals } from '../../reference/goals.js';

const START = Date.UTC(2026, 0, 1, 16);

function traffic(events: number, options: Partial<ConstructorParameters<typeof TrafficSimulator>[0]> = {}) {
  const simulator = new TrafficSimulator({ seed: 1, startMs: START, ...options });
  const simulated = Array.from({ length: events }, () => simulator.next());
  return { simulator, simulated, events: simulated.map(({ event }) => event) };
}

describe('simulated traffic', () => {
  it('is the same for the same seed, and other for another', () => {
    expect(traffic(500).events).toEqual(traffic(500).events);
    expect(traffic(500).events).not.toEqual(traffic(500, { seed: 2 }).events);
  });

  it('stays below the thresholds of goals 1 and 2 without incidents', () => {
    const { goal1, goal2 } = referenceGoals([traffic(60_000, { incidents: false }).events], { graceMs: 0 });
    expect(goal1.size).toBe(0);
    expect(goal2.size).toBe(0);
  });

  it('is above them just for the clients and hosts of its incidents', () => {
    const { events, simulator } = traffic(60_000);
    const { goal1, goal2 } = referenceGoals([events], { graceMs: 0 });
    const entities = (results: Map<string, unknown>) =>
      [...new Set([...results.keys()].map((key) => key.split('@')[0]))].sort();
    const labelled = (kind: string) =>
      [...new Set(simulator.incidents.filter((incident) => incident.kind === kind).map(({ entity }) => entity))].sort();
    expect(entities(goal1)).toEqual(labelled('abusive-client'));
    expect(entities(goal2)).toEqual(labelled('client-error-burst'));
    expect(entities(goal1).length).toBeGreaterThan(1);
  });

  it('alerts within five seconds of its start', () => {
    const { goal1 } = referenceGoals([traffic(500).events], { graceMs: 0 });
    expect(goal1.size).toBeGreaterThan(0);
  });

  it('labels what an incident has made of it', () => {
    const { simulated } = traffic(20_000);
    const outage = simulated.filter(({ incident }) => incident?.kind === 'outage');
    expect(outage.length).toBeGreaterThan(0);
    expect(outage.every(({ event, incident }) => event.status >= 502 && event.host === incident?.entity)).toBe(true);
  });

  it('comes late by no more than the disorder', () => {
    const { events } = traffic(20_000, { disorderMs: 2000 });
    let newest = 0;
    let latest = 0;
    for (const { timestamp } of events) {
      newest = Math.max(newest, timestamp);
      latest = Math.max(latest, newest - timestamp);
    }
    expect(latest).toBeGreaterThan(1000);
    expect(latest).toBeLessThanOrEqual(2000);
  });

  it('has most of its successes, and a few of each failure', () => {
    const { events } = traffic(50_000, { incidents: false });
    const share = (from: number) =>
      events.filter(({ status }) => Math.floor(status / 100) === from).length / events.length;
    expect(share(2)).toBeGreaterThan(0.8);
    for (const hundred of [3, 4, 5]) expect(share(hundred)).toBeGreaterThan(0.003);
  });
});
