import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServiceLogSimulator } from '../../producer/service-log-simulator.js';
import type { Incident, ServiceLog } from '../../schemas/records.js';
import { Millrace, temporaryDirectory } from '../integration/millrace.js';
import { Receiver } from '../unit/notify/receiver.js';
import { until } from '../until.js';

const SECOND_MS = 1000;
/** In seconds of the events: the maintenance of the database, twice, and its faults. */
const MAINTAINED = [
  { from: 300, to: 500 },
  { from: 900, to: 1050 },
] as const;
const OF_MAINTENANCE = { from: 340, to: 420 };
const AFTERWARDS = { from: 640, to: 720 };
const BEYOND = { from: 960, to: 1150 };
const FAULTS = [OF_MAINTENANCE, AFTERWARDS, BEYOND];
/** Of another service, which fails by itself a little later than the database: when it is told, the others were looked at. */
const OF_ANOTHER = [
  { from: 360, to: 400 },
  { from: 980, to: 1020 },
] as const;
const END = 1300;

interface Times {
  readonly from: number;
  readonly to: number;
}

let receiver: Receiver;
let directory: { readonly path: string; remove(): Promise<void> };
beforeEach(async () => {
  receiver = await Receiver.start();
  directory = await temporaryDirectory();
});
afterEach(async () => {
  await receiver.stop();
  await directory.remove();
});

/** Lines of five services; while the database fails, so does the web API, in the same requests. */
function linesFrom(startMs: number): ServiceLog[] {
  const faultOf = (service: string, { from, to }: Times) => {
    const times = { startMs: startMs + from * SECOND_MS, endMs: startMs + to * SECOND_MS };
    return { kind: 'error-burst', service, ...times } as const;
  };
  const faults = [
    ...FAULTS.map((fault) => faultOf('database', fault)),
    ...OF_ANOTHER.map((fault) => faultOf('cache-service', fault)),
  ];
  const simulator = new ServiceLogSimulator({
    ...{ seed: 5, startMs, linesPerSecond: 60, season: 0 },
    faults: faults.sort((one, other) => one.startMs - other.startMs),
  });
  const lines: ServiceLog[] = [];
  while (simulator.arrivalMs < startMs + END * SECOND_MS) {
    const { fault, line } = simulator.next();
    lines.push(line);
    if (fault?.service === 'database')
      lines.push({ ...line, service: 'web-api', source: line.source?.replace('database', 'web-api') ?? null });
  }
  return lines;
}

function calendarOf(startMs: number): string {
  const written = (second: number) => new Date(startMs + second * SECOND_MS).toISOString().replace(/[-:]|\.\d+/g, '');
  const events = MAINTAINED.flatMap(({ from, to }, number) => [
    'BEGIN:VEVENT',
    `UID:${number}`,
    `DTSTAMP:${written(0)}`,
    'SUMMARY:Upgrade of the database',
    `DTSTART:${written(from)}`,
    `DTEND:${written(to)}`,
    'CATEGORIES:MAINTENANCE,service:database',
    'END:VEVENT',
  ]);
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...events, 'END:VCALENDAR', ''].join('\r\n');
}

interface Told {
  readonly data: { readonly incidents: readonly Incident[] };
}

describe('millrace start --calendar --webhook', () => {
  it('does not tell of a service in maintenance, nor of its callers, and tells of both afterwards', async () => {
    // On a whole second, as a calendar has it; and in the past, so that it need not be waited for.
    const startMs = Math.floor(Date.now() / SECOND_MS - 2 * END) * SECOND_MS;
    const all = linesFrom(startMs);
    const input = join(directory.path, 'lines.jsonl');
    const calendar = join(directory.path, 'calendar.ics');
    await writeFile(calendar, calendarOf(startMs));
    const secondOf = (time: number) => (time - startMs) / SECOND_MS;
    const write = (from: number, to: number) => {
      const lines = all.filter(({ timestamp }) => secondOf(timestamp) >= from && secondOf(timestamp) < to);
      return appendFile(input, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    };
    const isOf = ({ opened, scope }: Incident, service: string, { from, to }: Times) =>
      scope === `service/${service}` && secondOf(opened) > from && secondOf(opened) <= to;
    const told = (service: string, times: Times) =>
      (receiver.bodies as Told[]).some(({ data }) => data.incidents.some((one) => isOf(one, service, times)));
    await write(0, 410);
    const millrace = new Millrace([
      ...['start', '--input', input, '--follow', '--log-format', 'json', '--pipelines', 'services'],
      ...['--calendar', calendar, '--webhook', receiver.url, '--no-auth', '--http', '127.0.0.1:0'],
      // That nothing is written for a while is no silence of the services.
      ...['--data-dir', join(directory.path, 'data'), '--no-lake', '--idle', '1h'],
    ]);
    // Its own news of every second are what moves.
    const busy = { patienceMs: 120_000, progress: () => millrace.stdout.length + millrace.stderr.length };
    try {
      const url = await until(() => /http:\/\/127\.0\.0\.1:\d+/.exec(millrace.stdout + millrace.stderr)?.[0], busy);
      const incident = (service: string, times: Times) =>
        until(async () => {
          const { items } = (await (await fetch(`${url}/api/v1/incidents?limit=100`)).json()) as { items: Incident[] };
          return items.find((one) => isOf(one, service, times));
        }, busy);

      await until(() => told('cache-service', MAINTAINED[0]), busy);
      expect((await incident('web-api', MAINTAINED[0])).state).not.toBe('resolved');
      expect(told('web-api', MAINTAINED[0])).toBe(false);

      // It is over before the maintenance is; what fails so afterwards is told of both.
      await write(410, 480);
      await until(async () => (await incident('web-api', MAINTAINED[0])).state === 'resolved', busy);
      await write(480, 710);
      await until(() => told('database', AFTERWARDS) && told('web-api', AFTERWARDS), busy);

      // It goes on when the maintenance is over: then it is told.
      await write(710, 1040);
      await until(() => told('cache-service', MAINTAINED[1]), busy);
      expect((await incident('web-api', MAINTAINED[1])).state).not.toBe('resolved');
      expect(told('web-api', MAINTAINED[1])).toBe(false);
      await write(1040, 1140);
      await until(() => told('web-api', MAINTAINED[1]), busy);

      expect(told('web-api', MAINTAINED[0])).toBe(false);
      expect(MAINTAINED.some((times) => told('database', times))).toBe(false);
    } finally {
      await millrace.kill('SIGTERM');
    }
  });
});
