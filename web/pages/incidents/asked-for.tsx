import type { IncidentDetail } from '../../api/client.js';
import { number } from '../../parts/wording.js';

type Asked = NonNullable<IncidentDetail['alerts_list'][number]['asked']>;

const KINDS: readonly (readonly [string, 'hosts' | 'clients' | 'paths' | 'methods' | 'statuses' | 'user_agents'])[] = [
  ['Hosts', 'hosts'],
  ['Clients', 'clients'],
  ['Paths', 'paths'],
  ['Methods', 'methods'],
  ['Statuses', 'statuses'],
  ['User agents', 'user_agents'],
];
const SHOWN = 6;

/** What clients asked for and got, with how often. */
export function AskedFor({ incident }: { readonly incident: IncidentDetail }) {
  const asked = incident.alerts_list.findLast((alert) => alert.asked != null)?.asked;
  if (asked == null) return null;
  return (
    <section aria-labelledby="asked-t">
      <div className="hd">
        <h3 id="asked-t">Asked for</h3>
        <span className="s r">
          {number(asked.requests)} requests
          {asked.assets > 0 && `, ${number(asked.assets)} assets beside them`}
        </span>
      </div>
      {KINDS.map(([name, kind]) => (
        <Counts key={kind} name={name} counts={asked[kind]} />
      ))}
    </section>
  );
}

function Counts({ counts, name }: { readonly name: string; readonly counts: Asked['paths'] }) {
  if (counts.length === 0) return null;
  return (
    <>
      <h4 className="s t2 pt-2">{name}</h4>
      <ul className="rq" aria-label={name}>
        {counts.slice(0, SHOWN).map(({ count, value }) => (
          <li key={value} className="flex gap-2 py-0.5">
            <code className="ell" title={value}>
              {value}
            </code>
            <span className="num r">{number(count)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
