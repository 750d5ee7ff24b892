import { useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { useLive, useLiveStore, useStaleSince } from './live/use-live.js';
import { OverviewPage } from './pages/overview/overview-page.js';
import { Icon, IconSprite } from './parts/icon.js';
import { titleOf } from './parts/incident-words.js';
import { Loading } from './parts/state.js';
import { useTimeZone } from './parts/time-zone.js';
import { when } from './parts/wording.js';
import { KeyboardHelp } from './shell/keyboard-help.js';
import { useShellKeys } from './shell/keys.js';
import { PageBoundary } from './shell/page-boundary.js';
import { AccountMenu, Rail } from './shell/rail.js';
import { StreamBanner, TopBar } from './shell/top-bar.js';
import { SignedIn } from './shell/visitor.js';

const IncidentsPage = lazy(() => import('./pages/incidents/incidents-page.js'));
const LogsPage = lazy(() => import('./pages/logs/logs-page.js'));
const ServicesPage = lazy(() => import('./pages/services/services-page.js'));
const HostsPage = lazy(() => import('./pages/services/hosts-page.js'));
const SensorsPage = lazy(() => import('./pages/services/sensors-page.js'));
const PipelinePage = lazy(() => import('./pages/pipeline/pipeline-page.js'));
const SqlPage = lazy(() => import('./pages/sql/sql-page.js'));
const AlertsPage = lazy(() => import('./pages/alerts/alerts-page.js'));
const SettingsPage = lazy(() => import('./pages/settings/settings-page.js'));
const GoalsPage = lazy(() => import('./pages/services/goals-page.js'));

export function App() {
  return (
    <>
      <IconSprite />
      <SignedIn>
        {/* All times are written anew in another zone. */}
        <Shell key={useTimeZone()} />
      </SignedIn>
    </>
  );
}

function Shell() {
  useShellKeys();
  useFreshIncidents();
  const [location] = useLocation();
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className="app">
        <Rail />
        <LivePage>
          <StreamBanner />
          <PageBoundary key={location.split('/')[1]}>
            <Suspense fallback={<Loading />}>
              <Switch>
                <Route path="/" component={OverviewPage} />
                <Route path="/incidents/:id?" component={IncidentsPage} />
                <Route path="/logs" component={LogsPage} />
                <Route path="/services" component={ServicesPage} />
                <Route path="/hosts" component={HostsPage} />
                <Route path="/sensors" component={SensorsPage} />
                <Route path="/goals" component={GoalsPage} />
                <Route path="/pipeline" component={PipelinePage} />
                <Route path="/sql" component={SqlPage} />
                <Route path="/alerts" component={AlertsPage} />
                <Route path="/settings" component={SettingsPage} />
                <Route component={NothingHere} />
              </Switch>
            </Suspense>
          </PageBoundary>
        </LivePage>
      </div>
      <OpenedToast />
      <AccountMenu />
      <KeyboardHelp />
    </>
  );
}

/** Figures of a page on which nothing new comes are dimmed. */
function LivePage({ children }: { readonly children: ReactNode }) {
  const isStale = useStaleSince() !== undefined;
  return <div className={`page ${isStale ? 'stale' : ''}`}>{children}</div>;
}

/** What was asked of incidents is asked again when the stream says that one has changed. */
function useFreshIncidents(): void {
  const client = useQueryClient();
  const version = useLive((live) => live.incidentsVersion);
  useEffect(() => {
    if (version > 0) void client.invalidateQueries({ queryKey: ['incidents'] });
  }, [client, version]);
}

/** An incident that opens while another page is looked at. A critical one is spoken. */
function OpenedToast() {
  const store = useLiveStore();
  const opened = useLive((live) => live.opened);
  const [location] = useLocation();
  const isThere = location === '/' || location.startsWith('/incidents');
  if (opened === null || opened.severity === 'info' || isThere) return null;
  return (
    <div className="toasts" role={opened.severity === 'critical' ? 'alert' : 'status'}>
      <div className={`toast ${opened.severity}`}>
        <span className={`st ${opened.severity}`}>
          <Icon name={opened.severity} />
        </span>
        <p>
          <b>{titleOf(opened)}</b>
          <br />
          <span className="t2">since {when(opened.opened)}</span>
        </p>
        <Link
          className="btn sm"
          href={`/incidents/${encodeURIComponent(opened.id)}`}
          onClick={() => store.dismissOpened()}
        >
          Open
        </Link>
        <button type="button" className="btn ghost sm sq" aria-label="Close" onClick={() => store.dismissOpened()}>
          <Icon name="x" />
        </button>
      </div>
    </div>
  );
}

function NothingHere() {
  return (
    <>
      <TopBar title="Not there" range={false} />
      <main id="main" className="pageh">
        <p>
          There is no such page.{' '}
          <Link className="lnk" href="/">
            The overview
          </Link>{' '}
          is.
        </p>
      </main>
    </>
  );
}
