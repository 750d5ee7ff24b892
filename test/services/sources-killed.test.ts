import { spawn } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Random } from '../../producer/random.js';
import { SensorSimulator } from '../../producer/sensor-simulator.js';
import { ServiceLogSimulator } from '../../producer/service-log-simulator.js';
import { TrafficSimulator } from '../../producer/traffic-simulator.js';
import { temporaryDirectory } from '../integration/millrace.js';
import { ApplicationRun } from '../reference/run-application.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PARTITIONS = 3;
const KILLS = 8;
const LONGEST_LIFE_MS = 700;
const MINUTES = 20;
const START_MS = Date.UTC(2026, 0, 1, 9);
const PIPELINES = ['web-statistics', 'sensors', 'services'] as const;
const RESULTS = ['webStatistics', 'sensorScores', 'serviceHealth', 'alerts'] as const;

/** The application in a process of its own, to the end of what is in the log. */
const PROGRAM = `
  import { EmbeddedLog } from './dist/streams/log/embedded/embedded-log.js';
  import { Streams } from './dist/streams/index.js';
  import { applicationTopology } from './dist/topology/application.js';
  import { DEFAULT_APPLICATION_CONFIG } from './dist/topology/application-config.js';
  import { registerSerdes } from './dist/topology/serdes.js';
  const { log: directory, state, pipelines } = JSON.parse(process.argv[1]);
  const schemas = [];
  const registry = { register: async (_subject, schema) => schemas.push(schema), schemaById: (id) => schemas[id - 1] };
  const config = { ...DEFAULT_APPLICATION_CONFIG, pipelines, watchesClock: false };
  const serdes = await registerSerdes(registry, config.topics);
  const log = await EmbeddedLog.open({ directory });
  const options = { applicationId: 'application', log, stateDirectory: state, commitInterval: 20 };
  const streams = new Streams(applicationTopology(config, serdes), options);
  await streams.start();
  await streams.drain();
  await streams.close();
  await log.close();
`;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(() => directory.remove());

/** Runs the application, to its end or to the kill. @returns whether it came to its end */
async function runApplication(name: string, killAfterMs?: number): Promise<boolean> {
  const place = { log: join(directory.path, name, 'log'), state: join(directory.path, name, 'state') };
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', PROGRAM, JSON.stringify({ ...place, pipelines: PIPELINES })],
    { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const code = await ended;
  clearTimeout(timer);
  return code === 0;
}

async function writeSources(path: string): Promise<void> {
  const run = await ApplicationRun.create({
    config: { pipelines: PIPELINES },
    partitions: PARTITIONS,
    log: await EmbeddedLog.open({ directory: path }),
  });
  const options = { seed: 6, startMs: START_MS };
  const isOver = ({ arrivalMs }: { readonly arrivalMs: number }) => arrivalMs >= START_MS + MINUTES * 60_000;
  const traffic = new TrafficSimulator({ ...options, eventsPerSecond: 50 });
  const services = new ServiceLogSimulator({ ...options, linesPerSecond: 100 });
  const sensors = new SensorSimulator({ ...options, readingsPerSecond: 10 });
  const all = <V>(simulator: { readonly arrivalMs: number }, next: () => V): V[] => {
    const values: V[] = [];
    while (!isOver(simulator)) values.push(next());
    return values;
  };
  await run.append(
    'accessLog',
    all(traffic, () => traffic.next().event),
    ({ client_ip }) => client_ip,
  );
  await run.append(
    'serviceLogs',
    all(services, () => services.next().line),
    ({ service }) => service,
  );
  await run.append(
    'sensorReadings',
    all(sensors, () => sensors.next().reading),
    ({ sensor_id }) => sensor_id,
  );
  await run.close();
}

/**
 * What each results' topic holds, in the order of the keys; a key's records are in their own order. Alerts of one scope come
 * from several tasks: they are in the order of their ids.
 */
async function resultsOf(name: string): Promise<Record<string, unknown[]>> {
  const run = await ApplicationRun.create({
    config: { pipelines: PIPELINES },
    partitions: PARTITIONS,
    log: await EmbeddedLog.open({ directory: join(directory.path, name, 'log') }),
  });
  const results: Record<string, unknown[]> = {};
  for (const role of RESULTS) {
    const records = await run.read(role);
    const named = records.map(({ key, value }) => ({ name: 'id' in value ? value.id : key, value }));
    results[role] = named.toSorted((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)));
  }
  await run.close();
  return results;
}

it('statistics, scores and alerts are the same after kills as without', { timeout: 180_000 }, async () => {
  const random = new Random(4);
  await writeSources(join(directory.path, 'whole', 'log'));
  await cp(join(directory.path, 'whole'), join(directory.path, 'killed'), { recursive: true });
  expect(await runApplication('whole')).toBe(true);
  let kills = 0;
  for (; kills < KILLS; kills++) {
    if (await runApplication('killed', 300 + random.below(LONGEST_LIFE_MS))) break;
  }
  expect(kills).toBeGreaterThan(0);
  expect(await runApplication('killed')).toBe(true);
  const [killed, whole] = [await resultsOf('killed'), await resultsOf('whole')];
  for (const role of RESULTS) {
    expect(whole[role]?.length, role).toBeGreaterThan(0);
    expect(killed[role], role).toEqual(whole[role]);
  }
});
