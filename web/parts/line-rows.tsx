import type { CSSProperties } from 'react';
import { Link } from 'wouter';
import type { LogLine } from '../api/client.js';
import { Level } from './status.js';
import { day, isOfDay, number, timeOfDayMs } from './wording.js';

/** The host of requests whose log does not say which. */
const UNKNOWN = 'unknown';

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

const isRead = (value: unknown): boolean => text(value) !== '';

const CHARACTER_PX = 6.25;

/** How the times of lines are written and how wide that is: with the day as soon as one of them is of another day than today. */
export function timeColumnOf(lines: readonly LogLine[]): { format: (time: number) => string; widthPx: number } {
  // They are in the order of time, one way or the other.
  const ends = [lines[0], lines.at(-1)].flatMap((line) => (line === undefined ? [] : [line.time]));
  if (ends.every((time) => isOfDay(time)))
    return { format: timeOfDayMs, widthPx: '00:00:00.000'.length * CHARACTER_PX };
  const format = (time: number) => `${day(time)} ${timeOfDayMs(time)}`;
  return { format, widthPx: Math.max(...ends.map((time) => format(time).length)) * CHARACTER_PX };
}

/** What a line says in one row, whatever it is of. */
export function saidBy(line: LogLine): string {
  const { message, path, query, reason, request, sensor_id: sensor, uri } = line;
  if (line.kind === 'sensors') {
    const { pressure, temperature, value } = line;
    const read = [isRead(temperature) ? `${text(temperature)} °C` : undefined, pressure, value]
      .filter(isRead)
      .map(text);
    return `${text(sensor)} ${read.join(', ')}`;
  }
  if (line.kind === 'requests') {
    // What is asked for is the longest, and stands where it can be cut.
    const asked = text(query) === '' ? text(path) : `${text(path)}?${text(query)}`;
    const host = line['host'] === UNKNOWN && asked !== '' ? '' : text(line['host']);
    return `${text(line['client_ip'])} ${text(line['method'])} ${host}${asked}`;
  }
  return text(message) || text(reason) || text(request) || text(path) || text(uri);
}

export function millisecondsOf(line: LogLine): number | undefined {
  const { request_time: seconds, response_time: ms } = line;
  if (typeof ms === 'number') return ms;
  return typeof seconds === 'number' ? seconds * 1000 : undefined;
}

export const isFailure = (status: unknown): boolean => typeof status === 'number' && status >= 500;

interface LineRowsProps {
  readonly lines: readonly LogLine[];
  readonly hrefOf: (line: LogLine) => string;
  readonly wide?: boolean;
}

/** Lines, each a link to itself in Logs. */
export function LineRows({ hrefOf, lines, wide: hasRoom = false }: LineRowsProps) {
  // What a request says has its method, and is long.
  const wide = hasRoom && lines.some(({ kind }) => kind !== 'requests');
  const { format: timeIn, widthPx } = timeColumnOf(lines);
  return (
    <ol className={`lines mono ${wide ? 'wide' : ''}`} style={{ '--time': `${widthPx}px` } as CSSProperties}>
      {lines.map((line) => {
        const ms = millisecondsOf(line);
        const place = text(line['endpoint']) || text(line['country']);
        return (
          <li key={line.id}>
            <Link href={hrefOf(line)} title={`${text(line['request_id'])}  ${text(line['source'])}`}>
              <span className="dim">{timeIn(line.time)}</span>
              <Level level={line['level']} />
              <span className="ell">{saidBy(line)}</span>
              {wide && <span className="t2 ell">{text(line['method'])}</span>}
              <span className="t2 ell">{place}</span>
              <span className={isFailure(line['status']) ? 'critical-t' : 't2'}>{text(line['status'])}</span>
              <span className="num">{ms === undefined ? '' : number(Math.round(ms))}</span>
              {wide && <span className="t2 ell">{text(line['source'])}</span>}
            </Link>
          </li>
        );
      })}
    </ol>
  );
}
