import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Incident, Schemas } from '../../api/client.js';
import { alertsOf, incidentsOf, serviceOf } from '../../api/questions.js';
import { periodBefore } from '../../charts/period-before.js';
import { TimeChart } from '../../charts/time-chart.js';
import { heldSince } from '../../charts/usual.js';
import { Icon } from '../../parts/icon.js';
import { gravestOf, matterOf } from '../../parts/incident-words.js';
import { Answer, Note } from '../../parts/state.js';
import { number, share, timeOfDay, when, whole } from '../../parts/wording.js';
import { boundsOf, useRange, useRangeBefore, useRangeLink } from '../../shell/range.js';
import { AlertList } from './alert-list.js';
import { Endpoints, Instances } from './instances.js';
import { usualErrors, usualTimes } from './usual-of-service.js';

/** All that a detector watches of a service, with what is usual; its instances and endpoints. */
export function OneService({ name }: { readonly name: string }) {
  const range = useRange();
  const linkTo = useRangeLink();
  const asked = useQuery(serviceOf(name, range));
  const rangeAgo = useRangeBefore();
  const { data: ago } = useQuery({ ...serviceOf(name, rangeAgo ?? range), enabled: rangeAgo !== undefined });
  const before = (...values: readonly ((one: Schemas['ServiceHealth']) => number | null)[]) =>
    periodBefore(rangeAgo && ago?.series, range.spanMs, ({ window_end }) => window_end, values);
  const alerts = useQuery(alertsOf({ scope: `service/${name}` }));
  const open = useQuery(incidentsOf({ state: 'open' }));
  const incident = gravestOf((open.data?.items ?? []).filter(({ scope }) => scope === `service/${name}`));
  const opened = incident?.opened;
  return (
    <section className="sd" aria-labelledby="service-t">
      <div className="sd-h">
        <h2 id="service-t">{name}</h2>
        {incident !== undefined && (
          <Link className={`st ${incident.severity}`} href={`/incidents/${encodeURIComponent(incident.id)}`}>
            <Icon name={incident.severity} />
            {matterOf(incident)} since {when(incident.opened)}
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
          const errors = heldSince(usualErrors(series), times, opened);
          const isLearning = series.at(-1)?.is_learning === true;
          const incidentOn = incident === undefined ? {} : markOf(incident, chart.to);
          return (
            <div className="sd-g">
              <div className="cell">
                <div className="hd">
                  <h3>Response time</h3>
                  <span className="s">ms, of 5 s</span>
                  <UsualKey of="usual, of the typical time" isLearning={isLearning} />
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
                  before={before(
                    (one) => one.p95_response_time,
                    (one) => one.p50_response_time,
                  )}
                  format={whole}
                  usual={heldSince(usualTimes(series), times, opened)}
                  {...incidentOn}
                />
              </div>
              <div className="cell">
                <div className="hd">
                  <h3>Errors</h3>
                  <span className="s">share of lines</span>
                  <UsualKey of="usual" isLearning={isLearning} />
                </div>
                <TimeChart
                  {...chart}
                  label={`Share of errors of ${name}`}
                  times={times}
                  lines={[
                    {
                      ...{ name: 'errors', values: series.map(({ error_rate }) => error_rate), colour: 'text-2' },
                      outside: { usual: errors, colour: 'critical-fill' },
                    },
                  ]}
                  before={before((one) => one.error_rate)}
                  format={share}
                  usual={errors}
                  {...incidentOn}
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
                    A model is trained after 300 windows. It raises no alert.
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
      <div className="trio">
        <Instances name={name} alerts={alerts.data?.items ?? []} />
        <Endpoints name={name} />
        <div className="cell">
          <div className="hd">
            <h3>Last alerts</h3>
            <span className="s">of its scope</span>
          </div>
          <AlertList alerts={alerts.data?.items ?? []} />
        </div>
      </div>
    </section>
  );
}

/** Since when an incident is open, on a chart. */
function markOf({ id, opened, severity }: Incident, to: number) {
  const tone = severity === 'critical' ? ('critical' as const) : ('warning' as const);
  const href = `/incidents/${encodeURIComponent(id)}`;
  return {
    marks: [{ time: opened, label: timeOfDay(opened), tone, href }],
    shades: [{ from: opened, to, tone }],
  };
}

/** What the band of a chart is, or that there is none yet. */
function UsualKey({ isLearning, of }: { readonly of: string; readonly isLearning: boolean }) {
  if (isLearning) return <span className="s dim r">what is usual is not known yet</span>;
  return (
    <span className="key r">
      <span>
        <i className="bg-band!" />
        {of}
      </span>
    </span>
  );
}
