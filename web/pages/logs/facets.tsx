import { useState } from 'react';
import { Loading } from '../../parts/state.js';
import { percent, whole } from '../../parts/wording.js';
import { valuesOf, withValues } from './search-terms.js';

interface FacetOf {
  readonly field: string;
  readonly values: readonly {
    readonly value: string;
    readonly count: number;
    readonly share: number;
    readonly share_before: number | null;
  }[];
  readonly others: number;
}

interface FacetsProps {
  readonly facets: readonly FacetOf[] | undefined;
  readonly q: string;
  readonly onChange: (q: string) => void;
}

const FEW = 5;

/** What lines have in common, by field; a tick is the share of the hour before. */
export function Facets({ facets, onChange, q }: FacetsProps) {
  return (
    <aside className="fcs" aria-label="Fields">
      {facets === undefined ? (
        <div className="fc">
          <Loading />
        </div>
      ) : (
        facets.map((facet) => <Facet key={facet.field} facet={facet} q={q} onChange={onChange} />)
      )}
      {facets?.some(({ values }) => values.some(({ share_before: before }) => before !== null)) === true && (
        <p className="fnote s dim">
          <u />
          share in the hour before
        </p>
      )}
    </aside>
  );
}

function Facet({
  facet: { field, others, values },
  onChange,
  q,
}: {
  facet: FacetOf;
  q: string;
  onChange: (q: string) => void;
}) {
  const [showsAll, showAll] = useState(false);
  const chosen = valuesOf(q, field);
  const toggle = (value: string) =>
    onChange(withValues(q, field, chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]));
  return (
    <section className="fc" aria-label={field}>
      <h2>{field}</h2>
      {values.slice(0, showsAll ? values.length : FEW).map(({ count, share, share_before: before, value }) => (
        <label
          key={value}
          className={`fv ${chosen.includes(value) ? 'on' : ''}`}
          title={`${value}: ${percent(share)} %${before === null ? '' : `, ${percent(before)} % in the hour before`}`}
        >
          <input type="checkbox" checked={chosen.includes(value)} onChange={() => toggle(value)} />
          <span className="ell">{value}</span>
          <span className="fc-c">{whole(count)}</span>
          <span className="fb" aria-hidden="true">
            <i style={{ width: `${share * 100}%` }} />
            {before !== null && <u style={{ left: `${before * 100}%` }} />}
          </span>
        </label>
      ))}
      {(values.length > FEW || others > 0) && !showsAll && values.length > FEW && (
        <button type="button" className="fc-m lnk s" onClick={() => showAll(true)}>
          {values.length - FEW} more
        </button>
      )}
    </section>
  );
}
