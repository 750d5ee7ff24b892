import { Link } from 'wouter';
import type { IncidentDetail } from '../../api/client.js';
import { TableHead } from '../../parts/table-head.js';
import { percent } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';
import { quoted } from '../logs/search-terms.js';
import { logsSourceOf } from './its-lines.js';

const MOST = 5;

/** Values whose share of the failing lines is another one than before, and fields of which none is. */
export function FieldShifts({
  comparison,
  incident,
}: {
  comparison: IncidentDetail['fields'];
  incident: IncidentDetail;
}) {
  const linkTo = useRangeLink();
  if (comparison.selected === 0) return null;
  const { stand_out: shifts } = comparison;
  // A field with one value cannot stand out.
  const alike = comparison.alike.filter(({ values }) => values > 1);
  return (
    <section aria-labelledby="fields-t">
      <div className="hd">
        <h3 id="fields-t">Fields that stand out</h3>
        <span className="s r">share of lines, in %</span>
      </div>
      {shifts.length === 0 ? (
        <p className="t2">None does.</p>
      ) : (
        <table className="fld">
          <TableHead words={['field and value']} numbers={['hour before', 'now']} />
          <tbody>
            {shifts.slice(0, MOST).map(({ field, share, share_before: before, value }) => (
              <tr key={`${field} ${value}`}>
                <td>
                  <Link
                    className="n"
                    href={linkTo('/logs', { source: logsSourceOf(incident), q: `${field}:${quoted(value)}` })}
                  >
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
    </section>
  );
}
