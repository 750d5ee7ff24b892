import type { IncidentDetail } from '../../api/client.js';
import { ShiftTable } from '../../parts/shift-table.js';
import { useRangeLink } from '../../shell/range.js';
import { quoted } from '../logs/search-terms.js';
import { logsSourceOf } from './its-lines.js';

const MAX = 5;

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
  return (
    <section aria-labelledby="fields-t">
      <div className="hd">
        <h3 id="fields-t">Fields that stand out</h3>
        <span className="s r">share of lines, in %</span>
      </div>
      <ShiftTable
        comparison={comparison}
        before="hour before"
        most={MAX}
        hrefOf={(field, value) => linkTo('/logs', { source: logsSourceOf(incident), q: `${field}:${quoted(value)}` })}
      />
    </section>
  );
}
