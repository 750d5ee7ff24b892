/**
 * Whether memory, open files and disk stay flat: `npm run bench:soak`, and `-- --minutes 60` for a day compressed to an hour.
 * A pipeline over simulated traffic, with all its processes, is read each second over HTTP; what is stored is kept for
 * minutes, so that it has to go again. Linux only.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '500' },
    'log-rate': { type: 'string', default: '200' },
    retention: { type: 'string', default: '2m' },
    'lake-size': { type: 'string', default: '50MB' },
  },
});

const PROGRAM = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url));
const MINUTE_MS = 60_000;
const LOOK_MS = 5000;
const READ_MS = 1000;
const PATHS = ['/api/v1/topology/metrics', '/api/v1/incidents', '/api/v1/topics', '/api/v1/services', '/metrics'];
/** Places in the data directory that are told by themselves; the rest is told together. */
const PLACES = ['log', 'state', 'lake'] as const;

interface Look {
  readonly minute: number;
  /** Of all processes together. */
  readonly memoryMb: number;
  readonly openFiles: number;
  readonly processes: number;
  readonly logMb: number;
  readonly stateMb: number;
  readonly lakeMb: number;
  readonly restMb: number;
}

const COLUMNS: readonly (keyof Look)[] = [
  ...(['minute', 'processes', 'memoryMb', 'openFiles'] as const),
  ...(['logMb', 'stateMb', 'lakeMb', 'restMb'] as const),
];

/** The process and all that it has started. */
function family(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = readOf(`/proc/${name}/stat`)
      ?.replace(/^.*\) \S /s, '')
      .split(' ')[0];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const members = [pid];
  for (const member of members) {
    for (const [child, parent] of parents) if (parent === member) members.push(child);
  }
  return members;
}

/** Undefined when the process has ended meanwhile. */
function readOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readOf(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024;
}

function openFilesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** What files take on disk; files that go while they are counted count as nothing. */
function sizeOf(directory: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return bytes;
}

function look(pid: number, directory: string, startedAt: number): Look {
  const pids = family(pid);
  const sum = (of: (pid: number) => number) => pids.reduce((total, one) => total + of(one), 0);
  const mb = (bytes: number) => Math.round(bytes / 1e5) / 10;
  const [log = 0, state = 0, lake = 0] = PLACES.map((place) => sizeOf(join(directory, place)));
  return {
    minute: Math.round((performance.now() - startedAt) / MINUTE_MS),
    ...{ processes: pids.length, memoryMb: mb(sum(memoryOf)), openFiles: sum(openFilesOf) },
    ...{ logMb: mb(log), stateMb: mb(state), lakeMb: mb(lake), restMb: mb(sizeOf(directory) - log - state - lake) },
  };
}

/** Reads what a dashboard and Prometheus read, for as long as the pipeline runs. @returns requests that were not answered */
async function read(url: string, stop: AbortSignal): Promise<number> {
  let failed = 0;
  for (let turn = 0; !stop.aborted; turn++) {
    const path = PATHS[turn % PATHS.length] ?? '';
    const isRead = await fetch(url + path, { signal: AbortSignal.timeout(MINUTE_MS) })
      .then(async (response) => {
        await response.arrayBuffer();
        return response.ok;
      })
      .catch(() => false);
    if (!isRead && !stop.aborted) failed++;
    await delay(READ_MS, undefined, { signal: stop }).catch(() => {});
  }
  return failed;
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell) => String(cell).padStart(11)).join('');
}

function mean(looks: readonly Look[], column: keyof Look): number {
  return looks.reduce((sum, one) => sum + one[column], 0) / looks.length;
}

async function soak(directory: string): Promise<void> {
  const running = spawn(
    process.execPath,
    [
      ...[PROGRAM, 'start', '--data-dir', directory, '--http', '127.0.0.1:0', '--no-auth'],
      ...['--rate', values.rate, '--log-rate', values['log-rate'], '--retention', values.retention],
      ...['--lake-size', values['lake-size']],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
  );
  const ended = new Promise<number | null>((resolve) => running.once('close', resolve));
  let last = '';
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: running.stderr }).on('line', (line) => {
      last = line;
      const [, found] = /dashboard: (http:\/\/[^/\s]+)/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`the pipeline has ended: ${last}`)));
  });
  const stop = new AbortController();
  const reading = read(url, stop.signal);
  const looks: Look[] = [];
  const startedAt = performance.now();
  const untilMs = Number(values.minutes) * MINUTE_MS;
  console.log(row(COLUMNS));
  while (performance.now() - startedAt < untilMs && running.exitCode === null) {
    await delay(LOOK_MS);
    const now = look(running.pid ?? 0, directory, startedAt);
    if (looks.at(-1)?.minute !== now.minute) console.log(row(COLUMNS.map((column) => now[column])));
    looks.push(now);
  }
  stop.abort();
  const failed = await reading;
  running.kill('SIGTERM');
  const code = await ended;
  const third = Math.floor(looks.length / 3);
  const [middle, late] = [looks.slice(third, 2 * third), looks.slice(2 * third)];
  console.log('\nmean of the second third, of the last third, and the change:');
  for (const column of COLUMNS.slice(1)) {
    const [before, after] = [mean(middle, column), mean(late, column)];
    const change = before === 0 ? '' : `${(100 * (after / before - 1)).toFixed(1)} %`;
    console.log(row([column, before.toFixed(1), after.toFixed(1), change]));
  }
  console.log(`\nexit code ${code}; ${failed} requests without an answer; load ${loadavg()[0]?.toFixed(0)}; ${last}`);
}

const directory = mkdtempSync(join(tmpdir(), 'millrace-soak-'));
try {
  await soak(directory);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
