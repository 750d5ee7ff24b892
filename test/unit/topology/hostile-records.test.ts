import type { Serde } from '@millrace/streams';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../producer/random.js';
import { SensorSimulator } from '../../../producer/sensor-simulator.js';
import { ServiceLogSimulator } from '../../../producer/service-log-simulator.js';
import { TrafficSimulator } from '../../../producer/traffic-simulator.js';
import type { Alert } from '../../../schemas/records.js';
import type { TopicRole } from '../../../schemas/topics.js';
import type { PipelineName } from '../../../topology/application-config.js';
import { ApplicationRun, type RawRecord } from '../../reference/run-application.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
/** 2^47, as Avro writes a long. */
const HUGE_COUNT = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]);

interface Source {
  readonly role: TopicRole;
  readonly pipelines: readonly PipelineName[];
  readonly outputs: readonly TopicRole[];
  readonly needsKey: boolean;
  readonly records: readonly { readonly key: string; readonly value: unknown }[];
}

const ALERTS: readonly Alert[] = Array.from({ length: 40 }, (_, index) => ({
  ...{ id: `service/s${index % 3}/d@${index >> 1}`, time: START_MS + 10_000 * index, source_kind: 'service' },
  ...{ entity: `s${index % 3}`, scope: `service/s${index % 3}`, detector: 'd', severity: 'warning', value: 1 },
  ...{ state: index % 2 === 0 ? 'opened' : 'resolved', expected_low: null, expected_high: 0 },
  ...{ window_start: 0, window_end: 0, explanation: 'it is so.', fields: ['level'] },
})) as Alert[];

function sources(): Source[] {
  const traffic = new TrafficSimulator({ seed: 5, startMs: START_MS, eventsPerSecond: 50, belowThresholds: false });
  const requests = Array.from({ length: 6000 }, () => traffic.next().event);
  const services = new ServiceLogSimulator({ seed: 1, startMs: START_MS, linesPerSecond: 50, faults: [] });
  const lines = Array.from({ length: 4000 }, () => services.next().line);
  const sensors = new SensorSimulator({ seed: 1, startMs: START_MS, readingsPerSecond: 20, faults: [] });
  const readings = Array.from({ length: 2000 }, () => sensors.next().reading);
  return [
    {
      role: 'accessLog',
      pipelines: ['goals', 'web-statistics'],
      outputs: ['goal1', 'goal2', 'goal3', 'goal4', 'webStatistics', 'alerts', 'incidents'],
      needsKey: false,
      records: requests.map((value) => ({ key: value.client_ip, value })),
    },
    {
      role: 'serviceLogs',
      pipelines: ['services'],
      outputs: ['serviceHealth', 'alerts', 'incidents'],
      needsKey: false,
      records: lines.map((value) => ({ key: value.service, value })),
    },
    {
      role: 'sensorReadings',
      pipelines: ['sensors'],
      outputs: ['sensorScores', 'sensorHours', 'alerts', 'incidents'],
      needsKey: true,
      records: readings.map((value) => ({ key: value.sensor_id, value })),
    },
    {
      role: 'alerts',
      pipelines: ['services'],
      outputs: ['incidents'],
      needsKey: true,
      records: ALERTS.map((value) => ({ key: value.scope, value })),
    },
  ];
}

function nameOf(key: string, value: unknown): string {
  const { detector, id, state } = (value ?? {}) as Partial<Alert>;
  return detector === undefined ? key : `${id} ${state}`;
}

/** What any client can write instead of a record. */
function oddRecords(source: Source, run: ApplicationRun): RawRecord[] {
  const random = new Random(7);
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => random.below(256)));
  const encode = (role: TopicRole, value: unknown) =>
    Buffer.from((run.serdes[role] as unknown as Serde<unknown>).serialize('', value));
  const good = source.records[0] as Source['records'][number];
  const encoded = encode(source.role, good.value);
  const others = sources().filter(({ role }) => role !== source.role);
  const values: (Buffer | null)[] = [
    null,
    Buffer.alloc(0),
    Buffer.from([0]),
    Buffer.from('hello'),
    Buffer.from(JSON.stringify(good.value)),
    Buffer.from('null'),
    Buffer.alloc(1_000_000, 'x'),
    encoded.subarray(0, 5),
    encoded.subarray(0, -1),
    Buffer.concat([encoded, Buffer.from([0])]),
    Buffer.concat([Buffer.from([0, 0, 0, 0xff, 0xff]), encoded.subarray(5)]),
    // Announces more characters, or items, than there are bytes.
    Buffer.concat([encoded.subarray(0, 5), HUGE_COUNT, encoded.subarray(5)]),
    ...(source.role === 'alerts' ? [Buffer.concat([encoded.subarray(0, -8), HUGE_COUNT])] : []),
    ...others.map(({ records, role }) => encode(role, records[0]?.value)),
    ...Array.from({ length: 200 }, (_, length) => bytes(length)),
    ...Array.from({ length: 200 }, (_, length) => Buffer.concat([encoded.subarray(0, 5), bytes(length)])),
  ];
  const odd = values.map((value): RawRecord => ({ key: Buffer.from(good.key), value, timestamp: START_MS }));
  // Its own time is far ahead: it must not move stream time.
  const ahead: RawRecord[] = [{ key: null, value: null, timestamp: START_MS + 1e10 }];
  return [...odd, ...ahead, ...(source.needsKey ? [{ key: null, value: encoded, timestamp: START_MS }] : [])];
}

describe.each(sources())('what is no record in the topic of $role', (source) => {
  /** The records that come out, and how many odd ones went in. */
  async function outcome(withOddRecords: boolean) {
    const { needsKey, outputs, pipelines, records, role } = source;
    const run = await ApplicationRun.create({ config: { pipelines } });
    const odd = withOddRecords ? oddRecords(source, run) : [];
    const serde = run.serdes[role] as unknown as Serde<unknown>;
    const good = records.map(({ key, value }): RawRecord => {
      return { key: needsKey ? Buffer.from(key) : null, value: Buffer.from(serde.serialize('', value)) };
    });
    const step = Math.max(1, Math.floor(good.length / (odd.length + 1)));
    const all = good.flatMap((record, index) =>
      index % step === 0 && index / step < odd.length ? [record, odd[index / step] as RawRecord] : [record],
    );
    const behind = odd.slice(Math.ceil(good.length / step));
    await run.appendBytes(role, [...all, ...behind]);
    const metrics = await run.drain();
    // Updates of a window depend on when commits are; its last record does not. Several alerts have the key of their scope.
    const results: Record<string, Map<string, unknown>> = {};
    for (const output of outputs) {
      results[output] = new Map((await run.readAll(output)).map(({ key, value }) => [nameOf(key, value), value]));
    }
    const reasons = await run.reasons();
    await run.close();
    return { results, metrics, reasons, odd: odd.length };
  }

  it('is a dead letter with a reason, and changes no result', async () => {
    const undisturbed = await outcome(false);
    const disturbed = await outcome(true);
    expect(disturbed.results).toEqual(undisturbed.results);
    expect(undisturbed.results[source.outputs[0] as string]?.size).toBeGreaterThan(0);
    expect(disturbed.reasons).toHaveLength(disturbed.odd);
    expect(disturbed.reasons.filter((reason) => reason === 'undefined' || reason === '')).toEqual([]);
    expect(disturbed.metrics.deadLetters).toBe(disturbed.odd);
    expect(disturbed.metrics.lateRecords).toBe(undisturbed.metrics.lateRecords);
    expect(disturbed.metrics.recordsConsumed).toBe(undisturbed.metrics.recordsConsumed + disturbed.odd);
  });
});
