import type { Chart } from './chart.js';

/** Kibana's grid. */
const COLUMNS = 48;

export type Part = Chart | { readonly search: string };

/** Charts and searches beside each other, all of a height. */
export interface Row {
  readonly height: number;
  readonly parts: readonly Part[];
}

export interface Board {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

/** In cells of the grid, from its upper left corner. */
export type Place = Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;

export const TIME_RANGE = { from: 'now-1h', to: 'now' };
export const REFRESH_INTERVAL = { pause: false, value: 10_000 };

export function titleOf({ title }: Board): string {
  return `Millrace: ${title}`;
}

/** The parts from the upper left to the lower right, those of a row of a width. */
export function partsOf({ rows }: Board): { readonly part: Part; readonly place: Place }[] {
  let y = 0;
  return rows.flatMap(({ height, parts }) => {
    const width = COLUMNS / parts.length;
    const top = y;
    y += height;
    return parts.map((part, index) => ({ part, place: { x: index * width, y: top, w: width, h: height } }));
  });
}
