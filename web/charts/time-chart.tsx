import { lazy, Suspense } from 'react';
import { heightOf, type TimeChartProps } from './chart-props.js';

/** What draws comes when there is something to draw: it is a sixth of what a first visit would load. */
const DrawnChart = lazy(() => import('./drawn-chart.js'));

/** Lines over time. Its place is kept until it is drawn. */
export function TimeChart(props: TimeChartProps) {
  return (
    <Suspense fallback={<div className="chart" style={{ height: heightOf(props) }} />}>
      <DrawnChart {...props} />
    </Suspense>
  );
}
