import { describe, expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import type { AccessLog, Incident } from '../../../../schemas/records.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 4, 6, 9);
const MINUTES = 100;
const FAULT_FROM = 90;
const PER_MINUTE = 240;

interface Fault {
  readonly failing?: number;
  readonly slower?: number;
  readonly traffic?: number;
}

/** An hour and a half of requests of two hosts, then ten minutes in which something is wrong with the first. */
function requests({ failing = 0, slower = 1, traffic = 1 }: Fault): AccessLog[] {
  const random = new Random(3);
  const events: AccessLog[] = [];
  for (let minute = 0; minute < MINUTES; minute++) {
    for (const host of ['a.example', 'b.example']) {
      const isWrong = minute >= FAULT_FROM && host === 'a.example';
      const count = PER_MINUTE * (isWrong ? traffic : 1);
      for (let n = 0; n < count; n++) {
        events.push({
          timestamp: START_MS + minute * MINUTE_MS + Math.floor((n * MINUTE_MS) / count),
          ...{ client_ip: `10.${random.below(100)}.${random.below(200)}.${random.below(200)}`, host, method: 'GET' },
          ...{ path: '/', server: 'web-1', country: 'DE', bytes: 2000, query: null, user_agent: null, referrer: null },
          request_time: random.logNormal(0.05, 0.6) * (isWrong ? slower : 1),
          status: random.uniform() < (isWrong ? failing : 0.002) ? 502 : 200,
        });
      }
    }
  }
  return events.sort((one, other) => one.timestamp - other.timestamp);
}

const incidentsOf = (fault: Fault): Promise<Incident[]> => incidentsIn(requests(fault));

async function incidentsIn(events: readonly AccessLog[]): Promise<Incident[]> {
  const run = await ApplicationRun.create({ config: { pipelines: ['web-statistics'] } });
  await run.append('accessLog', events, ({ client_ip }) => client_ip);
  await run.drain();
  const last = new Map((await run.readAll('incidents')).map(({ key, value }) => [key, value]));
  await run.close();
  return [...last.values()].filter((one) => one !== null);
}

describe('what a host does otherwise than usual', () => {
  it('is nothing while nothing is wrong', async () => {
    expect(await incidentsOf({ failing: 0.002 })).toEqual([]);
  });

  it('is told three times at most where nothing is requested for most of each hour', async () => {
    // A minute of each hour, as in logs of which a part is kept.
    const events = requests({ failing: 0.002 })
      .filter(({ host }) => host === 'a.example')
      .map((event) => {
        const minute = Math.floor((event.timestamp - START_MS) / MINUTE_MS);
        return { ...event, timestamp: event.timestamp + 59 * minute * MINUTE_MS };
      });
    const silences = (await incidentsIn(events)).filter(({ summary }) => summary.includes('nothing was requested'));

    expect(silences.length).toBeLessThanOrEqual(3);
    expect(silences.every(({ resolved }) => resolved !== null)).toBe(true);
  });

  it('is one incident of that host when nothing is requested', async () => {
    const [incident, ...others] = await incidentsOf({ traffic: 0 });

    expect(others).toEqual([]);
    expect(incident).toMatchObject({ scope: 'web/a.example', severity: 'critical' });
    expect(incident?.summary).toBe('a.example: nothing was requested.');
  });

  it.each<[string, Fault, Incident['severity'], RegExp]>([
    ['five in a hundred requests that fail', { failing: 0.05 }, 'critical', /had a status of 500 to 599/],
    ['responses twice as slow', { failing: 0.002, slower: 2 }, 'critical', /typically/],
    ['a third of the requests', { failing: 0.002, traffic: 1 / 3 }, 'critical', /\d requests, where/],
  ])('is one incident of that host within a minute: %s', async (_what, fault, severity, words) => {
    const incidents = await incidentsOf(fault);

    expect(incidents).toEqual([expect.objectContaining({ scope: 'web/a.example', severity })]);
    expect(incidents[0]?.summary).toMatch(words);
    expect(incidents[0]?.opened).toBeLessThanOrEqual(START_MS + (FAULT_FROM + 1) * MINUTE_MS);
  });
});
