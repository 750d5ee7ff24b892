/**
 * How fast a file of access logs is read, and the whole job is done with it, beside GoAccess: `npm run
 * bench:access-logs`. The same lines in turn: GoAccess writes its report as JSON; Millrace finds what its goals are and
 * the statistics of hosts, on the embedded log, to the end of the file; and the lines are made events alone, combined and
 * as NGINX's JSON. The whole job is also done with the log of a real site, repeated for months: it has few requests a
 * minute. Seconds are those of the processes, with their starts; the median of the rounds, and the range.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { Random, WeightedChoice, zipfWeights } from '../producer/random.js';
import { TrafficSimulator } from '../producer/traffic-simulator.js';
import { type ReadLines, type Run, rate, readLines } from './read-lines.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const EVENTS_PER_SECOND = 500;
const CLIENTS = 50_000;
const PATHS = 20_000;
const AGENTS = 500;
const BATCH_LINES = 10_000;
const SITE = new URL('../../test/fixtures/access.log.gz', import.meta.url);
const SITE_MS = 4 * 86_400_000;
const PROGRAM = fileURLToPath(new URL('../../bin/millrace.mjs', import.meta.url));
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function clf(ms: number): string {
  const date = new Date(ms);
  const time = date.toISOString().slice(11, 19);
  return `${String(date.getUTCDate()).padStart(2, '0')}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${time} +0000`;
}

/** Writes the same requests as combined lines and as NGINX's JSON. */
async function write(combinedPath: string, jsonPath: string, count: number): Promise<void> {
  const simulator = new TrafficSimulator({
    ...{ seed: 1, startMs: START_MS, eventsPerSecond: EVENTS_PER_SECOND, hosts: 50, clients: CLIENTS },
  });
  const random = new Random(2);
  const pathChoice = new WeightedChoice(zipfWeights(PATHS, 1));
  const agentChoice = new WeightedChoice(zipfWeights(AGENTS, 1));
  const [combined, json] = [await open(combinedPath, 'w'), await open(jsonPath, 'w')];
  for (let written = 0; written < count; ) {
    let combinedText = '';
    let jsonText = '';
    for (let n = 0; n < BATCH_LINES && written < count; n++, written++) {
      const { client_ip, host, method, request_time, status, timestamp } = simulator.next().event;
      const path = pathChoice.draw(random);
      const uri = `/shop/section-${path % 97}/article-${path}.html${path % 5 === 0 ? `?page=${path % 7}&sort=price` : ''}`;
      const agent = `Mozilla/5.0 (X11; Linux x86_64; rv:${agentChoice.draw(random)}.0) Gecko/20100101 Firefox/128.0`;
      const referrer = path % 3 === 0 ? '-' : `https://www.example.org/shop/section-${path % 89}`;
      const bytes = 200 + random.below(40_000);
      const request = `${method} ${uri} HTTP/1.1`;
      combinedText += `${client_ip} - - [${clf(timestamp)}] "${request}" ${status} ${bytes} "${referrer}" "${agent}"\n`;
      jsonText += `${JSON.stringify({
        ...{ time_iso8601: new Date(timestamp).toISOString().replace(/\.\d+Z/, '+00:00'), remote_addr: client_ip },
        ...{ host, request, status: String(status), body_bytes_sent: String(bytes) },
        ...{ request_time: String(request_time), http_referer: referrer, http_user_agent: agent },
      })}\n`;
    }
    await combined.write(combinedText);
    await json.write(jsonText);
  }
  await combined.close();
  await json.close();
}

/** Writes the four days of a site again and again, each time four days later. */
function writeSite(path: string, count: number): void {
  const lines = gunzipSync(readFileSync(SITE)).toString('latin1').trimEnd().split('\n');
  const texts: string[] = [];
  for (let written = 0; written < count; written++) {
    const line = lines[written % lines.length] as string;
    const laterMs = Math.floor(written / lines.length) * SITE_MS;
    const day = (_: string, date: string, month: string, year: string) => {
      const ms = Date.UTC(Number(year), MONTHS.indexOf(month), Number(date)) + laterMs;
      return clf(ms).slice(0, '31/Jan/2026'.length);
    };
    texts.push(line.replace(/(\d\d)\/(\w{3})\/(\d{4})/, day), '\n');
  }
  writeFileSync(path, texts.join(''), 'latin1');
}

/** What a command takes, by the shell's `time`. */
function timed(...command: readonly string[]): Run {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1 || exit 9';
  const { status, stderr } = spawnSync('bash', ['-c', script, '-', ...command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')} failed`);
  const [seconds = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return { seconds, cpuSeconds: user + system };
}

function goAccess(log: string, directory: string): Run {
  return timed('goaccess', log, '--log-format=COMBINED', '--no-global-config', '-o', join(directory, 'report.json'));
}

function millrace(log: string, directory: string): Run {
  const dataDir = mkdtempSync(join(directory, 'data-'));
  const job = ['--pipelines', 'goals,web-statistics', '--once', '--input', log, '--data-dir', dataDir];
  try {
    return timed(process.execPath, PROGRAM, 'start', ...job);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function parsing(log: string, count: number): Run {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'parse', log], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  const run = JSON.parse(child.stdout) as ReadLines;
  if (run.requests !== count) throw new Error(`${run.requests} requests of ${count} lines`);
  return run;
}

async function bench(count: number, rounds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const [combined, json] = [join(directory, 'access.log'), join(directory, 'access.json')];
    const site = join(directory, 'site.log');
    await write(combined, json, count);
    writeSite(site, count);
    const version = spawnSync('goaccess', ['--version'], { encoding: 'utf8' }).stdout?.split('\n')[0];
    if (version === undefined) console.error('goaccess is not installed: it is left out');
    const peer: Record<string, () => Run> = {
      [`${version}`]: () => goAccess(combined, directory),
      [`${version}, a site's log`]: () => goAccess(site, directory),
    };
    const subjects: Record<string, () => Run> = {
      ...(version === undefined ? {} : peer),
      'Millrace, goals and web statistics': () => millrace(combined, directory),
      "Millrace, a site's log": () => millrace(site, directory),
      'combined lines to events': () => parsing(combined, count),
      "NGINX's JSON to events": () => parsing(json, count),
    };
    const runs = new Map<string, Run[]>(Object.keys(subjects).map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, subject] of Object.entries(subjects)) runs.get(name)?.push(subject());
    }
    console.log(`${count.toLocaleString('en-US')} lines, ${rounds} rounds\n`);
    console.log('| | lines/s of processor time | lines/s |\n| --- | ---: | ---: |');
    for (const [name, taken] of runs) {
      const [cpu, wall] = [taken.map(({ cpuSeconds }) => cpuSeconds), taken.map(({ seconds }) => seconds)];
      console.log(`| ${name} | ${rate(count, cpu)} | ${rate(count, wall)} |`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { lines: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '5' } },
});
const [step, path = ''] = positionals;
if (step === 'parse') process.stdout.write(JSON.stringify(await readLines(path)));
else await bench(Number(values.lines), Number(values.rounds));
