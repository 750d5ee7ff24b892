import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { IncidentDetail } from '../../api/client.js';
import { incidentOf } from '../../api/questions.js';
import { useNow } from '../../live/use-live.js';
import { FeedbackRows } from '../../parts/feedback-rows.js';
import { Icon } from '../../parts/icon.js';
import { isOngoing, isOpen, matterOf, nameOf, titleOf } from '../../parts/incident-words.js';
import { LineRows } from '../../parts/line-rows.js';
import { Answer } from '../../parts/state.js';
import { IncidentMark, Severity } from '../../parts/status.js';
import { count, day, duration, percent, timeOfDay, when } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';
import { IncidentActions } from './actions.js';
import { AskedFor } from './asked-for.js';
import { FieldShifts } from './field-shifts.js';
import { IncidentMenu } from './incident-menu.js';
import { areAllLines, logsQueryOf, logsSourceOf, timeAround } from './its-lines.js';
import { isUnusual, latestOf, signalsOf } from './signals.js';
import { Timeline } from './timeline.js';
import { Together } from './together.js';

export function IncidentDetailView({ id }: { readonly id: string }) {
  const asked = useQuery(incidentOf(id));
  return (
    <article className="min-w-0">
      <Answer asked={asked} what="The incident could not be read." rows={8}>
        {(incident) => <Detail incident={incident} />}
      </Answer>
    </article>
  );
}

function Detail({ incident }: { readonly incident: IncidentDetail }) {
  const linkTo = useRangeLink();
  const around = timeAround(incident);
  return (
    <>
      <Head incident={incident} />
      <div className="id-g">
        <div className="id-m">
          <Timeline incident={incident} />
          <section aria-labelledby="lines-t">
            <div className="hd">
              <h3 id="lines-t">Lines</h3>
              <span className="s">
                {count(incident.failing_lines, 'line')}
                {areAllLines(incident) ? '' : ' that failed'}, samples of each message first
              </span>
              <Link
                className="lnk r s"
                href={linkTo('/logs', { ...around, source: logsSourceOf(incident), q: logsQueryOf(incident) })}
              >
                Open in Logs
                <Icon name="arrow" />
              </Link>
            </div>
            {incident.lines.length === 0 ? (
              <p className="t2">They are no longer in memory.</p>
            ) : (
              <LineRows
                wide
                lines={incident.lines}
                hrefOf={(line) =>
                  linkTo('/logs', { ...around, source: line.kind, q: logsQueryOf(incident), line: line.id })
                }
              />
            )}
          </section>
        </div>
        <aside className="is" aria-label="What is different">
          <AskedFor incident={incident} />
          <FieldShifts comparison={incident.fields} incident={incident} />
          <Together incident={incident} />
          <SameRequests incident={incident} />
          <LikeItBefore incident={incident} />
          <Actions incident={incident} />
          <Deliveries incident={incident} />
        </aside>
      </div>
    </>
  );
}

/** What is measured of it now; undefined of what has no measures, such as a client. */
function nowInWords(incident: IncidentDetail): ReactNode {
  if (!isOngoing(incident)) return 'over';
  const measured = signalsOf(incident).flatMap((signal) => {
    const value = latestOf(signal);
    if (value === null || signal.usual === undefined) return [];
    const words = `${signal.name.toLowerCase()} ${`${signal.format(value)} ${signal.unit}`.trim()}`;
    return [{ words, isUnusual: isUnusual(value, signal) }];
  });
  const unusual = measured.filter((one) => one.isUnusual);
  if (unusual.length > 0) {
    return <b className={`${incident.severity}-t`}>{unusual.map(({ words }) => words).join(', ')}</b>;
  }
  return measured[0] && `${measured[0].words}, as usual again`;
}

