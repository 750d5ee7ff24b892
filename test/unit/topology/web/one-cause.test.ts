import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import type { AccessLog, Incident } from '../../../../schemas/records.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const START_MS = Date.UTC(2026, 4, 5, 9);
const HOSTS = Array.from({ length: 10 }, (_, index) => `h${index}.example`);
const MINUTES = 66;
/** When it begins, and for how many minutes. */
const FROM = 60;
const LASTS = 3;

interface Traffic {
  /** How many times as many requests a host has then. */
  readonly times?: (host: string) => number;
  /** Which share of a host's requests fails then. */
  readonly failing?: (host: string) => number;
  readonly seed?: number;
}

/** Requests of ten hosts: the n-th has 1/n of the first's, with gaps that a gamma distribution of shape 2 gives. */
function requestsOf({ failing = () => 0.002, seed = 1, times = () => 1 }: Traffic): AccessLog[] {
  const random = new Random(seed);
  return HOSTS.flatMap((host, index) => {
    const requests: AccessLog[] = [];
    const gapMs = 800 * (index + 1);
    let time = 0;
    for (;;) {
      const isThen = time >= FROM * 60_000 && time < (FROM + LASTS) * 60_000;
      const rate = isThen ? times(host) : 1;
      const step = (-Math.log((1 - random.uniform()) * (1 - random.uniform())) / 2) * gapMs;
      // A host without traffic goes on when it is over.
      time = rate === 0 ? (FROM + LASTS) * 60_000 : time + step / rate;
      if (time >= MINUTES * 60_000) return requests;
      requests.push({
        ...{ timestamp: START_MS + Math.floor(time), host, server: 'web-0', method: 'GET', path: '/', country: 'DE' },
        ...{ client_ip: `198.51.${random.below(250)}.${random.below(250)}`, user_agent: 'curl/8.5.0' },
        ...{ status: random.uniform() < (isThen ? failing(host) : 0.002) ? 503 : 200, request_time: 0.05 },
      } as AccessLog);
    }
  }).sort((one, other) => one.timestamp - other.timestamp);
}

async function incidentsOf(traffic: Traffic): Promise<Incident[]> {
  const run = await ApplicationRun.create({ config: { pipelines: ['web-statistics'] }, partitions: 4 });
  let turn = 0;
  await run.append('accessLog', requestsOf(traffic), () => `${turn++}`);
  await run.drain();
  const newest = new Map<string, Incident | null>();
  for (const { key, value } of await run.readAll('incidents')) newest.set(key, value);
  await run.close();
  return [...newest.values()].filter((one) => one !== null);
}

const only = (name: string, then: number, usual: number) => (host: string) => (host === name ? then : usual);

it.each([
  ['six times the traffic of the busiest host', { times: only('h0.example', 6, 1) }, 'web/h0.example'],
  ['a host without traffic', { times: only('h1.example', 0, 1) }, 'web/h1.example'],
  ['errors of one host', { failing: only('h0.example', 0.5, 0.002) }, 'web/h0.example'],
  ['three times the traffic of all hosts', { times: () => 3 }, 'web/*'],
  ['errors of all hosts', { failing: () => 0.3 }, 'web/*'],
])('%s is one incident, and names who it is', async (_, traffic: Traffic, scope) => {
  const incidents = await incidentsOf(traffic);
  expect(incidents.map((one) => one.scope)).toEqual([scope]);
});
