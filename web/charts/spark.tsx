import { isUnusualAt, type Usual } from './usual.js';

interface SparkProps {
  readonly values: readonly (number | null)[];
  readonly height?: number;
  readonly usual?: Usual;
  readonly zero?: boolean;
}

const WIDTH = 100;

/** A small line without an axis; the number beside it says what it is. */
export function Spark({ height = 20, usual, values, zero = false }: SparkProps) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return <span className="block" style={{ height }} />;
  const ends = [...(usual?.low ?? []), ...(usual?.high ?? [])].filter((end) => end !== null);
  const least = zero ? 0 : lowest([...known, ...ends]);
  const most = Math.max(highest([...known, ...ends]), least + 1e-9);
  const y = (value: number) => height - 1.5 - ((value - least) / (most - least)) * (height - 3);
  const x = (index: number) => (index / Math.max(1, values.length - 1)) * WIDTH;
  const isOutside = (index: number) => usual !== undefined && isUnusualAt(usual, index, values[index]);
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${WIDTH} ${height}`}
      height={height}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {usual !== undefined && <path className="band" d={bandOf(usual, x, y, height)} />}
      <path className="line c-text" d={pathOf(values, x, y, () => true)} />
      {values.some((_, index) => isOutside(index)) && (
        <path className="line c-critical" d={pathOf(values, x, y, isOutside)} />
      )}
    </svg>
  );
}

const lowest = (values: readonly number[]) => values.reduce((one, other) => Math.min(one, other), Infinity);
const highest = (values: readonly number[]) => values.reduce((one, other) => Math.max(one, other), -Infinity);

/** One area for each stretch of points whose range is known. */
function bandOf({ high, low }: Usual, x: (index: number) => number, y: (value: number) => number, height: number) {
  let path = '';
  let stretch: number[] = [];
  const close = () => {
    if (stretch.length > 1) {
      const top = stretch.map(
        (index) => `${x(index).toFixed(2)} ${(high[index] == null ? 0 : y(high[index])).toFixed(2)}`,
      );
      const under = stretch
        .toReversed()
        .map((index) => `${x(index).toFixed(2)} ${(low[index] == null ? height : y(low[index])).toFixed(2)}`);
      path += `M${[...top, ...under].join('L')}Z`;
    }
    stretch = [];
  };
  for (let index = 0; index < high.length; index++) {
    if (high[index] == null && low[index] == null) close();
    else stretch.push(index);
  }
  close();
  return path;
}

export function pathOf(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
  isShown: (index: number) => boolean,
): string {
  let path = '';
  let isDown = false;
  for (const [index, value] of values.entries()) {
    const next = values[index + 1];
    const isWanted = value !== null && (isShown(index) || (typeof next === 'number' && isShown(index + 1)));
    if (isWanted) path += `${isDown ? 'L' : 'M'}${x(index).toFixed(2)} ${y(value).toFixed(2)}`;
    isDown = isWanted;
  }
  return path;
}
