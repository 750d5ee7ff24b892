import { Link } from 'wouter';
import type { IncidentDetail } from '../../api/client.js';
import { count, whole } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';
import { quoted } from '../logs/search-terms.js';
import { requestsOf } from './its-lines.js';

type Asked = NonNullable<IncidentDetail['alerts_list'][number]['asked']>;
type Kind = 'hosts' | 'clients' | 'paths' | 'methods' | 'statuses' | 'user_agents';

/** What is counted, and the field of a request that has it. */
const KINDS: readonly { readonly name: string; readonly kind: Kind; readonly field: string }[] = [
  { name: 'Hosts', kind: 'hosts', field: 'host' },
  { name: 'Clients', kind: 'clients', field: 'client_ip' },
  { name: 'Paths', kind: 'paths', field: 'path' },
  { name: 'Methods', kind: 'methods', field: 'method' },
  { name: 'Statuses', kind: 'statuses', field: 'status' },
  { name: 'User agents', kind: 'user_agents', field: 'user_agent' },
];
const SHOWN = 6;

/** What clients asked for and got, with how often. */
export function AskedFor({ incident }: { readonly incident: Pick<IncidentDetail, 'alerts_list' | 'scope'> }) {
  const asked = incident.alerts_list.findLast((alert) => alert.asked != null)?.asked;
  if (asked == null) return null;
  return (
    <section aria-labelledby="asked-t">
      <div className="hd">
        <h3 id="asked-t">Asked for</h3>
        <span className="s r">
          {count(asked.requests, 'request')}
          {asked.assets > 0 && `, ${count(asked.assets, 'asset')} beside them`}
        </span>
      </div>
      {KINDS.map(({ field, kind, name }) => (
        <Counts
          key={kind}
          name={name}
          counts={asked[kind]}
          different={kind === 'paths' ? asked.different_paths : asked[kind].length}
          queryOf={(value) => `${requestsOf(incident)} ${field}:${quoted(value)}`.trim()}
        />
      ))}
    </section>
  );
}

interface CountsProps {
  readonly name: string;
  readonly counts: Asked[Kind];
  /** How many there are; of them only the most frequent are counted each. */
  readonly different: number;
  readonly queryOf: (value: string) => string;
}

function Counts({ counts, different, name, queryOf }: CountsProps) {
  const linkTo = useRangeLink();
  if (counts.length === 0) return null;
  const shown = counts.slice(0, SHOWN);
  return (
    <>
      <h4 className="s t2 pt-2">{name}</h4>
      <ul className="rq" aria-label={name}>
        {shown.map(({ count: times, value }) => (
          <li key={value} className="flex gap-2 py-0.5">
            <code className="ell block" title={value}>
              {value}
            </code>
            <Link className="num r n flex-none" href={linkTo('/logs', { source: 'requests', q: queryOf(value) })}>
              {whole(times)}
            </Link>
          </li>
        ))}
      </ul>
      {different > shown.length && <p className="s dim">{whole(different - shown.length)} more</p>}
    </>
  );
}
