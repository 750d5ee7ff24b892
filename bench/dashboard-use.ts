/**
 * What the dashboard's page and its server hold while somebody uses it: `npm run bench:dashboard`. A browser goes from page
 * to page over a pipeline that runs; once a minute garbage is collected and what is left is measured. With one page alone,
 * such as `-- --pages logs --minutes 1 --log-rate 5000 --trace`, it stays there; the trace tells the processor time of its
 * tasks, which a busy machine does not make longer, and what those over 50 ms did. Needs Chromium.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CDPSession, chromium, type Page } from 'playwright-core';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    'log-rate': { type: 'string', default: '1000' },
    pages: { type: 'string', default: 'overview,logs,services,pipeline,incidents,sql,alerts' },
    port: { type: 'string', default: '4880' },
    trace: { type: 'boolean', default: false },
  },
});
const PROGRAM = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url));
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const KEYS: Readonly<Record<string, string>> = {
  ...{ overview: 'o', logs: 'l', services: 's', pipeline: 'p', incidents: 'i', sql: 'q', alerts: 'a' },
};
/** Pages that no key leads to, which are measured alone. */
const KEYLESS = ['hosts', 'sensors', 'goals'];
const PAGE_MS = 6_000;
const LONG_MS = 50;
const MINUTE_MS = 60_000;
const WITHIN_MS = 120_000;

/** What is left once garbage is collected. */
interface Held {
  readonly minute: number;
  readonly heap: number;
  readonly nodes: number;
  readonly listeners: number;
  /** Of the process that serves HTTP, and of the pipeline, in bytes (RSS). */
  readonly server: number;
  readonly pipeline: number;
  readonly longTasks: number;
  readonly longestMs: number;
}