function Head({ incident }: { readonly incident: IncidentDetail }) {
  const now = useNow();
  const current = nowInWords(incident);
  const marks = [
    incident.acknowledged ? 'acknowledged' : isOpen(incident) ? 'not acknowledged' : '',
    incident.silenced ? 'silenced' : '',
    incident.was_fine ? 'was fine' : '',
  ].filter((word) => word !== '');
  const facts: readonly (readonly [string, ReactNode])[] = [
    [
      'Since',
      <>
        {when(incident.opened, now)}{' '}
        <span className="t2">{duration((incident.resolved ?? now) - incident.opened)}</span>
      </>,
    ],
    ...(current === undefined ? [] : [['Now', current] as const]),
    ['Alerts', `${incident.alerts_list.length} of ${count(incident.entities.length, 'entity', 'entities')}`],
    ['Reach', count(incident.failing_lines, 'line')],
    ['Scope', <code key="scope">{incident.scope}</code>],
  ];
  return (
    <header className={`ih ${isOpen(incident) ? incident.severity : 'over'}`}>
      <div className="min-w-0">
        <p className="hero-s">
          <Severity severity={incident.severity} />
          <span className="t2">
            {isOngoing(incident) ? 'Ongoing' : 'Resolved'}
            {marks.length > 0 && `, ${marks.join(', ')}`}
          </span>
        </p>
        <h2>{titleOf(incident, incident.alerts_list)}</h2>
        <p className="ih-s">{incident.summary}</p>
      </div>
      <div className="ih-b">
        <IncidentActions
          incident={incident}
          withFine
          primary
          more={(ask) => (
            <IncidentMenu incident={incident} onSilence={() => ask('silence')} onFine={() => ask('fine')} />
          )}
        />
      </div>
      <dl className="ih-f">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}

function SameRequests({ incident }: { readonly incident: IncidentDetail }) {
  const linkTo = useRangeLink();
  if (incident.same_requests.length === 0) return null;
  return (
    <section aria-labelledby="same-t">
      <div className="hd">
        <h3 id="same-t">In the same requests</h3>
        <span className="s r">share of lines, by request_id</span>
      </div>
      <ul className="rq">
        {incident.same_requests.slice(0, 6).map((one) => (
          <li key={`${one.service} ${one.message}`}>
            <Link
              href={linkTo('/logs', { q: `service:${one.service} "${one.message.split('<*>')[0]?.trim() ?? ''}"` })}
            >
              <span className="ell">
                <b>{one.service}</b> <code>{one.message}</code>
              </span>
              <span className="num">
                <b className={one.share > 2 * one.share_of_others ? 'critical-t' : ''}>{percent(one.share)} %</b>{' '}
                <span className="t2">else {percent(one.share_of_others)}</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function LikeItBefore({ incident }: { readonly incident: IncidentDetail }) {
  if (incident.similar.length === 0) return null;
  return (
    <section aria-labelledby="like-t">
      <div className="hd">
        <h3 id="like-t">Like it before</h3>
        <span className="s r">of {nameOf(incident.scope)}</span>
      </div>
      <ul className="past">
        {incident.similar.map((one) => (
          <li key={one.id}>
            <Link href={`/incidents/${encodeURIComponent(one.id)}`}>
              <IncidentMark incident={one} />
              {day(one.opened)} {timeOfDay(one.opened)}
              <span className="t2">{duration((one.resolved ?? one.updated) - one.opened)}</span>
              {one.was_fine && (
                <span className="tag r">
                  <Icon name="thumbs" />
                  was fine
                </span>
              )}
              <span className="pw t2">{matterOf(one)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

const ACTION_WORDS = {
  acknowledged: 'is on it',
  silenced: 'silenced it',
  resolved: 'said it is over',
  was_fine: 'said it was fine',
  was_not_fine: 'said it was not fine',
} as const;

function Actions({ incident }: { readonly incident: IncidentDetail }) {
  if (incident.actions.length + incident.learned.length === 0) return null;
  return (
    <section aria-labelledby="said-t">
      <div className="hd">
        <h3 id="said-t">What people said</h3>
      </div>
      <ul className="al">
        {incident.actions.map(({ action, by, note, time, until }) => (
          <li key={`${time}${action}`} className="py-1">
            <b>{by}</b> {ACTION_WORDS[action]}
            {until !== null && ` until ${when(until, time)}`} <span className="dim">{when(time)}</span>
            {note !== null && note !== '' && <span className="block t2">{note}</span>}
          </li>
        ))}
      </ul>
      {incident.learned.length > 0 && <FeedbackRows items={incident.learned} />}
    </section>
  );
}

function Deliveries({ incident }: { readonly incident: IncidentDetail }) {
  return (
    <section aria-labelledby="sent-t">
      <div className="hd">
        <h3 id="sent-t">Deliveries</h3>
        <Link className="lnk r s" href="/alerts">
          All
          <Icon name="arrow" />
        </Link>
      </div>
      {incident.deliveries.length === 0 ? (
        <p className="t2">Nobody was told.</p>
      ) : (
        <ul className="dl">
          {incident.deliveries.map((delivery) => (
            <li key={String(delivery['id'])} className="flex gap-2 py-1">
              <span>{String(delivery['channel'] ?? '')}</span>
              <span className="t2 r">{String(delivery['state'] ?? delivery['status'] ?? '')}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
