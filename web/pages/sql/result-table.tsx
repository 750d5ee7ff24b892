import { Link } from 'wouter';
import { whole } from '../../parts/wording.js';
import { isNumberType, type Result } from './result-lines.js';

const LINKS: Readonly<Record<string, (value: string) => string>> = {
  service: (value) => `/services?name=${encodeURIComponent(value)}`,
  host: (value) => `/hosts?name=${encodeURIComponent(value)}`,
  sensor_id: (value) => `/sensors?name=${encodeURIComponent(value)}`,
  client_ip: (value) => `/logs?source=requests&q=${encodeURIComponent(`client_ip:${value}`)}`,
  request_id: (value) => `/logs?q=${encodeURIComponent(`request_id:${value}`)}`,
};

/** The rows of a result; what is a service, a host, a client or a request leads there. */
export function ResultTable({ result: { columns, rows } }: { readonly result: Result }) {
  const isNumber = columns.map(({ type }) => isNumberType(type));
  // The last number has its bar, scaled to its own greatest.
  const barAt = isNumber.lastIndexOf(true);
  const most = Math.max(0, ...rows.map((row) => Number(row[barAt]) || 0));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys
    <section className="sqr scroll-y" tabIndex={0} aria-label="Result">
      <table className="tb mono">
        <thead>
          <tr>
            {columns.map(({ name, type }, index) => (
              <th key={name} scope="col" className={isNumber[index] ? 'num' : ''} title={type}>
                {name}
              </th>
            ))}
            {most > 0 && (
              <th className="bar">
                <span className="vh">bar</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {columns.map(({ name }, index) => (
                <td
                  key={name}
                  className={isNumber[index] ? 'num' : 'val'}
                  title={typeof row[index] === 'string' ? row[index] : undefined}
                >
                  <Cell name={name} value={row[index]} />
                </td>
              ))}
              {most > 0 && (
                <td className="bar">
                  <span className="meter" style={{ width: `${((Number(row[barAt]) || 0) / most) * 100}%` }} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** What was asked for is not rounded as figures of a page are. */
export function exact(value: number): string {
  return Number.isInteger(value) ? whole(value) : value.toLocaleString('en-US', { maximumSignificantDigits: 7 });
}

function Cell({ name, value }: { readonly name: string; readonly value: unknown }) {
  if (value === null || value === undefined) return <span className="dim">null</span>;
  if (typeof value === 'number') return exact(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const href = LINKS[name]?.(text);
  return href === undefined ? (
    text
  ) : (
    <Link className="n" href={href}>
      {text}
    </Link>
  );
}
