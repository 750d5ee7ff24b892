import type { ReactNode } from 'react';
import type { LogLine } from '../../api/client.js';
import { isFailure, millisecondsOf, saidBy } from '../../parts/line-rows.js';
import { number } from '../../parts/wording.js';

/** One column of the list of lines, beside time and level, which are always there. */
export interface LineColumn {
  readonly name: string;
  readonly width: string;
  readonly isNumber?: boolean;
  readonly className: (line: LogLine) => string;
  readonly cell: (line: LogLine) => ReactNode;
}

const REST = 'minmax(0, 1fr)';
const FIELD_WIDTH = '114px';
/** They stand in the list without being chosen, or are no words of a line. */
const NOT_CHOSEN = new Set(['id', 'kind', 'level', 'time', 'timestamp']);
const LOOKED_AT = 200;

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** What is shown until others are chosen: those of one name mean about the same in lines of each kind. */
const USUAL: readonly LineColumn[] = [
  { name: 'message', width: REST, className: () => 'ell', cell: saidBy },
  { name: 'method', width: '40px', className: () => 't2 ell', cell: (line) => text(line['method']) },
  {
    name: 'endpoint',
    width: '102px',
    className: () => 't2 ell',
    cell: (line) => text(line['endpoint']) || text(line['host']),
  },
  {
    name: 'status',
    width: '36px',
    className: (line) => (isFailure(line['status']) ? 'critical-t' : 't2'),
    cell: (line) => text(line['status']),
  },
  {
    name: 'ms',
    width: '46px',
    isNumber: true,
    className: () => 'num',
    cell(line) {
      const ms = millisecondsOf(line);
      return ms === undefined ? '' : number(Math.round(ms * 10) / 10);
    },
  },
  {
    name: 'source',
    width: FIELD_WIDTH,
    className: () => 't2 ell',
    cell: (line) => text(line['source']) || text(line['country']),
  },
];

export const USUAL_NAMES: readonly string[] = USUAL.map(({ name }) => name);

/** Columns as the URL names them, divided by commas; without any, those that are usual. */
export function namesIn(columns: string | null): readonly string[] {
  const names = (columns ?? '').split(',').filter((name) => name !== '');
  return names.length === 0 ? USUAL_NAMES : [...new Set(names)];
}

export function columnsOf(names: readonly string[]): readonly LineColumn[] {
  return names.map((name) => USUAL.find((one) => one.name === name) ?? columnOfField(name));
}

function columnOfField(name: string): LineColumn {
  return {
    name,
    width: FIELD_WIDTH,
    className: () => 't2 ell',
    cell: ({ [name]: value }) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : text(value)),
  };
}

/** The widths of time, level and columns; one of them has the room that is left. */
export function widthsOf(columns: readonly LineColumn[]): string {
  const hasRest = columns.some(({ width }) => width === REST);
  const own = columns.map(({ width }, index) => (hasRest || index < columns.length - 1 ? width : REST));
  return ['var(--time)', '15px', ...own].join(' ');
}

/** Fields that could be columns: the usual ones, and what the lines have beside them. */
export function fieldsOf(lines: readonly LogLine[], chosen: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const line of lines.slice(0, LOOKED_AT)) {
    for (const name of Object.keys(line)) if (!NOT_CHOSEN.has(name) && !name.includes(',')) found.add(name);
  }
  for (const name of chosen) found.add(name);
  return [...USUAL_NAMES, ...[...found].filter((name) => !USUAL_NAMES.includes(name)).sort()];
}
