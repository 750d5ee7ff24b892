import type { Token } from './colours.js';
import type { Usual } from './usual.js';

export interface ChartLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
  readonly colour: Token;
  readonly width?: number;
  /** Of the time before: it is dashed, and has no name at its end. */
  readonly isBefore?: boolean;
  /** What lies outside of what is usual is drawn as what is wrong, in this colour. */
  readonly outside?: { readonly usual: Usual; readonly colour: Token };
}

interface ChartMark {
  readonly time: number;
  readonly label: string;
  readonly tone: 'critical' | 'warning' | 'note';
  readonly href?: string;
}

export interface TimeChartProps {
  /** What it shows, as a sentence. */
  readonly label: string;
  /** Milliseconds since the epoch, ascending. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly from: number;
  readonly to: number;
  readonly height: number;
  readonly gutter?: number;
  readonly format: (value: number) => string;
  /** What is usual: at each point, or from the alert that says so. */
  readonly usual?: Usual;
  readonly limit?: { readonly value: number; readonly label: string };
  readonly marks?: readonly ChartMark[];
  readonly shades?: readonly { readonly from: number; readonly to: number; readonly tone: 'critical' | 'warning' }[];
  readonly zero?: boolean;
  readonly xAxis?: boolean;
  /** Values further apart in time than this are not joined. */
  readonly gapMs?: number;
  readonly onCursor?: (index: number | null) => void;
  /** Names at the end of each line. */
  readonly ends?: boolean;
}

/** For the upper half of the top tick's words. */
export const TOP = 7;
const X_AXIS = 18;

/** How high a chart is with what is above and below its plot. */
export function heightOf({ height, xAxis = true }: Pick<TimeChartProps, 'height' | 'xAxis'>): number {
  return TOP + height + (xAxis ? X_AXIS : TOP);
}
