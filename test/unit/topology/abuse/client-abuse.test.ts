import { expect, it } from 'vitest';
import { Random } from '../../../../producer/random.js';
import type { AlertEpisode, Feedback } from '../../../../schemas/feedback.js';
import type { AccessLog, Alert, Incident } from '../../../../schemas/records.js';
import type { ApplicationConfig } from '../../../../topology/application-config.js';
import { ApplicationRun } from '../../../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

type Asked = Partial<AccessLog> & { readonly client_ip: string };

function request(second: number, asked: Asked): AccessLog {
  return {
    ...{ server: 'web-0', method: 'GET', status: 200, request_time: 0.05, host: 'shop.example', country: 'DE' },
    ...{ path: '/', user_agent: FIREFOX, timestamp: START_MS + Math.round(1000 * second) },
    ...asked,
  };
}

/** One ordinary page a second by others, which moves the time on. */
function passersBy(fromSecond: number, toSecond: number): AccessLog[] {
  return Array.from({ length: toSecond - fromSecond }, (_, index) =>
    request(fromSecond + index, { client_ip: `198.51.100.${(fromSecond + index) % 250}`, path: '/about' }),
  );
}

async function found(
  requests: readonly AccessLog[],
  {
    config,
    feedback,
    partitions = 1,
  }: {
    readonly config?: Partial<ApplicationConfig>;
    readonly partitions?: number;
    readonly feedback?: readonly Feedback[];
  } = {},
): Promise<{ alerts: Alert[]; incidents: Incident[]; goal1: { client_ip: string; count: number }[] }> {
  const run = await ApplicationRun.create({
    partitions,
    ...(feedback !== undefined && { feedback: { current: () => feedback } }),
    config: { pipelines: ['goals', 'web-statistics'], ...config },
  });
  const ordered = requests.toSorted((one, other) => one.timestamp - other.timestamp);
  let turn = 0;
  // Producers send requests without a key: one client's are in all partitions.
  await run.append('accessLog', ordered, () => `${turn++}`);
  await run.drain();
  const alerts = (await run.read('alerts')).map(({ value }) => value);
  const newest = new Map<string, Incident | null>();
  for (const { key, value } of await run.readAll('incidents')) newest.set(key, value);
  const goal1 = (await run.read('goal1')).map(({ value }) => value);
  await run.close();
  return { alerts, goal1, incidents: [...newest.values()].filter((one) => one !== null) };
}

/** A tool that looks for what might be there: four different paths a second. */
function scan(client: string, seconds: number): AccessLog[] {
  return Array.from({ length: 4 * seconds }, (_, index) =>
    request(60 + index / 4, {
      client_ip: client,
      path: index % 4 === 0 ? '/wp-login.php' : `/backup-${index}.zip`,
      method: index % 4 === 0 ? 'POST' : 'GET',
      status: index % 4 === 0 ? 401 : 404,
      user_agent: 'sqlmap/1.8.2#stable (https://sqlmap.org)',
    }),
  );
}

/** A page and what it loads beside it, within a second or so. */
function pageLoad(second: number, client: string, pictures: number, agent = FIREFOX): AccessLog[] {
  const of = (index: number) => (index === 0 ? '/catalogue' : `/pictures/${index}.webp`);
  return Array.from({ length: pictures + 1 }, (_, index) =>
    request(second + index / 40, { client_ip: client, path: of(index), user_agent: agent }),
  );
}

it.each([
  { partitions: 1, readsAllPartitions: true },
  { partitions: 4, readsAllPartitions: true },
  { partitions: 4, readsAllPartitions: false },
])(
  'a scanner is one incident that says who, what and how, and ends (%o)',
  async ({ partitions, readsAllPartitions }) => {
    const requests = [...passersBy(0, 400), ...scan('203.0.113.9', 90)];
    const { alerts, incidents } = await found(requests, { config: { readsAllPartitions }, partitions });
    expect(incidents).toHaveLength(1);
    const [incident] = incidents as [Incident];
    expect(incident).toMatchObject({ scope: 'client/203.0.113.9', state: 'resolved', entities: ['203.0.113.9'] });
    // Its last request is 89.75 s after its first, and windows end with whole seconds.
    expect(incident.resolved).toBeGreaterThanOrEqual(START_MS + 150_000);
    expect(incident.resolved).toBeLessThan(START_MS + 170_000);
    expect(incident.summary).toContain('203.0.113.9 made 360 requests');
    expect(incident.summary).toContain('where 10 is the most');
    expect(incident.summary).toContain('/wp-login.php (90)');
    expect(incident.summary).toContain('GET (270), POST (90)');
    expect(incident.summary).toContain('404 (270), 401 (90)');
    expect(incident.summary).toContain('sqlmap/1.8.2');
    const last = alerts.findLast(({ scope }) => scope === 'client/203.0.113.9');
    expect(last?.asked).toMatchObject({
      ...{ requests: 360, client_errors: 360, assets: 0, different_paths: 271 },
      hosts: [{ value: 'shop.example', count: 360 }],
      statuses: [
        { value: '404', count: 270 },
        { value: '401', count: 90 },
      ],
    });
  },
);

