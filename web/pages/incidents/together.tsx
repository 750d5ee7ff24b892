import { Link } from 'wouter';
import type { IncidentDetail } from '../../api/client.js';
import { matterOf, nameOf } from '../../parts/incident-words.js';
import { IncidentMark } from '../../parts/status.js';
import { count, duration } from '../../parts/wording.js';

/** Incidents that may have the same cause, by their requests or by when they began, and services that are maintained. */
export function Together({ incident }: { readonly incident: IncidentDetail }) {
  const { began, first, others } = incident.together;
  const { maintained } = incident;
  if (others.length === 0 && maintained.length === 0) return null;
  const byRequests = others.some((one) => one.shared_requests > 0);
  const firstOther = others.find((one) => one.incident.id === first);
  return (
    <section aria-labelledby="together-t">
      <div className="hd">
        <h3 id="together-t">At the same time</h3>
        {others.length > 0 && (
          <span className="s r">
            {first === incident.id
              ? 'this one began first'
              : firstOther === undefined
                ? 'none began first'
                : `${nameOf(firstOther.incident.scope)} began first`}
          </span>
        )}
      </div>
      <ul className="past">
        {others.map((one) => (
          <li key={one.incident.id}>
            <Link href={`/incidents/${encodeURIComponent(one.incident.id)}`}>
              <IncidentMark incident={one.incident} />
              {nameOf(one.incident.scope)}
              <span className="t2">{orderOf(one.began - began)}</span>
              {one.incident.id === first && <span className="tag r">first</span>}
              <span className="pw t2">
                {matterOf(one.incident)}
                {one.shared_requests > 0 && `; ${count(one.shared_requests, 'request')} in both`}
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {maintained.map((one) => (
        <p key={one.service} className="t2">
          {one.service} is maintained
          {one.shared_requests > 0
            ? `; ${count(one.shared_requests, 'request')} failed in both.`
            : '; no requests are known to have failed in both.'}
        </p>
      ))}
      {others.length > 0 && !byRequests && (
        <p className="t2">They began within a minute; no requests are known to be in both.</p>
      )}
    </section>
  );
}

function orderOf(ms: number): string {
  if (ms === 0) return 'at the same moment';
  return `${duration(Math.abs(ms))} ${ms < 0 ? 'earlier' : 'later'}`;
}
