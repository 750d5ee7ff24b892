interface SparkProps {
  readonly values: readonly (number | null)[];
  readonly height?: number;
  readonly band?: { readonly low: number | null; readonly high: number | null } | undefined;
  readonly zero?: boolean;
}

const WIDTH = 100;

/** A small line without an axis; the number beside it says what it is. */
export function Spark({ band, height = 20, values, zero = false }: SparkProps) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return <span className="block" style={{ height }} />;
  const bounds = [...known, ...(band?.high == null ? [] : [band.high]), ...(band?.low == null ? [] : [band.low])];
  const least = zero ? 0 : Math.min(...bounds);
  const most = Math.max(...bounds, least + 1e-9);
  const y = (value: number) => height - 1.5 - ((value - least) / (most - least)) * (height - 3);
  const x = (index: number) => (index / Math.max(1, values.length - 1)) * WIDTH;
  const isOutside = (value: number) =>
    band !== undefined && ((band.high !== null && value > band.high) || (band.low !== null && value < band.low));
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${WIDTH} ${height}`}
      height={height}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {band !== undefined && (
        <rect
          className="band"
          x={0}
          width={WIDTH}
          y={band.high === null ? 0 : y(band.high)}
          height={Math.max(0, (band.low === null ? height : y(band.low)) - (band.high === null ? 0 : y(band.high)))}
        />
      )}
      <path className="line c-text" d={pathOf(values, x, y, () => true)} />
      {known.some(isOutside) && <path className="line c-critical" d={pathOf(values, x, y, isOutside)} />}
    </svg>
  );
}

export function pathOf(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
  isShown: (value: number) => boolean,
): string {
  let path = '';
  let isDown = false;
  for (const [index, value] of values.entries()) {
    const next = values[index + 1];
    const isWanted = value !== null && (isShown(value) || (typeof next === 'number' && isShown(next)));
    if (isWanted) path += `${isDown ? 'L' : 'M'}${x(index).toFixed(2)} ${y(value).toFixed(2)}`;
    isDown = isWanted;
  }
  return path;
}
