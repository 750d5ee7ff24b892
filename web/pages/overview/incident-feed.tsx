import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Alert, Incident } from '../../api/client.js';
import { alertsOf, incidentsOf } from '../../api/questions.js';
import { useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { everyHost, gravityOf, isOpen, matterOf, nameOf } from '../../parts/incident-words.js';
import { Note } from '../../parts/state.js';
import { IncidentMark } from '../../parts/status.js';
import { duration, when } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';

const MAX_OPEN = 4;
const MAX_OVER = 4;

/** Incidents that go on, with what was found, and the last that are over. */
export function IncidentFeed({
  alerts,
  incidents,
}: {
  readonly incidents: readonly Incident[];
  readonly alerts: readonly Alert[];
}) {
  const linkTo = useRangeLink();
  const now = useNow();
  const open = incidents
    .filter(isOpen)
    .toSorted((one, other) => gravityOf(one) - gravityOf(other) || other.opened - one.opened);
  const over = incidents.filter((incident) => !isOpen(incident));
  return (
    <section className="feed" aria-labelledby="feed-t">
      <div className="hd">
        <h2 id="feed-t">Incidents</h2>
        <span className="s">
          {open.length} open, {over.length} over in the last 6 h
        </span>
        <Link className="lnk r s" href={linkTo('/incidents')}>
          All
          <Icon name="arrow" />
        </Link>
      </div>
      {incidents.length === 0 && <Note icon="ok" title="No incident in the last 6 h." />}
      {incidents.length === 0 && <Before />}
      {open.slice(0, MAX_OPEN).map((incident) => (
        <Link key={incident.id} className="inc" href={`/incidents/${encodeURIComponent(incident.id)}`}>
          <IncidentMark incident={incident} />
          <b className="ell">{everyHost(nameOf(incident.scope))}</b>
          <span className="inc-d">
            {when(incident.opened, now)} <span className="t2">{duration(now - incident.opened)}</span>
          </span>
          <span className="inc-t">{withoutName(incident)}</span>
        </Link>
      ))}
      {over.length > 0 && (
        <div className={open.length > 0 ? 'over' : ''}>
          {over.slice(0, MAX_OVER).map((incident) => (
            <Over key={incident.id} incident={incident} alerts={alerts} />
          ))}
        </div>
      )}
    </section>
  );
}

/** The last incidents of a log that is older, or was quiet for long. */
function Before() {
  const incidents = useQuery(incidentsOf({ limit: String(MAX_OVER) })).data?.items ?? [];
  const from = String(Math.min(...incidents.map(({ opened }) => opened)));
  const { data: alerts } = useQuery({ ...alertsOf({ from }), enabled: incidents.length > 0 });
  if (incidents.length === 0) return null;
  return (
    <div className="over">
      {incidents.map((incident) => (
        <Over key={incident.id} incident={incident} alerts={alerts?.items ?? []} />
      ))}
    </div>
  );
}

function Over({ alerts, incident }: { readonly incident: Incident; readonly alerts: readonly Alert[] }) {
  const now = useNow();
  return (
    <Link className="inc one" href={`/incidents/${encodeURIComponent(incident.id)}`}>
      <IncidentMark incident={incident} />
      <span className="ell">
        <b>{everyHost(nameOf(incident.scope))}</b> <span className="t2">{matterOf(incident, alerts)}</span>
      </span>
      <span className="inc-d">
        {when(incident.opened, now)}{' '}
        <span className="t2">{duration((incident.resolved ?? now) - incident.opened)}</span>
      </span>
    </Link>
  );
}

/** The sentence begins with the name that stands above it. */
function withoutName({ scope, summary }: Incident): string {
  const name = `${nameOf(scope)}: `;
  return summary.startsWith(name) ? summary.slice(name.length) : summary;
}
