import { useQueries } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Alert, Incident } from '../../api/client.js';
import { hostOf, sensorOf, serviceOf } from '../../api/questions.js';
import { pathOf } from '../../charts/spark.js';
import { TimeAxis } from '../../charts/time-axis.js';
import { useNow } from '../../live/use-live.js';
import { everyHost, gravityOf, isOpen, matterOf, nameOf } from '../../parts/incident-words.js';
import { Note } from '../../parts/state.js';
import { Severity } from '../../parts/status.js';
import { count } from '../../parts/wording.js';
import { rangeOf, useRangeLink } from '../../shell/range.js';
import { isOfClient, logsQueryOf } from '../incidents/its-lines.js';

const SPAN_MS = 6 * 3_600_000;
const MAX = 8;
const SIX_HOURS = rangeOf('now-6h', null);

interface Entity {
  readonly scope: string;
  readonly kind: Incident['source_kind'];
  readonly incidents: readonly Incident[];
}

/** A track for each entity that had an alert: those with an open one first, then the newest. */
export function AlertTracks({
  alerts,
  incidents,
}: {
  readonly incidents: readonly Incident[];
  readonly alerts: readonly Alert[];
}) {
  const entities = entitiesOf(incidents);
  const shown = entities.slice(0, MAX);
  const to = Math.max(useNow(10_000), ...incidents.map(({ updated }) => updated));
  // Not six empty hours when there is only one.
  const earliest = Math.min(...incidents.map(({ opened }) => opened), to - 600_000);
  const from = Math.max(to - SPAN_MS, earliest - 600_000);
  const place = (time: number) => `${Math.max(0, Math.min(100, ((time - from) / (to - from)) * 100))}%`;
  return (
    <section aria-labelledby="tracks-t">
      <div className="hd">
        <h2 id="tracks-t">What had an alert</h2>
        <span className="s">
          last 6 h
          {entities.length > shown.length &&
            `; ${count(entities.length - shown.length, 'more entity', 'more entities')} not shown`}
        </span>
        <span className="key r">
          <span>
            <i className="kb tb-critical" />
            critical
          </span>
          <span>
            <i className="kb tb-warning" />
            warning
          </span>
        </span>
      </div>
      {shown.length === 0 ? (
        <Note icon="ok" title="Nothing had an alert." />
      ) : (
        <div className="tracks">
          {shown.map((entity) => (
            <Track key={entity.scope} entity={entity} alerts={alerts} from={from} to={to} place={place} />
          ))}
          <div className="tr ax" aria-hidden="true">
            <span />
            <TimeAxis from={from} to={to} />
          </div>
        </div>
      )}
    </section>
  );
}

interface TrackProps {
  readonly entity: Entity;
  readonly alerts: readonly Alert[];
  readonly from: number;
  readonly to: number;
  readonly place: (time: number) => string;
}

function Track({ alerts, entity, from, place, to }: TrackProps) {
  const linkTo = useRangeLink();
  const name = nameOf(entity.scope);
  const open = entity.incidents.filter(isOpen).toSorted((one, other) => gravityOf(one) - gravityOf(other))[0];
  const page = { service: '/services', web: '/hosts', sensor: '/sensors' }[entity.kind];
  const href = isOfClient(entity)
    ? linkTo('/logs', { source: 'requests', q: logsQueryOf({ scope: entity.scope, source_kind: entity.kind }) })
    : linkTo(page, { name });
  return (
    <div className="tr">
      <Link className="ell n" href={href}>
        {everyHost(name)}
      </Link>
      <div className="tr-t">
        {!isOfClient(entity) && <TrackLine kind={entity.kind} name={name} from={from} to={to} />}
        {entity.incidents.map((incident) => (
          <Link
            key={incident.id}
            href={`/incidents/${encodeURIComponent(incident.id)}`}
            aria-label={`${incident.severity}, ${matterOf(incident, alerts)}`}
            title={incident.summary}
          >
            <i
              className={incident.severity === 'critical' ? 'tb-critical' : 'tb-warning'}
              style={{
                insetInlineStart: place(incident.opened),
                insetInlineEnd: `calc(100% - ${place(incident.resolved ?? to)})`,
              }}
            />
          </Link>
        ))}
      </div>
      <span className="tr-w ell">
        {open === undefined ? (
          <span className="dim">as usual</span>
        ) : (
          <span className="nowst">
            <Severity severity={open.severity} quiet />
            <span className="ell" title={matterOf(open, alerts)}>
              {matterOf(open, alerts)}
            </span>
          </span>
        )}
      </span>
    </div>
  );
}

/** The share of errors, or a sensor's reading, scaled to its own range. */
function TrackLine({
  from,
  kind,
  name,
  to,
}: {
  kind: Incident['source_kind'];
  name: string;
  from: number;
  to: number;
}) {
  const [service, host, sensor] = useQueries({
    queries: [
      { ...serviceOf(name, SIX_HOURS), enabled: kind === 'service', refetchInterval: 30_000 },
      { ...hostOf(name, SIX_HOURS), enabled: kind === 'web', refetchInterval: 60_000 },
      { ...sensorOf(name, SIX_HOURS), enabled: kind === 'sensor', refetchInterval: 30_000 },
    ],
  });
  const points: (readonly [number, number | null])[] =
    service.data?.series.map((row) => [row.window_start, row.error_rate] as const) ??
    host.data?.series.map((row) => [row.window_start, row.error_rate] as const) ??
    sensor.data?.series.map((row) => [row.timestamp, row.temperature ?? row.pressure ?? row.value] as const) ??
    [];
  const thinned = thin(points, from, to);
  const values = thinned.map(([, value]) => value);
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const least = kind === 'sensor' ? Math.min(...known) : 0;
  const most = Math.max(...known, least + 1e-9);
  const x = (index: number) => (((thinned[index]?.[0] ?? from) - from) / (to - from)) * 1000;
  const y = (value: number) => 17 - ((value - least) / (most - least)) * 15;
  return (
    <svg viewBox="0 0 1000 18" preserveAspectRatio="none" aria-hidden="true">
      <path className="c-vol" fill="none" vectorEffect="non-scaling-stroke" d={pathOf(values, x, y, () => true)} />
    </svg>
  );
}

/** The highest of each of some 240 steps. */
function thin(
  points: readonly (readonly [number, number | null])[],
  from: number,
  to: number,
): (readonly [number, number | null])[] {
  const step = (to - from) / 240;
  const kept = new Map<number, readonly [number, number | null]>();
  for (const point of points) {
    const [time, value] = point;
    if (time < from || value === null) continue;
    const place = Math.floor((time - from) / step);
    const known = kept.get(place)?.[1] ?? Number.NEGATIVE_INFINITY;
    if (value > (known ?? 0)) kept.set(place, point);
  }
  return [...kept.values()];
}

function entitiesOf(incidents: readonly Incident[]): Entity[] {
  const byScope = new Map<string, Incident[]>();
  for (const incident of incidents) {
    byScope.set(incident.scope, [...(byScope.get(incident.scope) ?? []), incident]);
  }
  const rank = (own: readonly Incident[]) => Math.min(...own.map((one) => (isOpen(one) ? gravityOf(one) : 9)));
  const newest = (own: readonly Incident[]) => Math.max(...own.map(({ updated }) => updated));
  return [...byScope.values()]
    .toSorted((one, other) => rank(one) - rank(other) || newest(other) - newest(one))
    .map((own) => ({ scope: own[0]?.scope ?? '', kind: own[0]?.source_kind ?? 'service', incidents: own }));
}
