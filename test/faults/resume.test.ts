import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedLog } from '@millrace/streams/embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../producer/random.js';
import { TrafficSimulator } from '../../producer/traffic-simulator.js';
import type { AccessLog } from '../../schemas/records.js';
import { SchemaDirectory } from '../../schemas/schema-directory.js';
import { DEFAULT_GOAL_CONFIG } from '../../topology/goals/goal-config.js';
import { registerSerdes } from '../../topology/serdes.js';
import { Millrace, millrace, temporaryDirectory } from '../integration/millrace.js';
import { expectSameGoals } from '../reference/expect-goals.js';
import { referenceGoals } from '../reference/goals.js';
import { partitioned, readGoals } from '../reference/run-goals.js';

const EVENTS = 200_000;
const PARTITIONS = 4;

/** Makes a directory a file system of its own, or gives one another size. */
function mountSmall(path: string, megabytes: number, ...options: readonly string[]): boolean {
  const all = ['size', `${megabytes}m`].join('=');
  return spawnSync('mount', ['-t', 'tmpfs', '-o', [all, ...options].join(','), 'none', path]).status === 0;
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let events: AccessLog[];
let args: string[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  const simulator = new TrafficSimulator({
    seed: 5,
    startMs: Date.UTC(2026, 0, 1, 12),
    eventsPerSecond: 500,
    clients: 2000,
    // Beyond the grace period: what is late must be late also when a restart came between.
    disorderMs: 12_000,
    belowThresholds: false,
  });
  events = Array.from({ length: EVENTS }, () => simulator.next().event);
  const input = join(directory.path, 'events.json');
  const lines = events.map(({ timestamp, ...event }) => JSON.stringify({ ...event, '@timestamp': timestamp / 1000 }));
  await writeFile(input, `${lines.join('\n')}\n`);
  args = ['start', '--input', input, '--once', '--data-dir', join(directory.path, 'data')];
  args.push('--grace', '5s', '--partitions', String(PARTITIONS), '--commit-interval', '20ms');
});

afterEach(() => directory.remove());

/** Runs to the end, then compares every goal topic with the reference. */
async function finishAndCheck(): Promise<void> {
  const last = await millrace(args);
  expect(last.code, last.stderr).toBe(0);
  const log = await EmbeddedLog.open({ directory: join(directory.path, 'data', 'log') });
  const schemas = new SchemaDirectory(join(directory.path, 'data', 'schemas.json'));
  const serdes = await registerSerdes(schemas, DEFAULT_GOAL_CONFIG.topics);
  const actual = await readGoals(log, DEFAULT_GOAL_CONFIG, serdes);
  let raw = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    raw += await log.endOffset({ topic: DEFAULT_GOAL_CONFIG.topics.accessLog, partition });
  }
  await log.close();
  expect(raw).toBe(EVENTS);
  const expected = referenceGoals(partitioned(events, PARTITIONS), { graceMs: 5000 });
  expectSameGoals(actual, expected);
  expect(actual.records[3]).toBe(expected.goal3.size);
  expect(actual.records[4]).toBe(expected.goal4.size);
}

describe('a pipeline over a file that does not run through', () => {
  it('loses nothing and doubles nothing when it is killed twenty times', async () => {
    const random = new Random(20);
    let killed = 0;
    for (let kill = 0; kill < 20; kill++) {
      const run = new Millrace(args);
      await delay(350 + random.below(400));
      const { signal } = await run.kill('SIGKILL');
      if (signal === 'SIGKILL') killed++;
    }
    expect(killed).toBeGreaterThan(0);
    await finishAndCheck();
  });

  it('loses nothing and doubles nothing when its disk is full for a time', async (test) => {
    const data = join(directory.path, 'data');
    await mkdir(data);
    if (!mountSmall(data, 8)) test.skip('a file system of a given size cannot be mounted here: it takes root');
    try {
      const full = await millrace(args);
      expect(full.code).toBe(1);
      expect(full.stderr).toMatch(/the disk is full|No space left/);
      expect(full.stderr).not.toMatch(/^\s+at /m);
      mountSmall(data, 400, 'remount');
      await finishAndCheck();
    } finally {
      spawnSync('umount', [data]);
    }
  });

  it('goes on where it stopped when it is told to stop several times', async () => {
    const random = new Random(21);
    for (let stop = 0; stop < 5; stop++) {
      const run = new Millrace(args);
      await delay(500 + random.below(400));
      await run.kill('SIGTERM');
    }
    await finishAndCheck();
  });
});
