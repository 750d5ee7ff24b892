import type { IncidentDetail } from '../../api/client.js';
import { TimeAxis } from '../../charts/time-axis.js';
import { TimeChart } from '../../charts/time-chart.js';
import { useNow } from '../../live/use-live.js';
import { isOngoing, nameOf } from '../../parts/incident-words.js';
import { Severity } from '../../parts/status.js';
import { timeOfDay, whenToSecond } from '../../parts/wording.js';
import { ClientRequests } from './client-requests.js';
import { isOfClient } from './its-lines.js';
import { isUnusual, latestOf, type Signal, signalsOf, usualInWords } from './signals.js';

const BEFORE_MS = 12 * 60_000;
const AFTER_MS = 3 * 60_000;
const GUTTER = 44;

/** One axis for everything: alerts as bars, then what they watch with what is usual, then what people did. */
export function Timeline({ incident }: { readonly incident: IncidentDetail }) {
  const now = useNow(5_000);
  const began = incident.alerts_list[0]?.window_start ?? incident.opened;
  const from = began - BEFORE_MS;
  const to = isOngoing(incident)
    ? Math.max(now, incident.updated)
    : Math.min(now, (incident.resolved ?? now) + AFTER_MS);
  const place = (time: number) => `${Math.max(0, Math.min(100, ((time - from) / (to - from)) * 100))}%`;
  const signals = signalsOf(incident);
  return (
    <section className="tl" aria-labelledby="timeline-t" id="timeline">
      <div className="hd">
        <h3 id="timeline-t">Timeline</h3>
        <span className="s">
          {whenToSecond(from)} to {whenToSecond(to, from)}
        </span>
        <span className="key r">
          {signals.some(({ isLimit, range }) => range !== undefined && !isLimit) && (
            <span>
              <i className="bg-band!" />
              usual
            </span>
          )}
          {signals.some(({ isLimit, range }) => range !== undefined && isLimit) && (
            <span>
              <i className="bg-band!" />
              within the limit
            </span>
          )}
          {signals.some(({ range }) => range !== undefined) && (
            <span>
              <i className={`ln ${incident.severity === 'critical' ? 'bg-critical-fill!' : 'bg-warning-fill!'}`} />
              outside
            </span>
          )}
        </span>
      </div>
      <div className="gantt">
        {incident.alerts_list.map((alert) => (
          <div key={alert.id} className="g-r" title={alert.explanation}>
            <span className="g-n">
              <Severity severity={alert.severity} quiet />
              <span>{alert.detector}</span>
              <span className="t2 ell">
                {alert.entity === nameOf(alert.scope) ? '' : alert.entity.replace(`${nameOf(alert.scope)} `, '')}
              </span>
            </span>
            <span className="g-t">
              <b style={{ insetInlineStart: `calc(${place(alert.window_start)} - 6px)` }}>
                {timeOfDay(alert.time)}
                {alert.resolved !== null && ` to ${timeOfDay(alert.resolved)}`}
              </b>
              <i
                className={`${alert.severity === 'critical' ? '' : 'warning'} ${alert.resolved === null ? 'open' : ''}`}
                style={{
                  insetInlineStart: place(alert.window_start),
                  insetInlineEnd: `calc(100% - ${place(alert.resolved ?? to)})`,
                }}
              />
            </span>
          </div>
        ))}
      </div>
      {signals.map((signal) => (
        <SignalRow key={signal.name} signal={signal} incident={incident} from={from} to={to} began={began} />
      ))}
      <div className="tl-c ax" aria-hidden="true">
        <span />
        <TimeAxis from={from} to={to} />
      </div>
      {isOfClient(incident) && <ClientRequests incident={incident} />}
    </section>
  );
}

interface SignalRowProps {
  readonly signal: Signal;
  readonly incident: IncidentDetail;
  readonly from: number;
  readonly to: number;
  readonly began: number;
}

function SignalRow({ began, from, incident, signal, to }: SignalRowProps) {
  const value = latestOf(signal);
  const tone = incident.severity === 'critical' ? 'critical' : 'warning';
  const usual = usualInWords(signal);
  return (
    <div className="tl-c">
      <div className="tl-l">
        <b>{signal.name}</b>
        <span className="t2">{signal.of}</span>
        {value !== null && (
          <span className="rd">
            <b className={isUnusual(value, signal) ? `${tone}-t` : ''}>
              {signal.format(value)} {signal.unit}
            </b>{' '}
            {usual !== '' && <span className="t2">{usual}</span>}
          </span>
        )}
      </div>
      <TimeChart
        label={`${signal.name}, ${signal.of}: ${value === null ? 'nothing' : `${signal.format(value)} ${signal.unit}`.trim()} last${usual === '' ? '' : `, ${usual}`}`}
        times={signal.times}
        lines={[
          {
            name: signal.name,
            values: signal.values,
            colour: 'text-2',
            ...(signal.range !== undefined && { outside: { usual: signal.range, colour: `${tone}-fill` as const } }),
          },
        ]}
        from={from}
        to={to}
        height={70}
        gutter={GUTTER}
        format={signal.tick}
        gapMs={signal.gapMs}
        xAxis={false}
        zero={incident.source_kind !== 'sensor'}
        {...(signal.range !== undefined && { usual: signal.range })}
        marks={[{ time: incident.opened, label: timeOfDay(incident.opened), tone }]}
        shades={[{ from: began, to: incident.resolved ?? to, tone }]}
      />
    </div>
  );
}
