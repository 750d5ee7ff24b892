import { TimeChart } from '../../charts/time-chart.js';
import { count, number } from '../../parts/wording.js';
import type { ResultLines } from './result-lines.js';

const COLOURS = ['s1', 's2', 's3', 's4', 's5'] as const;
const SWATCHES = ['bg-s1!', 'bg-s2!', 'bg-s3!', 'bg-s4!', 'bg-s5!'] as const;
const HEIGHT = 260;

/** A result over time. */
export function ResultChart({ result: { leftOut, lines, times } }: { readonly result: ResultLines }) {
  const [from = 0, to = 1] = [times[0], times.at(-1)];
  return (
    <section className="pageh overflow-auto" aria-label="Chart of the result">
      <div className="hd">
        <span className="s">{leftOut > 0 && `${count(leftOut, 'further line')} left out`}</span>
        <span className="key r">
          {lines.map(({ name }, index) => (
            <span key={name}>
              <i className={SWATCHES[index] ?? ''} />
              {name}
            </span>
          ))}
        </span>
      </div>
      <TimeChart
        label={`The result over time: ${lines.map(({ name }) => name).join(', ')}`}
        times={times}
        lines={lines.map((line, index) => ({ ...line, colour: COLOURS[index] ?? 's1' }))}
        from={from}
        to={to === from ? from + 1 : to}
        height={HEIGHT}
        gutter={56}
        format={number}
      />
    </section>
  );
}
