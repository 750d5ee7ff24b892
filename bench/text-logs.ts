/**
 * How fast lines of services' logs are made events, as common libraries write them: `npm run bench:text-logs`. Each kind
 * is read in a process of its own, the kinds in turn; the median of the rounds, and the range.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ServiceLogSimulator } from '../producer/service-log-simulator.js';
import type { ServiceLog } from '../schemas/records.js';
import { type ReadLines, rate, readLines } from './read-lines.js';

const START_MS = Date.UTC(2026, 0, 1, 9);
const LINES_PER_SECOND = 200;

/** A time as ISO 8601 has it, with a space and a comma where those are wanted. */
const iso = (ms: number) => new Date(ms).toISOString();
const spaced = (ms: number) => iso(ms).replace('T', ' ').slice(0, 19);
const thousandths = (ms: number) => String(ms % 1000).padStart(3, '0');

const KINDS: Readonly<Record<string, (line: ServiceLog, number: number) => string>> = {
  logback: ({ level, message, service, timestamp }, number) =>
    `${spaced(timestamp)},${thousandths(timestamp)} [exec-${number % 8}] ${level.padEnd(5)} com.shop.${service} - ${message}`,
  'Spring Boot': ({ level, message, service, timestamp }, number) =>
    `${iso(timestamp)} ${level.padStart(5)} 4242 --- [${service}] [    exec-${number % 8}] com.shop.Orders : ${message}`,
  'logging of Python': ({ level, message, service, timestamp }) =>
    `${spaced(timestamp)},${thousandths(timestamp)} - shop.${service} - ${level} - ${message}`,
  'log of Go': ({ message, timestamp }) => `${spaced(timestamp).replaceAll('-', '/')} ${message}`,
  logfmt: ({ level, message, service, timestamp }) =>
    `time=${iso(timestamp)} level=${level.toLowerCase()} service=${service} msg=${JSON.stringify(message)}`,
  pino: ({ message, service, timestamp }) =>
    JSON.stringify({ level: 30, time: timestamp, pid: 42, hostname: 'web-1', name: service, msg: message }),
};

function write(path: string, count: number, textOf: (line: ServiceLog, number: number) => string): void {
  const simulator = new ServiceLogSimulator({ seed: 1, startMs: START_MS, linesPerSecond: LINES_PER_SECOND });
  writeFileSync(
    path,
    Array.from({ length: count }, (_, number) => `${textOf(simulator.next().line, number)}\n`).join(''),
  );
}

function readApart(path: string): ReadLines {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'read', path], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as ReadLines;
}

function bench(count: number, rounds: number): void {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const names = Object.keys(KINDS);
    const fileOf = (name: string) => join(directory, `${names.indexOf(name)}.log`);
    for (const [name, textOf] of Object.entries(KINDS)) write(fileOf(name), count, textOf);
    const taken = new Map<string, number[]>(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        const { cpuSeconds, serviceLogs } = readApart(fileOf(name));
        if (serviceLogs === 0) throw new Error(`no event of ${count} lines of ${name}`);
        taken.get(name)?.push(cpuSeconds);
      }
    }
    console.log(`${count.toLocaleString('en-US')} lines, ${rounds} rounds\n`);
    console.log('| | lines/s of processor time |\n| --- | ---: |');
    for (const [name, cpuSeconds] of taken) console.log(`| ${name} | ${rate(count, cpuSeconds)} |`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { lines: { type: 'string', default: '200000' }, rounds: { type: 'string', default: '3' } },
});
const [step, path = ''] = positionals;
if (step === 'read') process.stdout.write(JSON.stringify(await readLines(path)));
else bench(Number(values.lines), Number(values.rounds));
