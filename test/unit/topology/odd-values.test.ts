import { describe, expect, it } from 'vitest';
import { SensorSimulator } from '../../../producer/sensor-simulator.js';
import { ServiceLogSimulator } from '../../../producer/service-log-simulator.js';
import { TrafficSimulator } from '../../../producer/traffic-simulator.js';
import type { AccessLog, SensorReading, ServiceLog } from '../../../schemas/records.js';
import type { TopicRole } from '../../../schemas/topics.js';
import { ApplicationRun } from '../../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
/** Numbers that nothing can have measured. */
const NO_MEASURES = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, -1e308, Number.MAX_VALUE];
const NO_TIMES = [...NO_MEASURES, -1, -0.001, -Number.MIN_VALUE];
const NO_BYTES = [-1, -(2 ** 51), 2 ** 49, 2 ** 52];
const LONG = 'x'.repeat(1_000_000);
/** Two that differ only behind what is kept of a name would be one. */
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  '',
  '\0roster',
  '\0',
  ' ',
  'a@b@1',
  '[::1]',
  'ключ',
  '\u{1f600}',
  LONG,
];
const LONGEST = 1024;
/** Hosts and clients have one spelling. */
const SPELT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  host: Object.assign(Object.create(null), { toString: 'tostring', ключ: 'xn--j1ac0b1a', '\u{1f600}': 'xn--e28h' }),
  client_ip: Object.assign(Object.create(null), { toString: 'tostring', '\0roster': 'roster', '[::1]': '::1' }),
};

function requests(count: number): AccessLog[] {
  const simulator = new TrafficSimulator({ seed: 5, startMs: START_MS, eventsPerSecond: 50, belowThresholds: false });
  return Array.from({ length: count }, () => simulator.next().event);
}

function lines(count: number): ServiceLog[] {
  const simulator = new ServiceLogSimulator({ seed: 1, startMs: START_MS, linesPerSecond: 50, faults: [] });
  return Array.from({ length: count }, () => simulator.next().line);
}

function readings(count: number): SensorReading[] {
  const simulator = new SensorSimulator({ seed: 1, startMs: START_MS, readingsPerSecond: 20, faults: [] });
  return Array.from({ length: count }, () => simulator.next().reading);
}

const OUTPUTS = {
  accessLog: ['goal1', 'goal2', 'goal3', 'goal4', 'serverErrors', 'webStatistics', 'alerts', 'incidents'],
  serviceLogs: ['serviceHealth', 'alerts', 'incidents'],
  sensorReadings: ['sensorScores', 'sensorHours', 'alerts', 'incidents'],
} as const;
type Role = keyof typeof OUTPUTS;

/** The last record of each key in each topic of results; nothing may be refused. */
async function resultsOf(role: Role, values: readonly unknown[], keyOf: (value: never) => string) {
  const run = await ApplicationRun.create();
  await run.append(role, values as never, keyOf as never);
  await run.drain();
  const results = new Map<TopicRole, Map<string, unknown>>();
  for (const output of OUTPUTS[role]) {
    results.set(output, new Map((await run.readAll(output)).map(({ key, value }) => [key, value])));
  }
  expect(await run.reasons()).toEqual([]);
  await run.close();
  return results;
}

/** Some records with what is odd in a field, and the same with null there. */
function spoilt<V>(values: readonly V[], spoil: (value: V, index: number) => Partial<V>, nulls: Partial<V>) {
  const isSpoilt = (index: number) => index % 3 === 1;
  return {
    odd: values.map((value, index) => (isSpoilt(index) ? { ...value, ...spoil(value, index) } : value)),
    without: values.map((value, index) => (isSpoilt(index) ? { ...value, ...nulls } : value)),
  };
}

const at = <T>(values: readonly T[], index: number): T => values[index % values.length] as T;

