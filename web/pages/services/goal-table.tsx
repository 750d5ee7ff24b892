import { Link } from 'wouter';
import type { Schemas } from '../../api/client.js';
import { number, whenToSecond } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';
import { quoted } from '../logs/search-terms.js';

type GoalWindow = Schemas['GoalWindow'];

const LOGGED = new Set(['client_ip', 'host', 'country']);
const FIELD_IN_LINES: Readonly<Record<string, string>> = { client_ip: 'client_ip', host: 'host', country: 'country' };

/** Windows of a goal, the newest first; what was counted is a link to the requests. */
export function GoalTable({
  columns,
  items,
}: {
  readonly columns: readonly string[];
  readonly items: readonly GoalWindow[];
}) {
  const linkTo = useRangeLink();
  return (
    <table className="tb">
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col" className={LOGGED.has(column) ? '' : 'num'}>
              {column}
            </th>
          ))}
          <th scope="col" className="num">
            window
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((window) => (
          <tr key={window.key}>
            {columns.map((column) => {
              const value = window[column];
              const field = FIELD_IN_LINES[column];
              if (typeof value === 'number') {
                return (
                  <td key={column} className="num">
                    <b>{number(value)}</b>
                  </td>
                );
              }
              return (
                <td key={column} className={column === 'country' ? '' : 'mono'}>
                  {field === undefined ? (
                    value
                  ) : (
                    <Link
                      className="n"
                      href={linkTo('/logs', {
                        ...{ source: 'requests', q: `${field}:${quoted(String(value))}` },
                        ...{ from: String(window.window_start), to: String(window.window_end) },
                      })}
                    >
                      {value}
                    </Link>
                  )}
                </td>
              );
            })}
            <td className="num mono">{whenToSecond(window.window_start)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
