import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Alert, Incident } from '../../api/client.js';
import { alertsOf, incidentsOf } from '../../api/questions.js';
import { useNow } from '../../live/use-live.js';
import { nameOf } from '../../parts/incident-words.js';
import { Answer, Note } from '../../parts/state.js';
import { Severity } from '../../parts/status.js';
import { TableHead } from '../../parts/table-head.js';
import { when, whole } from '../../parts/wording.js';

const MAX = 40;

/** Which detectors found what, how much of it was fine, and the newest alerts. */
export function DetectorsView() {
  const alerts = useQuery(alertsOf({}));
  const incidents = useQuery(incidentsOf({ limit: '500' }));
  return (
    <div className="grid-2">
      <section aria-labelledby="detectors-t">
        <div className="hd">
          <h2 id="detectors-t">Detectors</h2>
          <span className="s">alerts of each that are kept, and incidents that were fine</span>
        </div>
        <Answer asked={alerts} what="The alerts could not be read.">
          {({ items }) => <Detectors alerts={items} incidents={incidents.data?.items ?? []} />}
        </Answer>
      </section>
      <section aria-labelledby="alerts-t">
        <div className="hd">
          <h2 id="alerts-t">Alerts</h2>
          <span className="s">the newest</span>
        </div>
        <Answer asked={alerts} what="The alerts could not be read.">
          {({ items }) => <Newest alerts={items.slice(0, MAX)} incidents={incidents.data?.items ?? []} />}
        </Answer>
      </section>
    </div>
  );
}

function Detectors({
  alerts,
  incidents,
}: {
  readonly alerts: readonly Alert[];
  readonly incidents: readonly Incident[];
}) {
  const opened = alerts.filter(({ state }) => state === 'opened');
  const names = [...new Set(opened.map(({ detector }) => detector))];
  const rows = names
    .map((name) => ({
      name,
      alerts: opened.filter(({ detector }) => detector === name).length,
      incidents: incidents.filter(({ detectors }) => detectors.includes(name)),
    }))
    .toSorted((one, other) => other.alerts - one.alerts);
  if (rows.length === 0) return <Note icon="ok" title="No alert is kept." />;
  return (
    <table className="tb">
      <TableHead words={['detector']} numbers={['alerts', 'incidents', 'was fine']} />
      <tbody>
        {rows.map(({ alerts: some, incidents: own, name }) => (
          <tr key={name}>
            <td>{name}</td>
            <td className="num">{whole(some)}</td>
            <td className="num">{whole(own.length)}</td>
            <td className="num">{whole(own.filter(({ was_fine: wasFine }) => wasFine).length)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Newest({ alerts, incidents }: { readonly alerts: readonly Alert[]; readonly incidents: readonly Incident[] }) {
  const now = useNow(10_000);
  if (alerts.length === 0) return <Note icon="ok" title="No alert is kept." />;
  return (
    <table className="tb">
      <tbody>
        {alerts.map(({ detector, explanation, id, scope, severity, state, time }) => (
          <tr key={`${id}${state}`}>
            <td className="mono">{when(time, now)}</td>
            <td>
              <Severity severity={severity} quiet />
            </td>
            <td>{state}</td>
            <td>
              <Incidental scope={scope} time={time} incidents={incidents} />
            </td>
            <td title={explanation}>{detector}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The scope of an alert, which leads to the incident that it is part of. */
function Incidental({
  incidents,
  scope,
  time,
}: {
  readonly scope: string;
  readonly time: number;
  readonly incidents: readonly Incident[];
}) {
  const own = incidents.find(
    (one) => one.scope === scope && one.opened <= time && (one.resolved === null || one.resolved >= time),
  );
  if (own === undefined) return nameOf(scope);
  return (
    <Link className="n" href={`/incidents/${encodeURIComponent(own.id)}`}>
      {nameOf(scope)}
    </Link>
  );
}
