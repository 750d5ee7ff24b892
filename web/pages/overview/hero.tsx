import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from 'wouter';
import type { Incident, IncidentDetail } from '../../api/client.js';
import { incidentOf } from '../../api/questions.js';
import { TimeChart } from '../../charts/time-chart.js';
import { useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { everyHost, matterOf, nameOf } from '../../parts/incident-words.js';
import { LineRows } from '../../parts/line-rows.js';
import { Loading } from '../../parts/state.js';
import { Severity } from '../../parts/status.js';
import { count, duration, percent, timeOfDay, whenToSecond } from '../../parts/wording.js';
import { useKeys } from '../../shell/keys.js';
import { useRangeLink } from '../../shell/range.js';
import { IncidentActions } from '../incidents/actions.js';
import { ClientRequests } from '../incidents/client-requests.js';
import { isOfClient, logsQueryOf, logsSourceOf } from '../incidents/its-lines.js';
import { isUnusual, latestOf, type Signal, signalsOf, usualInWords } from '../incidents/signals.js';

const MAX_LINES = 8;

/** The gravest thing that goes on: what, since when, how bad, why, and the lines that show it. */
export function Hero({ incident, others }: { readonly incident: Incident; readonly others: readonly Incident[] }) {
  const { data: detail } = useQuery(incidentOf(incident.id));
  const [, navigate] = useLocation();
  const linkTo = useRangeLink();
  const now = useNow();
  const href = `/incidents/${encodeURIComponent(incident.id)}`;
  useKeys({ Enter: () => document.activeElement === document.body && navigate(href) });
  const alerts = detail?.alerts_list ?? [];
  const signals = detail === undefined ? [] : signalsOf(detail).slice(0, 2);
  const lines = detail?.lines.slice(0, MAX_LINES) ?? [];
  return (
    <section className={`hero ${incident.severity}`} aria-labelledby="hero-t">
      <div className="hero-w">
        <p className="hero-s">
          <Severity severity={incident.severity} />
          <span className="t2">
            ongoing for{' '}
            <Link className="n" href={href}>
              {duration(now - incident.opened)}
            </Link>
            {incident.acknowledged && ', acknowledged'}
          </span>
        </p>
        <h2 id="hero-t">
          <Link href={href}>
            {everyHost(nameOf(incident.scope))} <br />
            is {matterOf(incident, alerts)}
          </Link>
        </h2>
        <Facts incident={incident} detail={detail} signals={signals} />
        <div className="hero-a">
          <IncidentActions incident={incident}>
            <Link className="btn primary" href={href}>
              Open <kbd>↵</kbd>
            </Link>
          </IncidentActions>
        </div>
      </div>
      <div className="hero-c">
        {detail === undefined ? (
          <Loading rows={6} />
        ) : isOfClient(incident) ? (
          <ClientRequests incident={incident} />
        ) : (
          signals.map((signal, index) => (
            <SignalChart
              key={signal.name}
              signal={signal}
              incident={detail}
              others={others}
              xAxis={index === signals.length - 1}
            />
          ))
        )}
      </div>
      <div className="hero-l">
        <div className="hd">
          <h3>Lines that show it</h3>
          {detail !== undefined && (
            <Link
              className="lnk r s"
              href={linkTo('/logs', { source: logsSourceOf(incident), q: logsQueryOf(incident) })}
            >
              All {count(detail.failing_lines, 'line')}
              <Icon name="arrow" />
            </Link>
          )}
        </div>
        {detail === undefined ? (
          <Loading rows={6} />
        ) : lines.length === 0 ? (
          <p className="t2">They are no longer in memory.</p>
        ) : (
          <LineRows
            lines={lines}
            hrefOf={(line) => linkTo('/logs', { source: line.kind, q: logsQueryOf(incident), line: line.id })}
          />
        )}
      </div>
    </section>
  );
}

interface FactsProps {
  readonly incident: Incident;
  readonly detail: IncidentDetail | undefined;
  readonly signals: readonly Signal[];
}

function Facts({ detail, incident, signals }: FactsProps) {
  const linkTo = useRangeLink();
  const first = detail?.alerts_list[0];
  const unusual = signals.flatMap((signal) => {
    const value = latestOf(signal);
    return value === null || signal.usual === undefined ? [] : [{ signal, value }];
  });
  const inRequests = detail?.same_requests.find(
    (one) => one.share > 2 * one.share_of_others && one.share - one.share_of_others > 0.02,
  );
  // One story only where the requests are the same: that something began earlier alone says nothing.
  const together = detail?.together;
  const earlier = together?.others.find((one) => one.shared_requests > 0 && one.began < together.began);
  const shift = detail?.fields.stand_out[0];
  const alike = detail?.fields.alike.find(({ field }) => field === 'source');
  return (
    <dl className="facts">
      <dt>Since</dt>
      <dd>
        <Link className="n" href={`/incidents/${encodeURIComponent(incident.id)}`}>
          {whenToSecond(incident.opened)}
        </Link>
        {first !== undefined &&
          first.time > first.window_start &&
          `, noticed ${duration(first.time - first.window_start)} after it began`}
      </dd>
      <dt>How bad</dt>
      <dd>
        {incident.summary}
        {unusual.map(({ signal, value }) => (
          <span key={signal.name} className="block">
            <Link className="n" href={`/incidents/${encodeURIComponent(incident.id)}`}>
              {signal.name}{' '}
              <b className={isUnusual(value, signal) ? `${incident.severity}-t` : ''}>
                {signal.format(value)} {signal.unit}
              </b>{' '}
              now
            </Link>
            , {usualInWords(signal)}
          </span>
        ))}
      </dd>
      {(inRequests !== undefined || shift !== undefined || earlier !== undefined) && (
        <>
          <dt>Why</dt>
          <dd>
            {inRequests !== undefined && (
              <span className="block">
                <Link className="n" href={linkTo('/logs', { q: `service:${inRequests.service}` })}>
                  <b>{percent(inRequests.share, 0)} %</b> of what others logged in the same requests
                </Link>{' '}
                is <code>{inRequests.message}</code> in {inRequests.service}, {percent(inRequests.share_of_others)} %
                else
              </span>
            )}
            {inRequests === undefined && shift !== undefined && (
              <span className="block">
                <b>{percent(shift.share, 0)} %</b> have {shift.field} <code>{shift.value}</code>,{' '}
                {percent(shift.share_before)} % before
              </span>
            )}
            {earlier !== undefined && (
              <Link className="n" href={`/incidents/${encodeURIComponent(earlier.incident.id)}`}>
                {nameOf(earlier.incident.scope)} began {duration((together?.began ?? 0) - earlier.began)} earlier
              </Link>
            )}
          </dd>
        </>
      )}
      {detail !== undefined && detail.fields.selected > 0 && (
        <>
          <dt>Reach</dt>
          <dd>
            <Link className="n" href={linkTo('/logs', { source: logsSourceOf(incident), q: logsQueryOf(incident) })}>
              {count(detail.failing_lines, 'line')}
            </Link>
            {alike !== undefined &&
              alike.values > 1 &&
              `; ${count(alike.values, 'instance')} alike, so not one machine`}
          </dd>
        </>
      )}
    </dl>
  );
}

interface SignalChartProps {
  readonly signal: Signal;
  readonly incident: IncidentDetail;
  readonly others: readonly Incident[];
  readonly xAxis: boolean;
}

function SignalChart({ incident, others, signal, xAxis }: SignalChartProps) {
  const value = latestOf(signal);
  const to = Math.max(signal.times.at(-1) ?? incident.updated, incident.updated);
  const from = Math.max(to - 1_800_000, signal.times[0] ?? 0);
  const began = incident.alerts_list[0]?.window_start ?? incident.opened;
  const tone = incident.severity === 'critical' ? 'critical' : 'warning';
  const usual = usualInWords(signal);
  return (
    <>
      <div className="hd">
        <h3>{signal.name}</h3>
        <span className="s">{signal.of}</span>
        {value !== null && (
          <span className="r">
            <b className={isUnusual(value, signal) ? `${tone}-t` : ''}>
              {signal.format(value)} {signal.unit}
            </b>{' '}
            {usual !== '' && <span className="s">{usual}</span>}
          </span>
        )}
      </div>
      <TimeChart
        label={`${signal.name}, ${signal.of}, of ${nameOf(incident.scope)}: ${value === null ? 'nothing' : `${signal.format(value)} ${signal.unit}`.trim()} now${usual === '' ? '' : `, ${usual}`}`}
        times={signal.times}
        lines={[
          {
            name: signal.name,
            values: signal.values,
            colour: 'text-2',
            ...(signal.range !== undefined && {
              outside: { usual: signal.range, colour: tone === 'critical' ? 'critical-fill' : 'warning-fill' },
            }),
          },
        ]}
        from={from}
        to={to}
        height={108}
        gutter={38}
        format={signal.tick}
        gapMs={signal.gapMs}
        xAxis={xAxis}
        zero={incident.source_kind !== 'sensor'}
        {...(signal.range !== undefined && { usual: signal.range })}
        marks={[
          { time: incident.opened, label: timeOfDay(incident.opened), tone },
          ...others
            .filter(
              ({ opened, scope }) =>
                Math.abs(opened - incident.opened) < 600_000 &&
                incident.same_requests.some(({ service }) => service === nameOf(scope)),
            )
            .slice(0, 1)
            .map(({ id, opened, scope }) => ({
              ...{ time: opened, label: `${nameOf(scope)} ${timeOfDay(opened)}`, tone: 'note' as const },
              href: `/incidents/${encodeURIComponent(id)}`,
            })),
        ]}
        shades={[{ from: began, to: incident.resolved ?? to, tone }]}
      />
    </>
  );
}
