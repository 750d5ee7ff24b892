import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Metrics } from '../../api/client.js';
import { allHostsOf, servicesOf } from '../../api/questions.js';
import { Spark } from '../../charts/spark.js';
import { useNow, useStaleSince, useStill } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { AsOf, Failure } from '../../parts/state.js';
import { bytes, number, percent, whole } from '../../parts/wording.js';
import { useRange, useRangeLink } from '../../shell/range.js';

/** Of fewer, the first of which may have begun within it, nothing is compared. */
const LEAST_MINUTES = 6;

interface AskedMetrics {
  readonly data: Metrics | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
}

/** Figures of the last minute, against as long before it as the range. */
export function Figures({ metrics }: { readonly metrics: AskedMetrics }) {
  const range = useRange();
  const { data: all } = useQuery(allHostsOf(range));
  const { data: services } = useQuery(servicesOf());
  const linkTo = useRangeLink();
  const now = useNow();
  const staleSince = useStaleSince();
  const data = useStill(metrics.data);
  if (data === undefined) {
    return metrics.error ? (
      <div className="pageh">
        <Failure what="The figures could not be read." error={metrics.error} again={metrics.refetch} />
      </div>
    ) : (
      <section className="kpis min-h-20" aria-label="Figures" />
    );
  }
  const { before, now: last, series, step } = data;
  const since = range.isLive ? staleSince : undefined;
  const perSecond = (values: readonly number[]) => values.map((value) => (value * 1000) / step);
  const lines = services?.items.reduce((sum, { throughput }) => sum + throughput, 0);
  const sent = bytes(last.bytes_per_s);
  const requests = all?.series.map(({ request_count }) => request_count / 60) ?? [];
  const lastRequests = requests.at(-1);
  return (
    <section
      className={`kpis ${range.isLive ? 'live-figures' : ''}`}
      aria-label="Figures of the last minute, against the range before"
    >
      <Figure
        name="Requests"
        href={linkTo('/hosts')}
        value={lastRequests === undefined ? undefined : number(lastRequests)}
        unit="/s"
        change={
          since !== undefined || requests.length < LEAST_MINUTES
            ? undefined
            : changeOf(lastRequests, meanOf(requests.slice(0, -1)))
        }
        beside={since === undefined ? 'all hosts' : <AsOf time={data.to} since={since} now={now} />}
        spark={<Spark values={requests} height={24} />}
      />
      <Figure
        name="Failures"
        href={linkTo('/logs', { source: 'services', q: 'level:ERROR,CRITICAL' })}
        value={last.error_rate === null ? undefined : percent(last.error_rate)}
        unit="%"
        change={changeOf(last.error_rate, before.error_rate)}
        beside="lines, requests"
        spark={
          <Spark
            height={24}
            zero
            values={series.map(({ error_lines, errors_5xx, lines: some, requests: more }) =>
              some + more === 0 ? null : (error_lines + errors_5xx) / (some + more),
            )}
          />
        }
      />
      <Figure
        name="Response time, p95"
        href={linkTo('/services')}
        value={last.p95_ms === null ? undefined : number(last.p95_ms)}
        unit="ms"
        change={changeOf(last.p95_ms, before.p95_ms)}
        beside={last.p50_ms === null ? '' : `p50 ${number(last.p50_ms)} ms`}
        spark={<Spark height={24} values={series.map(({ p95_ms }) => p95_ms)} />}
      />
      <Figure
        name="Service lines"
        href={linkTo('/logs')}
        value={lines === undefined ? undefined : number(lines)}
        unit="/s"
        change={undefined}
        beside={services === undefined ? '' : `${services.items.length} services`}
        spark={<Spark height={24} values={perSecond(series.map(({ lines: some }) => some))} />}
      />
      <Figure
        name="Sessions"
        href={linkTo('/services')}
        value={last.active_sessions === null ? undefined : whole(last.active_sessions)}
        change={changeOf(last.active_sessions, before.active_sessions)}
        beside="lines in memory"
      />
      <Figure
        name="Sent"
        href={linkTo('/hosts')}
        value={sent.value}
        unit={`${sent.unit}/s`}
        change={changeOf(last.bytes_per_s, before.bytes_per_s)}
        beside="in all"
        spark={<Spark height={24} values={all?.series.map((one) => one.bytes) ?? []} />}
      />
      <Figure
        name="Behind"
        href={linkTo('/pipeline')}
        value={last.lag_ms === null ? undefined : number(last.lag_ms / 1000)}
        unit="s"
        change={undefined}
        beside={last.lag_ms === null ? 'no pipeline says so' : 'slowest partition'}
      />
    </section>
  );
}

interface FigureProps {
  readonly name: string;
  readonly href: string;
  /** Undefined: it is not known. */
  readonly value: string | undefined;
  readonly unit?: string;
  readonly change: number | undefined;
  readonly beside: ReactNode;
  readonly spark?: ReactNode;
}

function Figure({ beside, change, href, name, spark, unit, value }: FigureProps) {
  return (
    <Link className="kpi" href={href}>
      <span className="k-l">{name}</span>
      <span className="k-v">
        {value ?? <span className="dim">–</span>}
        {unit !== undefined && value !== undefined && <span className="u">{unit}</span>}
      </span>
      <span className="k-s">{spark}</span>
      <span className="k-d">
        {change !== undefined && (
          <>
            <Icon name={change >= 0 ? 'upr' : 'downr'} />
            {percent(Math.abs(change))} %
          </>
        )}
      </span>
      <span className="k-u">{beside}</span>
    </Link>
  );
}

function changeOf(now: number | null | undefined, before: number | null | undefined): number | undefined {
  if (now == null || before == null || before === 0) return undefined;
  return (now - before) / before;
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
