import type { operations } from '../../api/schema.js';
import { Bars } from '../../charts/bars.js';
import { duration, whole } from '../../parts/wording.js';

type Histogram = operations['getLogsHistogram']['responses'][200]['content']['application/json'];

/** From what is of least interest to what is of most, which stands on top. */
const ORDER = ['DEBUG', '2xx', '1xx', '3xx', 'INFO', 'other', 'WARN', '4xx', 'anomaly', 'ERROR', '5xx', 'CRITICAL'];
const TONES: Readonly<Record<string, string>> = {
  DEBUG: 'b-debug',
  WARN: 'b-warn',
  anomaly: 'b-warn',
  ERROR: 'b-err',
  '5xx': 'b-err',
  CRITICAL: 'b-crit',
};
const SWATCHES: Readonly<Record<string, string>> = {
  'b-debug': 'bg-vol-2!',
  'b-warn': 'bg-warning-fill!',
  'b-err': 'bg-critical-fill!',
  'b-crit': 'bg-critical!',
};

const toneOf = (name: string): string => TONES[name] ?? 'b-info';

/** How many lines match, by steps, those that fail told apart. */
export function LineHistogram({
  answer,
  onSelect,
  selected,
}: {
  answer: Histogram;
  selected: { readonly from: number; readonly to: number } | undefined;
  onSelect: (from: number, to: number) => void;
}) {
  const { buckets, classes, from, step, to } = answer;
  const names = classes.toSorted((one, other) => ORDER.indexOf(one) - ORDER.indexOf(other));
  return (
    <>
      <div className="hd">
        <span className="s">Matching lines in {duration(step)}, select a part to ask why it is different</span>
        <span className="key r">
          {names.toReversed().map((name) => (
            <span key={name}>
              <i className={SWATCHES[toneOf(name)] ?? 'bg-vol!'} />
              {name} {whole(buckets.reduce((sum, { by }) => sum + (by[name] ?? 0), 0))}
            </span>
          ))}
        </span>
      </div>
      <Bars
        label={`${whole(answer.total)} matching lines over time`}
        times={buckets.map(({ time }) => time)}
        stepMs={step}
        from={from}
        to={to}
        height={72}
        format={whole}
        parts={names.map((name) => ({ name, tone: toneOf(name), values: buckets.map(({ by }) => by[name] ?? 0) }))}
        selected={selected}
        onSelect={onSelect}
      />
    </>
  );
}
