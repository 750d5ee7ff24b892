import { useQueries, useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'wouter';
import type { Alert } from '../../api/client.js';
import { alertsOf, facetsOf, serviceOf, servicesOf } from '../../api/questions.js';
import { Spark } from '../../charts/spark.js';
import { TimeChart } from '../../charts/time-chart.js';
import { useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { Answer, Note } from '../../parts/state.js';
import { Health, Severity } from '../../parts/status.js';
import { number, percent, when, whole } from '../../parts/wording.js';
import { boundsOf, useRange, useRangeLink } from '../../shell/range.js';
import { TopBar } from '../../shell/top-bar.js';
import { EntityTabs } from './entity-tabs.js';

const HEALTH_ORDER = { down: 0, degraded: 1, healthy: 2 } as const;

/** Services, those that are not well first, and one of them. */
export default function ServicesPage() {
  const [search] = useSearchParams();
  const asked = useQuery(servicesOf());
  const services = (asked.data?.items ?? []).toSorted(
    (one, other) =>
      HEALTH_ORDER[one.health] - HEALTH_ORDER[other.health] ||
      other.incidents.length - one.incidents.length ||
      one.service.localeCompare(other.service),
  );
  const chosen = search.get('name') ?? services[0]?.service;
  return (
    <>
      <TopBar title="Services">
        <EntityTabs at="/services" />
      </TopBar>
      <main id="main">
        <div className="pad overflow-x-auto">
          <Answer asked={asked} what="The services could not be read." rows={6}>
            {() =>
              services.length === 0 ? (
                <Note icon="services" title="No service has written a line yet." />
              ) : (
                <ServiceTable services={services} chosen={chosen} />
              )
            }
          </Answer>
        </div>
        {chosen !== undefined && <OneService key={chosen} name={chosen} />}
      </main>
    </>
  );
}

type Service = NonNullable<ReturnType<typeof useServices>['data']>['items'][number];
const useServices = () => useQuery(servicesOf());

function ServiceTable({ chosen, services }: { services: readonly Service[]; chosen: string | undefined }) {
  const linkTo = useRangeLink();
  const range = useRange();
  const details = useQueries({ queries: services.map(({ service }) => serviceOf(service, range)) });
  return (
    <table className="tb svc">
      <thead>
        <tr>
          <th scope="col">service</th>
          <th scope="col">health</th>
          <th scope="col" className="num">
            lines/s
          </th>
          <th scope="col">
            <span className="vh">lines over time</span>
          </th>
          <th scope="col" className="num">
            p50 ms
          </th>
          <th scope="col" className="num">
            p95 ms
          </th>
          <th scope="col">
            <span className="vh">p95 over time</span>
          </th>
          <th scope="col" className="num">
            errors %
          </th>
          <th scope="col">
            <span className="vh">errors over time</span>
          </th>
          <th scope="col" className="num">
            sessions
          </th>
          <th scope="col" className="num">
            KB/s
          </th>
          <th scope="col" className="num">
            model
          </th>
        </tr>
      </thead>
      <tbody>
        {services.map((one, index) => {
          const series = details[index]?.data?.series ?? [];
          const score = details[index]?.data?.predictions.at(-1)?.score;
          const isBad = one.health !== 'healthy';
          return (
            <tr key={one.service} aria-selected={one.service === chosen || undefined}>
              <td>
                <Link className="n" href={linkTo('/services', { name: one.service })}>
                  <b>{one.service}</b>
                </Link>
              </td>
              <td>
                <Health health={one.health} />
              </td>
              <td className="num">{number(one.throughput)}</td>
              <td className="spk">
                <Spark values={series.map(({ throughput }) => throughput)} />
              </td>
              <td className="num">{one.p50_response_time === null ? '' : number(one.p50_response_time)}</td>
              <td className="num">{one.p95_response_time === null ? '' : number(one.p95_response_time)}</td>
              <td className="spk">
                <Spark values={series.map(({ p95_response_time }) => p95_response_time)} />
              </td>
              <td className={`num ${isBad ? 'critical-t' : ''}`}>
                <Link className="n" href={linkTo('/logs', { q: `service:${one.service} level:ERROR,CRITICAL` })}>
                  {percent(one.error_rate)}
                </Link>
              </td>
              <td className="spk">
                <Spark zero values={series.map(({ error_rate }) => error_rate)} />
              </td>
              <td className="num">{whole(one.active_sessions)}</td>
              <td className="num">{number(one.bytes / 1000 / ((one.window_end - one.window_start) / 1000))}</td>
              <td className="num t2">{score === undefined ? '' : number(score)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function OneService({ name }: { readonly name: string }) {
  const range = useRange();
  const linkTo = useRangeLink();
  const asked = useQuery(serviceOf(name, range));
  const alerts = useQuery(alertsOf({ scope: `service/${name}` }));
  return (
    <section className="sd" aria-labelledby="service-t">
      <div className="sd-h">
        <h2 id="service-t">{name}</h2>
        {asked.data?.incidents[0] !== undefined && (
          <Link className="st critical" href={`/incidents/${encodeURIComponent(asked.data.incidents[0])}`}>
            <Icon name="critical" />
            an incident is open
            <Icon name="arrow" />
          </Link>
        )}
        <span className="sp" />
        <Link className="btn" href={linkTo('/logs', { q: `service:${name}` })}>
          <Icon name="logs" />
          Its lines
        </Link>
      </div>
      <Answer asked={asked} what="The service could not be read.">
        {({ predictions, series }) => {
          if (series.length === 0)
            return (
              <div className="pageh">
                <Note title="No lines in this range." />
              </div>
            );
          const chart = {
            ...boundsOf(range, series.at(-1)?.window_end ?? 0),
            gapMs: 15_000,
            height: 110,
            gutter: 44,
          };
          const times = series.map(({ window_end }) => window_end);
          return (
            <div className="sd-g">
              <div className="cell">
                <div className="hd">
                  <h3>Response time</h3>
                  <span className="s">ms, of 5 s</span>
                </div>
                <TimeChart
                  {...chart}
                  ends
                  label={`Response times of ${name} in milliseconds`}
                  times={times}
                  lines={[
                    { name: 'p95', values: series.map(({ p95_response_time }) => p95_response_time), colour: 'p95' },
                    { name: 'p50', values: series.map(({ p50_response_time }) => p50_response_time), colour: 'p50' },
                  ]}
                  format={whole}
                />
              </div>
              <div className="cell">
                <div className="hd">
                  <h3>Errors</h3>
                  <span className="s">share of lines, %</span>
                </div>
                <TimeChart
                  {...chart}
                  label={`Share of errors of ${name}`}
                  times={times}
                  lines={[{ name: 'errors', values: series.map(({ error_rate }) => error_rate), colour: 'text-2' }]}
                  format={(value) => percent(value)}
                />
              </div>
              <div className="cell">
                <div className="hd">
                  <h3>Trained model</h3>
                  <span className="s">
                    {predictions.length === 0 ? 'score' : `version ${predictions.at(-1)?.model_version}`}
                  </span>
                </div>
                {predictions.length < 2 ? (
                  <Note icon="clock" title="No score yet.">
                    A model is trained after 300 windows; it tells nobody.
                  </Note>
                ) : (
                  <TimeChart
                    {...chart}
                    label={`Score of the trained model for ${name}`}
                    times={predictions.map(({ window_end }) => window_end)}
                    lines={[{ name: 'score', values: predictions.map(({ score }) => score), colour: 'p95' }]}
                    format={number}
                    zero={false}
                  />
                )}
              </div>
            </div>
          );
        }}
      </Answer>
      <div className="grid-2">
        <div>
          <div className="hd">
            <h3>Last alerts</h3>
            <span className="s">of its scope</span>
          </div>
          <AlertList alerts={alerts.data?.items ?? []} />
        </div>
        <Commonest name={name} />
      </div>
    </section>
  );
}

export function AlertList({ alerts }: { readonly alerts: readonly Alert[] }) {
  const now = useNow(10_000);
  const opened = alerts.filter(({ state }) => state === 'opened').slice(0, 8);
  if (opened.length === 0) return <p className="t2">None is kept.</p>;
  return (
    <ul className="al">
      {opened.map((alert) => (
        <li key={alert.id} className="flex items-center gap-2 min-h-7">
          <Severity severity={alert.severity} quiet />
          <span className="ell" title={alert.explanation}>
            {alert.detector} <span className="t2">{alert.explanation.slice(alert.explanation.indexOf(':') + 2)}</span>
          </span>
          <span className="nw t2">
            {when(alert.time, now)}
            {alerts.some(({ id, state }) => id === alert.id && state === 'resolved') ? '' : ', open'}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What its lines have in common: endpoints and instances, by how many lines each has. */
function Commonest({ name }: { readonly name: string }) {
  const range = useRange();
  const linkTo = useRangeLink();
  const asked = useQuery(facetsOf({ source: 'services', q: `service:${name}`, fields: 'endpoint,source' }, range));
  return (
    <div>
      <div className="hd">
        <h3>Endpoints, instances</h3>
        <span className="s">lines in the range</span>
      </div>
      <Answer asked={asked} what="They could not be read.">
        {({ facets }) => (
          <div className="grid grid-cols-2 gap-6">
            {facets.map(({ field, values }) => (
              <table key={field} className="tb">
                <tbody>
                  {values.slice(0, 6).map(({ count, value }) => (
                    <tr key={value}>
                      <td className="mono">
                        <Link className="n" href={linkTo('/logs', { q: `service:${name} ${field}:${value}` })}>
                          {value}
                        </Link>
                      </td>
                      <td className="num">{whole(count)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            ))}
          </div>
        )}
      </Answer>
    </div>
  );
}
