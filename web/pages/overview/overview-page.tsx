import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Incident } from '../../api/client.js';
import { alertsOf, incidentsOf, metricsOf } from '../../api/questions.js';
import { Icon } from '../../parts/icon.js';
import { gravestOf } from '../../parts/incident-words.js';
import { Failure, Loading } from '../../parts/state.js';
import { useWatched } from '../../parts/watched.js';
import { count, when } from '../../parts/wording.js';
import { useRange, useRangeLink } from '../../shell/range.js';
import { TopBar } from '../../shell/top-bar.js';
import { StartPage } from '../start/start-page.js';
import { Figures } from './figures.js';
import { Hero } from './hero.js';
import { IncidentFeed } from './incident-feed.js';
import { ClientsOverTheLimit, RequestsRegion, ResponseTimesRegion } from './requests.js';
import { AlertTracks } from './tracks.js';

/** What is wrong now; then how everything else is. */
export function OverviewPage() {
  const range = useRange();
  const metrics = useQuery(metricsOf(range));
  const recent = useQuery(incidentsOf({ from: 'latest-6h', limit: '200' }));
  const open = useQuery(incidentsOf({ state: 'open' }));
  const alerts = useQuery(alertsOf({ from: 'latest-6h' }));
  const incidents = recent.data?.items ?? [];
  const openOnes = open.data?.items ?? [];
  const gravest = gravestOf(openOnes);
  const isEmpty =
    metrics.data !== undefined &&
    metrics.data.series.length === 0 &&
    metrics.data.before.events_per_s === 0 &&
    open.data !== undefined &&
    openOnes.length === 0;
  if (isEmpty && range.isLive) return <StartPage />;
  return (
    <>
      <TopBar title="Overview" />
      <main id="main">
        {open.error !== null && open.data === undefined && (
          <div className="pageh">
            <Failure what="Incidents could not be read." error={open.error} again={() => open.refetch()} />
          </div>
        )}
        {open.data === undefined ? (
          open.error === null && (
            <div className="pageh">
              <Loading rows={6} />
            </div>
          )
        ) : gravest === undefined ? (
          <NothingUnusual incidents={incidents} />
        ) : (
          <Hero key={gravest.id} incident={gravest} others={openOnes.filter(({ id }) => id !== gravest.id)} />
        )}
        <Figures metrics={metrics} />
        <div className="duo">
          <AlertTracks incidents={incidents} alerts={alerts.data?.items ?? []} />
          <IncidentFeed incidents={incidents} alerts={alerts.data?.items ?? []} />
        </div>
        <div className="trio">
          <RequestsRegion />
          <ResponseTimesRegion incidents={incidents} />
          <ClientsOverTheLimit />
        </div>
      </main>
    </>
  );
}

function NothingUnusual({ incidents }: { readonly incidents: readonly Incident[] }) {
  const watched = useWatched();
  const linkTo = useRangeLink();
  const last = incidents.map(({ resolved }) => resolved ?? 0).reduce((one, other) => Math.max(one, other), 0);
  const total = watched.reduce((sum, { number }) => sum + number, 0);
  return (
    <section className="calm" aria-label="Now">
      <Icon name="ok" />
      <h2>Nothing unusual.</h2>
      <p className="t2">
        {watched.map(({ href, name, number }, index) => (
          <span key={href}>
            {index > 0 && ', '}
            <Link className="n" href={linkTo(href)}>
              {count(number, name)}
            </Link>
          </span>
        ))}
        {watched.length > 0 && (total === 1 ? ' is as usual.' : ' are as usual.')}
        {last > 0 && ` The last incident ended at ${when(last)}.`}
      </p>
    </section>
  );
}