/** A task of the page's main thread, as Chromium traces it; in microseconds. */
interface TracedTask {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly args?: { readonly name?: string };
  readonly ts?: number;
  readonly dur?: number;
  /** Of the processor: what the task itself took, also while others had the machine. */
  readonly tdur?: number;
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const rssOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

/** The child of the pipeline that serves HTTP. */
function serverOf(pipeline: number): number {
  const children = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const isChild = new RegExp(`^PPid:\\s+${pipeline}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      return isChild && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('serve-process');
    } catch {
      // It has ended.
      return false;
    }
  });
  if (children[0] === undefined) throw new Error('The pipeline has no process that serves HTTP.');
  return Number(children[0]);
}

/** One round of all pages: a line is opened where there are lines. */
async function use(page: Page, names: readonly string[], until: number): Promise<void> {
  do {
    for (const name of names) {
      if (Date.now() >= until) return;
      if (names.length > 1) {
        await page.keyboard.press('g');
        await page.keyboard.press(KEYS[name] ?? 'o');
        await wait(PAGE_MS / 2);
        if (name === 'logs') {
          await page.keyboard.press('j');
          await wait(1_000);
          await page.keyboard.press('Escape');
          await page.keyboard.press('p');
        }
      }
      await wait(PAGE_MS / 2);
    }
  } while (Date.now() < until);
}

async function heldBy(session: CDPSession, page: Page, minute: number, pids: readonly [number, number]): Promise<Held> {
  // To collect all garbage at once is a long task, and none of the page's use.
  const tasks = await page.evaluate<number[]>('globalThis.longTasks.splice(0)');
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
  await page.evaluate('globalThis.longTasks.length = 0');
  return {
    ...{ minute, heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') },
    ...{ server: rssOf(pids[0]), pipeline: rssOf(pids[1]) },
    ...{ longTasks: tasks.length, longestMs: Math.max(0, ...tasks) },
  };
}

async function urlIn(said: () => string, pipeline: ChildProcess): Promise<string> {
  const until = Date.now() + WITHIN_MS;
  while (Date.now() < until && pipeline.exitCode === null) {
    const url = /dashboard: (http:\/\/[\d.:]+)/.exec(said())?.[1];
    if (url !== undefined) return url;
    await wait(50);
  }
  throw new Error(`The pipeline did not start:\n${said()}`);
}

interface LongTask {
  readonly cpuMs: number;
  readonly did: string;
}

interface Traced {
  readonly tasks: number;
  readonly cpuSeconds: number;
  readonly longestMs: number;
  readonly long: readonly LongTask[];
}

/** Of all threads that draw pages, what their tasks took of the processor, and what the long ones did. */
function traced(trace: Buffer): Traced {
  const { traceEvents: events } = JSON.parse(trace.toString()) as { traceEvents: readonly TracedTask[] };
  const threadOf = ({ pid, tid }: TracedTask) => `${pid}/${tid}`;
  const drawing = new Set(
    events.filter(({ args, name }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(threadOf),
  );
  const all = events.filter((event) => event.tdur !== undefined && drawing.has(threadOf(event)));
  const isTask = ({ name }: TracedTask) => name.endsWith('RunTask');
  const tasks = all.filter(isTask);
  const cpuMs = ({ tdur = 0 }: TracedTask) => tdur / 1000;
  const within = (task: TracedTask) =>
    all
      .filter((one) => !isTask(one) && threadOf(one) === threadOf(task))
      .filter(({ ts = 0 }) => ts >= (task.ts ?? 0) && ts < (task.ts ?? 0) + (task.dur ?? 0))
      .toSorted((one, other) => cpuMs(other) - cpuMs(one))
      .slice(0, 4)
      .map((one) => `${one.name} ${cpuMs(one).toFixed(0)} ms`);
  return {
    tasks: tasks.length,
    cpuSeconds: tasks.reduce((sum, task) => sum + cpuMs(task), 0) / 1000,
    longestMs: tasks.reduce((most, task) => Math.max(most, cpuMs(task)), 0),
    long: tasks
      .filter((task) => cpuMs(task) > LONG_MS)
      .map((task) => ({ cpuMs: cpuMs(task), did: within(task).join(', ') })),
  };
}

const OBSERVE = `globalThis.longTasks = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) globalThis.longTasks.push(duration);
}).observe({ type: 'longtask', buffered: true });`;

const mb = (value: number): string => `${(value / 1e6).toFixed(1)} MB`;

async function main(): Promise<void> {
  if (CHROMIUM === undefined) throw new Error('There is no Chromium at /usr/bin.');
  const names = values.pages.split(',');
  const known = [...Object.keys(KEYS), ...(names.length === 1 ? KEYLESS : [])];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no page ${unknown}; there are ${known.join(', ')}.`);
  const directory = mkdtempSync(join(tmpdir(), 'millrace-dashboard-'));
  const args = ['start', '--no-auth', '--data-dir', directory, '--http', `127.0.0.1:${values.port}`];
  const pipeline = spawn('node', [PROGRAM, ...args, '--log-rate', values['log-rate'], '--seed', '1'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [pipeline.stdout, pipeline.stderr]) stream.on('data', (text: Buffer) => (said += text));
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const url = await urlIn(() => said, pipeline);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.addInitScript(OBSERVE);
    await page.goto(`${url}/${names.length === 1 && names[0] !== 'overview' ? names[0] : ''}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await wait(5_000);
    // What loading took is not of its use.
    await page.evaluate('globalThis.longTasks.length = 0');
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const pids = [serverOf(pipeline.pid ?? 0), pipeline.pid ?? 0] as const;
    console.log('minute  heap of the page  nodes  listeners  server  pipeline  tasks over 50 ms  longest');
    if (values.trace) await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'v8'] });
    let trace: Traced | undefined;
    const usedSince = Date.now();
    for (let minute = 1; minute <= Number(values.minutes); minute++) {
      await use(page, names, usedSince + minute * MINUTE_MS);
      if (names.length > 1) {
        await page.keyboard.press('g');
        await page.keyboard.press('o');
        await wait(2_000);
      }
      if (values.trace && minute === Number(values.minutes)) trace = traced(await browser.stopTracing());
      const held = await heldBy(session, page, minute, pids);
      const columns = [held.minute, mb(held.heap), held.nodes, held.listeners, mb(held.server), mb(held.pipeline)];
      console.log([...columns, held.longTasks, `${held.longestMs.toFixed(0)} ms`].join('  '));
    }
    if (trace !== undefined) {
      const lines = await page
        .locator('[role=grid]')
        .first()
        .getAttribute('aria-rowcount', { timeout: 1_000 })
        .catch(() => null);
      if (lines !== null) console.log(`${lines} rows in the list`);
      const { cpuSeconds, long, longestMs, tasks } = trace;
      console.log(
        `${tasks} tasks, ${cpuSeconds.toFixed(1)} s of processor time; ${long.length} over ${LONG_MS} ms, the longest ${longestMs.toFixed(0)} ms`,
      );
      for (const { cpuMs, did } of long) console.log(`  ${cpuMs.toFixed(0)} ms: ${did}`);
    }
  } finally {
    await browser.close();
    const exited = new Promise((resolve) => pipeline.once('exit', resolve));
    pipeline.kill('SIGTERM');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
