import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessLog, Alert } from '../../../schemas/records.js';
import { type ForgottenState, onForgottenState } from '../../../topology/monitoring/stored-state.js';
import { ApplicationRun } from '../../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const DAY_MS = 24 * 3_600_000;
const SCANNER = '203.0.113.9';

/** As the versions wrote it that had no numbers of formats. */
const withoutNumber = (stored: unknown) => {
  const [format, state] = stored as readonly [number, unknown];
  expect(format).toBe(1);
  return state;
};
/** As a version to come might. */
const newer = () => [999, { anything: { else: true } }];

let run: ApplicationRun;
let forgotten: ForgottenState[];
let end: () => void;
beforeEach(() => {
  forgotten = [];
  end = onForgottenState((one) => forgotten.push(one));
});
afterEach(async () => {
  end();
  await run.close();
});

function request(second: number, asked: Partial<AccessLog>): AccessLog {
  return {
    ...{ server: 'web-0', method: 'GET', status: 200, request_time: 0.05, host: 'shop.example', country: 'DE' },
    ...{ path: '/about', user_agent: 'Firefox/140', timestamp: START_MS + 1000 * second, client_ip: '198.51.100.1' },
    ...asked,
  };
}

/** Of one client that asks for what might be there, and others who move the time on. */
function scanned(from: number, to: number, until: number): AccessLog[] {
  const scan = Array.from({ length: 4 * (to - from) }, (_, index) =>
    request(from + index / 4, { client_ip: SCANNER, path: `/backup-${from}-${index}.zip`, status: 404 }),
  );
  const others = Array.from({ length: until - from }, (_, index) =>
    request(from + index, { client_ip: `198.51.100.${(from + index) % 250}` }),
  );
  return [...scan, ...others].sort((one, other) => one.timestamp - other.timestamp);
}

/** Many clients who lack pages of a host. */
function refused(from: number, to: number, until: number): AccessLog[] {
  const lacking = Array.from({ length: 10 * (to - from) }, (_, index) =>
    request(from + index / 10, {
      ...{ client_ip: `192.0.2.${index % 200}`, user_agent: `Browser/${index % 40}`, path: '/gone', status: 404 },
    }),
  );
  const others = Array.from({ length: until - from }, (_, index) => request(from + index, { host: 'other.example' }));
  return [...lacking, ...others].sort((one, other) => one.timestamp - other.timestamp);
}

async function alertsOf(detector: string): Promise<Alert[]> {
  return (await run.read('alerts')).map(({ value }) => value).filter((alert) => alert.detector === detector);
}

const namesOf = (alerts: readonly Alert[]) => new Set(alerts.map(({ id }) => id));

describe.each([
  ['client-abuse', 'abusive-client', scanned],
  ['client-error-bursts', 'client-errors', refused],
] as const)('the state of %s', (store, detector, traffic) => {
  beforeEach(async () => {
    run = await ApplicationRun.create({ config: { pipelines: ['goals', 'web-statistics'] } });
    await run.append('accessLog', traffic(0, 60, 60), () => 'a');
    await run.process();
    expect((await alertsOf(detector)).map(({ state }) => state)).toContain('opened');
  });

  it('goes on when an older version has written it without the number of a format', async () => {
    await run.rewriteStored(store, withoutNumber);
    await run.append('accessLog', traffic(60, 90, 400), () => 'a');
    await run.drain();
    const alerts = await alertsOf(detector);
    expect(namesOf(alerts).size).toBe(1);
    expect(alerts.at(-1)?.state).toBe('resolved');
    expect(forgotten).toEqual([]);
  });

  it('is forgotten, which is told, when a newer version has written it', async () => {
    await run.rewriteStored(store, newer);
    await run.append('accessLog', traffic(60, 90, 400), () => 'a');
    await run.drain();
    // It is found anew, and nothing is lost for it.
    const alerts = await alertsOf(detector);
    expect(namesOf(alerts).size).toBe(2);
    expect(alerts.at(-1)?.state).toBe('resolved');
    expect(forgotten).toContainEqual({ store, format: 999 });
    expect(await run.reasons()).toEqual([]);
  });
});

describe('the state of incidents', () => {
  const alert = (name: string, state: Alert['state'], time: number): Alert => ({
    ...{ id: `service/shop/${name}`, time, source_kind: 'service', entity: 'shop', scope: 'service/shop' },
    ...{ detector: name, state, severity: 'warning', value: 1, expected_low: null, expected_high: 0 },
    ...{ window_start: 0, window_end: 0, explanation: `shop: ${name}.`, fields: [] },
  });
  const tell = (...alerts: readonly Alert[]) => run.append('alerts', alerts, ({ scope }) => scope);
  const told = async () => (await run.read('incidents')).map(({ key, value }) => `${key} ${value.state}`);

  beforeEach(async () => {
    run = await ApplicationRun.create({ config: { pipelines: ['services'] } });
    await tell(alert('slow', 'opened', START_MS));
    await run.process();
  });

  it('goes on when an older version has written it without the number of a format', async () => {
    await run.rewriteStored('incidents', withoutNumber);
    await run.rewriteStored('incidents-last-heard', withoutNumber);
    await tell(alert('slow', 'resolved', START_MS + 5000));
    await run.process();
    expect(await told()).toEqual(['incident/service/shop/slow opened', 'incident/service/shop/slow resolved']);
    await tell(alert('other', 'opened', START_MS + 9 * DAY_MS));
    await tell(alert('other', 'resolved', START_MS + 9 * DAY_MS + 1));
    await tell({ ...alert('far', 'opened', START_MS + 18 * DAY_MS), scope: 'service/far' });
    await run.drain();
    // Of whom nothing was heard for more than a week, nothing is known any more.
    expect(await run.storedKeys('incidents')).toEqual(new Set(['service/far']));
    expect(forgotten).toEqual([]);
  });

  it('is forgotten, which is told, when a newer version has written it', async () => {
    await tell({ ...alert('gone', 'opened', START_MS + 1000), scope: 'service/gone' });
    await run.process();
    await run.rewriteStored('incidents', newer);
    await run.rewriteStored('incidents-last-heard', newer);
    await tell(alert('slow', 'resolved', START_MS + 5000), alert('errors', 'opened', START_MS + 6000));
    await tell({ ...alert('far', 'opened', START_MS + 18 * DAY_MS), scope: 'service/far' });
    await run.drain();
    expect(await told()).toEqual([
      ...['incident/service/shop/slow opened', 'incident/service/shop/gone opened'],
      ...['incident/service/shop/errors opened', 'incident/service/shop/far opened'],
    ]);
    expect(await run.storedKeys('incidents-last-heard')).toHaveProperty('size', 1);
    expect(new Set(forgotten.map(({ format, store }) => `${store} ${format}`))).toEqual(
      new Set(['incidents 999', 'incidents-last-heard 999']),
    );
    expect(await run.reasons()).toEqual([]);
  });
});
