import { lazy, Suspense, useState } from 'react';
import { Icon } from '../parts/icon.js';
import type { ValuesOfChart } from './value-table.js';

const ValueTable = lazy(() => import('./value-table.js'));

/** The way from a chart to its values as a table, for who cannot see it or wants to take them along. */
export function ChartValues(values: ValuesOfChart) {
  const [isOpen, open] = useState(false);
  return (
    <>
      <button
        type="button"
        className="btn ghost sm sq chart-v"
        aria-label={`Values of ${values.label}`}
        title="Values as a table"
        onClick={() => open(true)}
      >
        <Icon name="table" />
      </button>
      {isOpen && (
        <Suspense>
          <ValueTable {...values} onClose={() => open(false)} />
        </Suspense>
      )}
    </>
  );
}
