import { Link } from 'wouter';
import type { Schemas } from '../api/client.js';
import { TableHead } from './table-head.js';
import { percent } from './wording.js';

interface ShiftTableProps {
  readonly comparison: Schemas['Comparison'];
  /** What it is compared with. */
  readonly before: string;
  readonly most: number;
  readonly hrefOf: (field: string, value: string) => string;
}

/** Values whose share is another one than that of what they are compared with, and fields of which none is. */
export function ShiftTable({ before: title, comparison, hrefOf, most }: ShiftTableProps) {
  const { stand_out: shifts } = comparison;
  // A field with one value cannot stand out.
  const alike = comparison.alike.filter(({ values }) => values > 1);
  return (
    <>
      {shifts.length === 0 ? (
        <p className="t2">None.</p>
      ) : (
        <table className="fld">
          <TableHead words={['field and value']} numbers={[title, 'now']} />
          <tbody>
            {shifts.slice(0, most).map(({ field, share, share_before: before, value }) => (
              <tr key={`${field} ${value}`}>
                <td>
                  <Link className="n" href={hrefOf(field, value)}>
                    {field} <code>{value}</code>
                  </Link>
                  <span className="db" aria-hidden="true">
                    <i
                      className="rng"
                      style={{ left: `${Math.min(share, before) * 100}%`, width: `${Math.abs(share - before) * 100}%` }}
                    />
                    <i className="was" style={{ left: `${before * 100}%` }} />
                    <i className="is" style={{ left: `${share * 100}%` }} />
                  </span>
                </td>
                <td className="num t2">{percent(before)}</td>
                <td className="num">
                  <b>{percent(share)}</b>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {alike.length > 0 && (
        <p className="not s t2">
          <b>Do not stand out:</b> {alike.map(({ field, values }) => `${field} (${values} alike)`).join(', ')}
        </p>
      )}
    </>
  );
}