it('browsers that load a page with 47 pictures open nothing, though goal 1 counts every request', async () => {
  const browsers = Array.from({ length: 47 }, (_, index) => `192.0.2.${index + 1}`);
  const loads = browsers.flatMap((client, index) => pageLoad(30 + 4 * index, client, 47));
  const { alerts, goal1 } = await found([...passersBy(0, 300), ...loads]);
  expect(alerts).toEqual([]);
  expect(new Set(goal1.map(({ client_ip }) => client_ip)).size).toBe(47);
  expect(Math.max(...goal1.map(({ count }) => count))).toBe(48);
});

it('a host that refuses what many clients ask for is one incident of the host', async () => {
  const missing = Array.from({ length: 60 }, (_, index) =>
    request(120 + index / 2, { client_ip: `192.0.2.${index}`, path: '/gone', status: 404 }),
  );
  const { alerts, incidents } = await found([...passersBy(0, 400), ...missing]);
  expect(incidents).toMatchObject([{ scope: 'web/shop.example', state: 'resolved', detectors: ['client-errors'] }]);
  expect(incidents[0]?.summary).toContain('for /gone (60)');
  expect(alerts.filter(({ entity }) => entity === '*')).toEqual([]);
});

it('how far a client goes while its incident is open is noted, for those who say that it is fine', async () => {
  const run = await ApplicationRun.create({ config: { pipelines: ['goals', 'web-statistics'] } });
  const requests = [...passersBy(0, 400), ...scan('203.0.113.9', 9)];
  const ordered = requests.toSorted((one, other) => one.timestamp - other.timestamp);
  await run.append('accessLog', ordered, ({ client_ip }) => client_ip);
  await run.drain();
  const episodes = (await run.readJson('alertEpisodes')) as AlertEpisode[];
  const peaks = episodes.map((episode) => episode.peaks[0]?.value ?? 0);
  await run.close();
  // 36 requests in 9 s are all in one window of 20 s.
  expect(Math.max(...peaks)).toBe(36);
  const open = peaks.slice(0, -1);
  expect(open).toEqual(open.toSorted((one, other) => one - other));
  expect(open.at(-1)).toBeGreaterThan(36 / 1.25);
});

it.each([1, 2, 3, 4])(
  'who is over the limit, and in which window first, is as a plain count says, however late requests come (seed %d)',
  async (seed) => {
    const random = new Random(seed);
    const passing = Array.from({ length: 1000 }, () =>
      request(1800 * random.uniform(), { client_ip: `198.51.100.${Math.floor(200 * random.uniform())}` }),
    );
    const busy = Array.from({ length: 30 }, (_, client) => {
      const from = 60 + 1600 * random.uniform();
      return Array.from({ length: 9 + (client % 7) }, () =>
        request(from + 23 * random.uniform(), { client_ip: `192.0.2.${client}` }),
      );
    });
    const requests = [...passing, ...busy.flat()].toSorted((one, other) => one.timestamp - other.timestamp);
    const late = new Map(requests.map((one) => [one, one.timestamp + 50_000 * random.uniform()]));
    const arrived = requests.toSorted((one, other) => (late.get(one) ?? 0) - (late.get(other) ?? 0));
    const run = await ApplicationRun.create({
      config: { pipelines: ['goals', 'web-statistics'], grace: '60s', readsAllPartitions: true },
    });
    await run.append('accessLog', arrived, () => '');
    await run.drain();
    const alerts = (await run.read('alerts')).map(({ value }) => value);
    await run.close();
    const first = new Map<string, number>();
    for (const { detector, entity, window_start: start } of alerts) {
      if (detector === 'abusive-client' && !first.has(entity)) first.set(entity, start);
    }
    expect(first).toEqual(firstOver(requests));
    expect(first.size).toBeGreaterThan(5);
    expect(first.size).toBeLessThan(30);
  },
);

/** The start of the first window of 20 s, which end with whole seconds, with more than ten requests of a client. */
function firstOver(requests: readonly AccessLog[]): Map<string, number> {
  const first = new Map<string, number>();
  const bySecond = requests.map(({ client_ip, timestamp }) => ({ client_ip, second: Math.floor(timestamp / 1000) }));
  for (const { client_ip: client, second } of bySecond) {
    const within = bySecond.filter(
      (one) => one.client_ip === client && one.second > second - 20 && one.second <= second,
    );
    if (within.length > 10 && !first.has(client)) first.set(client, 1000 * (second - 19));
  }
  return first;
}

