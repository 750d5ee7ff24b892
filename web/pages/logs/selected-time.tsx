import { useQuery } from '@tanstack/react-query';
import { answerOf, api, type LogLine } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';
import { ShiftTable } from '../../parts/shift-table.js';
import { Answer } from '../../parts/state.js';
import { count, duration, whenToSecond } from '../../parts/wording.js';
import { useKeys } from '../../shell/keys.js';
import { useRangeLink } from '../../shell/range.js';
import { quoted } from './search-terms.js';

const MAX = 8;

export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** The span that the URL names as `sel`, such as 1795789901000-1795789961000. */
export function spanIn(text: string | null): TimeSpan | undefined {
  const [from = Number.NaN, to = Number.NaN] = (text ?? '').split('-').map(Number);
  return from < to ? { from, to } : undefined;
}

interface SelectedTimeProps {
  readonly span: TimeSpan;
  readonly source: LogLine['kind'];
  readonly q: string;
  readonly onNarrow: () => void;
  readonly onClose: () => void;
}

/** What was selected on the histogram: why it is different from the hour before, or the same as a range. */
export function SelectedTime({ onClose, onNarrow, q, source, span }: SelectedTimeProps) {
  const linkTo = useRangeLink();
  const range = { from: String(span.from), to: String(span.to) };
  const asked = useQuery({
    queryKey: ['compare', source, q, range],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/logs/compare', { params: { query: { source, q, ...range, with: 'before' } }, signal })),
    staleTime: 60_000,
  });
  useKeys({ Escape: onClose });
  return (
    <section className="why" aria-labelledby="why-t">
      <div className="hd">
        <h2 id="why-t">Why is this different</h2>
        <span className="s">
          {whenToSecond(span.from)} to {whenToSecond(span.to, span.from)}, {duration(span.to - span.from)}
        </span>
        <span className="r" />
        <button type="button" className="btn sm" onClick={onNarrow}>
          Only this time
        </button>
        <button type="button" className="btn ghost sm sq" aria-label="Close (Esc)" title="Close  Esc" onClick={onClose}>
          <Icon name="x" />
        </button>
      </div>
      <Answer asked={asked} what="It could not be compared.">
        {(comparison) =>
          comparison.selected === 0 || comparison.compared_with === 0 ? (
            <p className="t2">
              {comparison.selected === 0
                ? 'No line was selected.'
                : 'There are no lines of the hour before to compare with.'}
            </p>
          ) : (
            <>
              <p className="s t2">
                {count(comparison.selected, 'line')} selected, against {count(comparison.compared_with, 'line')} of the
                hour before; share in %. What stands out would come by chance once in a thousand selections.
              </p>
              <ShiftTable
                comparison={comparison}
                before="hour before"
                most={MAX}
                hrefOf={(field, value) =>
                  linkTo('/logs', { source, q: `${q} ${field}:${quoted(value)}`.trim(), ...range })
                }
              />
            </>
          )
        }
      </Answer>
    </section>
  );
}