describe('a number that nothing can have measured is as none', () => {
  it('in requests', async () => {
    const { odd, without } = spoilt(
      requests(3000),
      (_request, index) => ({ request_time: at(NO_TIMES, index), bytes: -1 - index }),
      { request_time: null, bytes: null },
    );
    const byClient = ({ client_ip }: AccessLog) => client_ip;
    expect(await resultsOf('accessLog', odd, byClient)).toEqual(await resultsOf('accessLog', without, byClient));
  });

  it('in lines of services', async () => {
    const { odd, without } = spoilt(
      lines(3000),
      (_line, index) => ({ response_time: at(NO_TIMES, index), bytes: -1 - index }),
      { response_time: null, bytes: null },
    );
    const byService = ({ service }: ServiceLog) => service;
    expect(await resultsOf('serviceLogs', odd, byService)).toEqual(await resultsOf('serviceLogs', without, byService));
  });

  it('in readings of sensors', async () => {
    const { odd, without } = spoilt(
      readings(4000),
      (_reading, index) => ({ temperature: at(NO_MEASURES, index), pressure: at(NO_MEASURES, index + 1) }),
      { temperature: null, pressure: null },
    );
    const bySensor = ({ sensor_id }: SensorReading) => sensor_id;
    expect(await resultsOf('sensorReadings', odd, bySensor)).toEqual(
      await resultsOf('sensorReadings', without, bySensor),
    );
  });

  it('and bytes beyond all sums are no more than the most that can be told', async () => {
    const huge = requests(300).map((request, index) => ({ ...request, bytes: at(NO_BYTES, index) }));
    const results = await resultsOf('accessLog', huge, ({ client_ip }: AccessLog) => client_ip);
    for (const value of results.get('webStatistics')?.values() ?? []) {
      const { bytes } = value as { bytes: number | null };
      expect(bytes === null || (bytes >= 0 && bytes <= 2 ** 52)).toBe(true);
    }
  });
});

describe('a name is a name, whatever it is', () => {
  /** What came of each entity, without its name. */
  async function byName(
    role: Role,
    output: TopicRole,
    field: string,
    values: (names: readonly string[]) => readonly unknown[],
    keyOf: (value: never) => string,
  ) {
    const found = async (names: readonly string[]) => {
      const results = await resultsOf(role, values(names), keyOf);
      return names.map((name) => {
        const own = [...(results.get(output)?.values() ?? [])].filter(
          (value) => (value as Record<string, unknown>)[field] === (SPELT[field]?.[name] ?? name).slice(0, LONGEST),
        );
        return own.map((value) => ({ ...(value as object), [field]: '' }));
      });
    };
    const plain = NAMES.map((_name, index) => `name-${index}`);
    const [odd, expected] = [await found(NAMES), await found(plain)];
    expect(odd).toEqual(expected);
    for (const own of odd) expect(own.length).toBeGreaterThan(0);
  }

  it.each([
    ['webStatistics', 'host'],
    ['goal4', 'host'],
    ['goal1', 'client_ip'],
    ['goal3', 'country'],
  ] as const)('%s, %s', async (output, field) => {
    const status = field === 'country' ? { status: 200 } : {};
    await byName(
      'accessLog',
      output,
      field,
      (names) => requests(720).map((request, index) => ({ ...request, ...status, [field]: at(names, index) })),
      () => 'a',
    );
  });

  it('serviceHealth, service', async () => {
    await byName(
      'serviceLogs',
      'serviceHealth',
      'service',
      (names) => lines(1200).map((line, index) => ({ ...line, service: at(names, index) })),
      () => 'a',
    );
  });

  it('alerts, entity', async () => {
    const loud = (names: readonly string[]) =>
      // What is usual of a service's clients is learned first.
      lines(6000).map((line, index) =>
        index < 4000
          ? { ...line, service: 's', ip: `198.51.100.${index % 50}`, status: 200 }
          : { ...line, service: 's', ip: at(names, index), status: 404 },
      );
    const run = await ApplicationRun.create({ config: { pipelines: ['services'] } });
    await run.append('serviceLogs', loud(NAMES), () => 'a');
    await run.drain();
    const alerts = (await run.read('alerts')).map(({ value }) => value);
    await run.close();
    const scanners = alerts.filter(({ detector }) => detector === 'CLIENT_ERROR_SCAN');
    expect(new Set(scanners.map(({ entity }) => entity)).size).toBe(NAMES.length);
  });

  it('sensorHours, sensor_id', async () => {
    await byName(
      'sensorReadings',
      'sensorHours',
      'sensor_id',
      (names) => readings(600).map((reading, index) => ({ ...reading, sensor_id: at(names, index) })),
      ({ sensor_id }: SensorReading) => sensor_id,
    );
  });
});
