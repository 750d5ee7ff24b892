import { lazy, Suspense } from 'react';
import { duration } from '../parts/wording.js';
import { heightOf, type TimeChartProps } from './chart-props.js';
import { ChartValues } from './chart-values.js';
import { linesBefore, type PeriodBefore } from './period-before.js';

/** What draws comes when there is something to draw: it is a sixth of what a first visit would load. */
const DrawnChart = lazy(() => import('./drawn-chart.js'));

interface Props extends TimeChartProps {
  /** What is drawn dashed beside its lines. */
  readonly before?: PeriodBefore | undefined;
}

/** Lines over time, with their values as a table. Its place is kept until it is drawn. */
export function TimeChart({ before, ...props }: Props) {
  const earlier = before === undefined ? [] : linesBefore(props.lines, props.times, before, props.gapMs);
  const lines = earlier.length === 0 ? props.lines : [...props.lines, ...earlier];
  const ends =
    props.usual === undefined
      ? []
      : [
          { name: 'usual from', values: props.usual.low },
          { name: 'usual to', values: props.usual.high },
        ].filter(({ values }) => values.some((value) => value !== null));
  return (
    <div className="chart-b">
      <Suspense fallback={<div className="chart" style={{ height: heightOf(props) }} />}>
        <DrawnChart {...props} lines={lines} />
      </Suspense>
      <ChartValues label={props.label} times={props.times} columns={[...lines, ...ends]} format={props.format} />
      {before !== undefined && (
        <p className="s dim chart-n">
          {earlier.length === 0 ? 'Nothing is kept of' : 'Dashed:'} the {duration(before.spanMs)} before
        </p>
      )}
    </div>
  );
}