/** For half an hour a few pages a minute, and then what is given, a minute later. */
async function afterAQuietHalfHour(requests: (fromSecond: number) => readonly AccessLog[]) {
  const usual = passersBy(0, 2400).filter((_, index) => index % 4 === 0);
  return found([...usual, ...requests(1830)]);
}

function pagesOf(client: string, fromSecond: number, seconds: number, perSecond: number): AccessLog[] {
  return Array.from({ length: seconds * perSecond }, (_, index) =>
    request(fromSecond + index / perSecond, { client_ip: client, path: `/item/${index}`, user_agent: 'curl/8.5.0' }),
  );
}

it('a surge that one client makes is told of its incident, for the host and for all hosts', async () => {
  const { alerts, incidents } = await afterAQuietHalfHour((from) => pagesOf('203.0.113.9', from, 40, 20));
  expect(incidents).toMatchObject([
    { scope: 'client/203.0.113.9', detectors: ['abusive-client', 'traffic-surge'], state: 'resolved' },
  ]);
  expect(new Set(incidents[0]?.entities)).toEqual(new Set(['203.0.113.9', 'shop.example', '*']));
  const surges = alerts.filter(({ detector, state }) => detector === 'traffic-surge' && state === 'opened');
  // Its 600 pages of that minute beside 15 of others.
  for (const { explanation } of surges) expect(explanation).toMatch(/, 9[789] % of them by 203\.0\.113\.9\.$/);
  expect(surges.map(({ entity }) => entity).sort()).toEqual(['*', 'shop.example']);
});

it('a surge that a crowd makes is one of the host', async () => {
  const crowd = (from: number) =>
    Array.from({ length: 800 }, (_, index) =>
      request(from + index / 20, { client_ip: `192.0.2.${index % 200}`, path: '/offer' }),
    );
  const { alerts, incidents } = await afterAQuietHalfHour(crowd);
  expect(incidents.map(({ scope }) => scope)).toEqual(['web/shop.example']);
  for (const { explanation } of alerts) expect(explanation).not.toContain('of them by');
});

it('a surge of a client that is excluded is one of the host, and names the client', async () => {
  const usual = passersBy(0, 2400).filter((_, index) => index % 4 === 0);
  const { incidents } = await found([...usual, ...pagesOf('203.0.113.9', 1830, 40, 20)], {
    config: { abuse: { excludedClients: ['203.0.113.0/24'], crawlers: [] } },
  });
  const ofHost = incidents.find(({ scope }) => scope === 'web/shop.example');
  expect(ofHost?.summary).toContain('of them by 203.0.113.9');
});

function aFault(detector: string, entity: string, signal: string): Feedback {
  return {
    ...{ id: 'a', incident: 'i', verdict: 'fault', by: 'anna', note: null, said: 1, from: 0, until: null, daily: null },
    entities: 'same',
    limits: [
      {
        ...{ source_kind: 'web', detector, entity, signal, direction: 'high', severity: 'warning', value: 20 },
        ...{ longest_ms: null, words: '' },
      },
    ],
  };
}

/** A page a second, for 70 minutes: twice goal 1's limit. */
const FOR_LONG = pagesOf('203.0.113.9', 60, 4200, 1);
/** A page that is gone, which a visitor of every second asks for, for 70 minutes. */
const GONE_FOR_LONG = Array.from({ length: 4200 }, (_, index) =>
  request(300 + index, { client_ip: `192.0.2.${index % 250}`, path: '/gone', status: 404 }),
);

it.each([
  ['client', FOR_LONG, aFault('abusive-client', '203.0.113.9', 'client_ip'), 'client/203.0.113.9'],
  ['host', GONE_FOR_LONG, aFault('client-errors', 'shop.example', 'status'), 'web/shop.example'],
])(
  'what goes on for an hour is usual of a %s, unless people have said that it is a fault',
  async (_, requests, fault, scope) => {
    const all = [...passersBy(0, 4800), ...requests];
    const endOf = ({ incidents }: Awaited<ReturnType<typeof found>>) =>
      Math.max(...incidents.filter((one) => one.scope === scope).map(({ resolved }) => (resolved ?? 0) - START_MS));
    const config = { pipelines: ['goals', 'web-statistics'] as const };
    const [usual, kept] = [await found(all, { config }), await found(all, { config, feedback: [fault] })];
    // The hour begins with the first window over the limit, some seconds after the first request.
    expect(endOf(usual)).toBeLessThan(4_000_000);
    expect(endOf(kept)).toBeGreaterThan(4_200_000);
  },
);
