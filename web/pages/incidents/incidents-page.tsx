import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import type { Alert, Incident } from '../../api/client.js';
import { alertsOf, incidentsOf } from '../../api/questions.js';
import { useNow } from '../../live/use-live.js';
import { everyHost, gravestOf, gravityOf, isOngoing, isOpen, matterOf, nameOf } from '../../parts/incident-words.js';
import { Answer, Note } from '../../parts/state.js';
import { IncidentMark } from '../../parts/status.js';
import { day, duration, timeOfDay, when } from '../../parts/wording.js';
import { useKeys } from '../../shell/keys.js';
import { TopBar } from '../../shell/top-bar.js';
import { IncidentDetailView } from './incident-detail-view.js';

/** Incidents by state, and the one that is chosen. */
export default function IncidentsPage() {
  const { id: given } = useParams<{ id?: string }>();
  const asked = useQuery(incidentsOf({ limit: '500' }));
  const alerts = useQuery(alertsOf({}));
  const incidents = asked.data?.items ?? [];
  const id = given === undefined ? undefined : decodeURIComponent(given);
  // A wide page shows one at once; a narrow one shows the list first.
  const shown = id ?? (gravestOf(incidents) ?? incidents[0])?.id;
  const chosen = incidents.find((one) => one.id === shown);
  return (
    <>
      <TopBar title="Incidents" range={false}>
        {chosen !== undefined && (
          <span className="crumb">
            <span className="ell">
              {everyHost(nameOf(chosen.scope))}, {when(chosen.opened)}
            </span>
          </span>
        )}
      </TopBar>
      <main id="main" className={`inci ${id === undefined ? 'no-choice' : ''}`}>
        <Answer asked={asked} what="Incidents could not be read.">
          {({ items }) => <IncidentList incidents={items} alerts={alerts.data?.items ?? []} chosen={shown} />}
        </Answer>
        {shown === undefined ? (
          asked.data !== undefined && (
            <div className="pageh">
              <Note icon="ok" title="No incident.">
                Nothing unusual has been found in what is kept.
              </Note>
            </div>
          )
        ) : (
          <IncidentDetailView key={shown} id={shown} />
        )}
      </main>
    </>
  );
}

const DAY_MS = 86_400_000;

function groupsOf(incidents: readonly Incident[], now: number) {
  const over = incidents.filter((one) => !isOngoing(one));
  return [
    {
      title: 'Open',
      items: incidents
        .filter(isOpen)
        .toSorted((one, other) => gravityOf(one) - gravityOf(other) || other.opened - one.opened),
    },
    { title: 'Ongoing, was fine', items: incidents.filter((one) => isOngoing(one) && !isOpen(one)) },
    { title: 'Over in 24 h', items: over.filter(({ opened }) => now - opened < DAY_MS) },
    { title: 'Before', items: over.filter(({ opened }) => now - opened >= DAY_MS) },
  ].filter(({ items }) => items.length > 0);
}

interface ListProps {
  readonly incidents: readonly Incident[];
  readonly alerts: readonly Alert[];
  readonly chosen: string | undefined;
}

function IncidentList({ alerts, chosen, incidents }: ListProps) {
  const [words, setWords] = useState('');
  const [, navigate] = useLocation();
  const now = useNow();
  const wanted = words.trim().toLowerCase();
  const fitting = incidents.filter(({ detectors, entities, scope, summary }) =>
    [scope, summary, ...detectors, ...entities].some((text) => text.toLowerCase().includes(wanted)),
  );
  const groups = groupsOf(fitting, now);
  const order = groups.flatMap(({ items }) => items);
  const move = (by: number) => {
    const at = order.findIndex(({ id }) => id === chosen);
    const next = order[Math.max(0, Math.min(order.length - 1, at + by))];
    if (next !== undefined) navigate(hrefOf(next));
  };
  useKeys({ j: () => move(1), k: () => move(-1) });
  return (
    <aside className="ilist" aria-label="Incidents">
      <div className="il-f">
        <input
          className="in"
          type="search"
          placeholder="Scope, detector, words"
          aria-label="Filter incidents"
          data-filter
          value={words}
          onChange={({ target }) => setWords(target.value)}
        />
      </div>
      {groups.length === 0 && (
        <p className="il-h" role="status">
          No incident matches; without the words there are {incidents.length}.
        </p>
      )}
      {groups.map(({ items, title }) => (
        <section key={title} aria-label={title}>
          <h2 className="il-h">
            {title} {items.length}
          </h2>
          {items.map((incident) => (
            <Link
              key={incident.id}
              href={hrefOf(incident)}
              className="il"
              aria-current={incident.id === chosen || undefined}
            >
              <IncidentMark incident={incident} />
              <span className="il-n ell">{everyHost(nameOf(incident.scope))}</span>
              <span className="il-d">
                {isOngoing(incident)
                  ? duration(now - incident.opened)
                  : now - incident.opened < DAY_MS
                    ? timeOfDay(incident.opened)
                    : day(incident.opened)}
              </span>
              <span className="il-w ell">{matterOf(incident, alerts)}</span>
            </Link>
          ))}
        </section>
      ))}
    </aside>
  );
}

function hrefOf({ id }: Incident): string {
  return `/incidents/${encodeURIComponent(id)}`;
}
