import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Alert, Incident } from '../../api/client.js';
import { alertsOf, incidentsOf } from '../../api/questions.js';
import { useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { nameOf } from '../../parts/incident-words.js';
import { Answer, Note } from '../../parts/state.js';
import { Severity } from '../../parts/status.js';
import { TableHead } from '../../parts/table-head.js';
import { timeOfDay, when, whole } from '../../parts/wording.js';
import { TopBar } from '../../shell/top-bar.js';
import { Channels, Deliveries } from './told.js';

const MOST = 40;

/** Which detectors found what, what people silenced, and the alerts themselves. */
export default function AlertsPage() {
  const alerts = useQuery(alertsOf({}));
  const incidents = useQuery(incidentsOf({ limit: '500' }));
  return (
    <>
      <TopBar title="Alerts" range={false} />
      <main id="main" className="grid-2">
        <section aria-labelledby="detectors-t">
          <div className="hd">
            <h2 id="detectors-t">Detectors</h2>
            <span className="s">alerts of each that are kept, and incidents that were fine</span>
          </div>
          <Answer asked={alerts} what="The alerts could not be read.">
            {({ items }) => <Detectors alerts={items} incidents={incidents.data?.items ?? []} />}
          </Answer>
          <Silenced incidents={(incidents.data?.items ?? []).filter(({ silenced }) => silenced)} />
        </section>
        <div>
          <Channels />
          <Deliveries />
        </div>
        <section aria-labelledby="alerts-t">
          <div className="hd">
            <h2 id="alerts-t">Alerts</h2>
            <span className="s">the newest</span>
          </div>
          <Answer asked={alerts} what="The alerts could not be read.">
            {({ items }) => <Newest alerts={items.slice(0, MOST)} />}
          </Answer>
        </section>
      </main>
    </>
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

function Silenced({ incidents }: { readonly incidents: readonly Incident[] }) {
  return (
    <>
      <div className="hd pt-3">
        <h2>Silenced</h2>
        <span className="s">found and counted, and nobody is told</span>
      </div>
      {incidents.length === 0 ? (
        <Note icon="bell_off" title="No silences." />
      ) : (
        <ul className="al">
          {incidents.map(({ id, opened, scope }) => (
            <li key={id}>
              <Link href={`/incidents/${encodeURIComponent(id)}`}>
                <Icon name="bell_off" />
                {scope}
                <span className="nw t2">since {timeOfDay(opened)}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Newest({ alerts }: { readonly alerts: readonly Alert[] }) {
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
            <td>{nameOf(scope)}</td>
            <td title={explanation}>{detector}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
