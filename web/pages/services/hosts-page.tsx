import { useQueries, useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'wouter';
import type { Schemas } from '../../api/client.js';
import { alertsOf, hostOf, hostsOf, incidentsOf } from '../../api/questions.js';
import { Bars } from '../../charts/bars.js';
import { Spark } from '../../charts/spark.js';
import { Icon } from '../../parts/icon.js';
import { everyHost, nameOf } from '../../parts/incident-words.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { Wide } from '../../parts/wide.js';
import { measured, percent, when, whole } from '../../parts/wording.js';
import { useRange, useRangeLink } from '../../shell/range.js';
import { TopBar } from '../../shell/top-bar.js';
import { PercentilesChart, RequestCharts, useHostBefore } from '../overview/requests.js';
import { AlertList } from './alert-list.js';
import { EntityTabs } from './entity-tabs.js';
import { NothingOfIt } from './nothing-of-it.js';

const MAX_SPARKS = 30;

/** Hosts in their newest minute, and the traffic of one, or of all together. */
export default function HostsPage() {
  const [search] = useSearchParams();
  const asked = useQuery(hostsOf());
  const range = useRange();
  const linkTo = useRangeLink();
  const hosts = (asked.data?.items ?? []).toSorted((one, other) => other.rules.length - one.rules.length);
  const details = useQueries({ queries: hosts.slice(0, MAX_SPARKS).map(({ host }) => hostOf(host, range)) });
  const chosen = search.get('name') ?? '*';
  return (
    <>
      <TopBar title="Hosts">
        <EntityTabs at="/hosts" />
      </TopBar>
      <main id="main">
        <OneHost key={chosen} host={chosen} />
        <Wide label="Hosts" className="pad">
          <Answer asked={asked} what="The hosts could not be read." rows={6}>
            {() =>
              hosts.length === 0 ? (
                <NothingOfIt icon="services" title="No host has had a request yet." />
              ) : (
                <table className="tb svc">
                  <TableHead
                    words={['host']}
                    numbers={[
                      ...['requests/s', { unseen: 'requests over time' }, 'failed %', 'p50 ms', 'p95 ms'],
                      ...['stddev ms', { unseen: 'stddev over time' }, 'KB/s'],
                    ]}
                  >
                    <th scope="col">rules</th>
                  </TableHead>
                  <tbody>
                    {hosts.map((one, index) => {
                      const series = details[index]?.data?.series ?? [];
                      return (
                        <tr key={one.host} aria-selected={one.host === chosen || undefined}>
                          <td>
                            <Link className="n" href={linkTo('/hosts', { name: one.host })}>
                              <b>{everyHost(one.host)}</b>
                            </Link>
                            {one.topic === 'traffic' && <span className="dim s"> first minute, so far</span>}
                          </td>
                          <td className="num">{measured(perSecond(one))}</td>
                          <td className="spk">
                            <Spark
                              values={(one.topic === 'traffic' ? (details[index]?.data?.traffic ?? []) : series).map(
                                (window) => ('requests' in window ? window.requests : window.request_count),
                              )}
                            />
                          </td>
                          <td className="num">
                            <Link
                              className="n"
                              href={linkTo('/logs', {
                                source: 'requests',
                                q: one.host === '*' ? 'status:>=400' : `host:${one.host} status:>=400`,
                              })}
                            >
                              {percent(one.error_rate)}
                            </Link>
                          </td>
                          <td className="num">
                            {one.p50_response_time === null ? '' : measured(one.p50_response_time)}
                          </td>
                          <td className="num">
                            {one.p95_response_time === null ? '' : measured(one.p95_response_time)}
                          </td>
                          <td className="num">
                            {one.stddev_response_time === null ? '' : measured(one.stddev_response_time)}
                          </td>
                          <td className="spk">
                            <Spark values={series.map(({ stddev_response_time }) => stddev_response_time)} />
                          </td>
                          <td className="num">
                            {one.bytes === null ? '' : measured(one.bytes / spanSeconds(one) / 1000)}
                          </td>
                          <td>
                            {one.rules.length === 0 ? (
                              <span className="dim">none</span>
                            ) : (
                              <span className="st warning">
                                <Icon name="warning" />
                                {one.rules.map(({ rule }) => rule).join(', ')}
                              </span>
                            )}
                          </td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              )
            }
          </Answer>
        </Wide>
      </main>
    </>
  );
}

function OneHost({ host }: { readonly host: string }) {
  const range = useRange();
  const asked = useQuery(hostOf(host, range));
  const before = useHostBefore(host);
  const open = useQuery(incidentsOf({ state: 'open' }));
  const alerts = useQuery(alertsOf({ scope: `web/${host}` }));
  const own = (open.data?.items ?? []).filter(
    ({ scope, source_kind: kind }) => kind === 'web' && nameOf(scope) === host,
  );
  return (
    <section aria-labelledby="host-t">
      <div className="sd-h">
        <h2 id="host-t">{everyHost(host)}</h2>
      </div>
      <div className="trio">
        <div className="cell">
          <div className="hd">
            <h3>Requests</h3>
            <span className="s">a second; failed 4xx and 5xx below</span>
          </div>
          <Answer asked={asked} what="The host could not be read.">
            {({ series, traffic }) =>
              series.length === 0 && traffic.length > 0 ? (
                <FirstMinute traffic={traffic} />
              ) : (
                <RequestCharts series={series} range={range} before={before} />
              )
            }
          </Answer>
        </div>
        <div className="cell">
          <div className="hd">
            <h3>Response time</h3>
            <span className="s">ms</span>
          </div>
          <Answer asked={asked} what="The host could not be read.">
            {({ latest, series }) =>
              series.length === 0 ? (
                latest.topic === 'traffic' ? (
                  <Note icon="clock" title="Not known yet.">
                    Percentiles are of whole minutes; the first one is over at {when(latest.window_end)}.
                  </Note>
                ) : (
                  <Note title="No requests in this range." />
                )
              ) : (
                <PercentilesChart series={series} range={range} before={before} open={own} height={108} />
              )
            }
          </Answer>
        </div>
        <div className="cell">
          <div className="hd">
            <h3>Last alerts</h3>
          </div>
          <AlertList alerts={alerts.data?.items ?? []} />
        </div>
      </div>
    </section>
  );
}

type Window = Pick<Schemas['WebStatistics'], 'window_start' | 'window_end' | 'request_count'>;

const spanSeconds = ({ window_end: end, window_start: start }: Omit<Window, 'request_count'>): number =>
  Math.max(1, (end - start) / 1000);

const perSecond = (window: Window): number => window.request_count / spanSeconds(window);

/** Requests by 5 s, as long as no minute is over. */
function FirstMinute({ traffic }: { readonly traffic: readonly Schemas['Traffic'][] }) {
  const first = traffic[0]?.window_start ?? 0;
  const step = (traffic[0]?.window_end ?? first) - first;
  return (
    <>
      <Bars
        label="Requests by 5 s in the first minute"
        times={traffic.map(({ window_start }) => window_start)}
        stepMs={step}
        from={first}
        to={Math.max(first + 60_000, traffic.at(-1)?.window_end ?? first)}
        height={84}
        format={whole}
        parts={[{ name: 'requests', tone: 'b-info', values: traffic.map(({ requests }) => requests) }]}
      />
      <p className="s t2">The first minute, by {step / 1000} s.</p>
    </>
  );
}
