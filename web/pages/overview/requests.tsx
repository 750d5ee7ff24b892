import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Incident, WebStatistics } from '../../api/client.js';
import { allHostsOf, goalOf, hostOf } from '../../api/questions.js';
import { Bars } from '../../charts/bars.js';
import { periodBefore } from '../../charts/period-before.js';
import { TimeChart } from '../../charts/time-chart.js';
import { Icon } from '../../parts/icon.js';
import { isOpen, nameOf } from '../../parts/incident-words.js';
import { Answer, Note } from '../../parts/state.js';
import { number, timeOfDay, whole } from '../../parts/wording.js';
import { boundsOf, type TimeRange, useRange, useRangeBefore, useRangeLink } from '../../shell/range.js';
import { GoalTable } from '../services/goal-table.js';

const MINUTE_MS = 60_000;

/** Requests a second of all hosts, and how many of them failed. */
export function RequestsRegion() {
  const range = useRange();
  const asked = useQuery(allHostsOf(range));
  const before = useHostBefore('*');
  return (
    <section className="cell" aria-labelledby="requests-t">
      <div className="hd">
        <h2 id="requests-t">Requests</h2>
        <span className="s">a second, all hosts</span>
        <span className="key r">
          <span>
            <i className="bg-vol!" />
            4xx
          </span>
          <span>
            <i className="bg-critical-fill!" />
            5xx
          </span>
        </span>
      </div>
      <Answer asked={asked} what="The requests could not be read.">
        {(all) => <RequestCharts series={all?.series ?? []} range={range} before={before} />}
      </Answer>
    </section>
  );
}

/** Minutes of a host in the time before, where the page is compared with it; undefined also while they are asked for. */
export function useHostBefore(host: string): readonly WebStatistics[] | undefined {
  const range = useRange();
  const before = useRangeBefore();
  const { data } = useQuery({ ...hostOf(host, before ?? range), enabled: before !== undefined });
  return before === undefined ? undefined : data?.series;
}

const windowEnd = ({ window_end }: WebStatistics): number => window_end;
const requestsPerSecond = ({ request_count }: WebStatistics): number => request_count / 60;

export function RequestCharts({
  before,
  range,
  series,
}: {
  readonly before: readonly WebStatistics[] | undefined;
  readonly series: readonly WebStatistics[];
  readonly range: TimeRange;
}) {
  if (series.length === 0) return <Note title="No requests in this range." />;
  const { from, to } = boundsOf(range, series.at(-1)?.window_end ?? Date.now());
  const last = series.at(-1);
  return (
    <>
      <TimeChart
        label={`Requests a second: ${last === undefined ? '' : number(requestsPerSecond(last))} in the last minute`}
        times={series.map(({ window_end }) => window_end)}
        lines={[{ name: 'requests', values: series.map(requestsPerSecond), colour: 'p95' }]}
        before={periodBefore(before, range.spanMs, windowEnd, [requestsPerSecond])}
        from={from}
        to={to}
        height={62}
        format={number}
        zero={false}
        xAxis={false}
        gapMs={150_000}
      />
      <Bars
        label="Failed requests a second: of status 4xx and 5xx, by the minute"
        times={series.map(({ window_start }) => window_start)}
        stepMs={MINUTE_MS}
        from={from}
        to={to}
        height={46}
        format={(value) => number(value)}
        parts={[
          { name: '4xx', tone: 'b-4xx', values: series.map(({ client_errors }) => client_errors / 60) },
          { name: '5xx', tone: 'b-5xx', values: series.map(({ server_errors }) => server_errors / 60) },
        ]}
      />
    </>
  );
}

export function ResponseTimesRegion({ incidents }: { readonly incidents: readonly Incident[] }) {
  const range = useRange();
  const asked = useQuery(allHostsOf(range));
  const before = useHostBefore('*');
  const open = incidents.filter((incident) => incident.source_kind === 'web' && isOpen(incident)).slice(0, 1);
  return (
    <section className="cell" aria-labelledby="times-t">
      <div className="hd">
        <h2 id="times-t">Response time</h2>
        <span className="s">ms, all hosts</span>
      </div>
      <Answer asked={asked} what="The response times could not be read.">
        {(all) =>
          all === null || all.series.length === 0 ? (
            <Note title="No requests in this range." />
          ) : (
            <PercentilesChart series={all.series} range={range} before={before} open={open} height={108} />
          )
        }
      </Answer>
    </section>
  );
}

interface PercentilesProps {
  readonly series: readonly WebStatistics[];
  readonly before: readonly WebStatistics[] | undefined;
  readonly range: TimeRange;
  readonly open: readonly Incident[];
  readonly height: number;
}

export function PercentilesChart({ before, height, open, range, series }: PercentilesProps) {
  if (series.every((one) => one.p95_response_time === null)) {
    return (
      <Note icon="clock" title="Not in these logs.">
        Their requests do not say how long they took.
      </Note>
    );
  }
  const { from, to } = boundsOf(range, series.at(-1)?.window_end ?? Date.now());
  const last = series.at(-1);
  return (
    <TimeChart
      label={`Response times in milliseconds: 95 % took at most ${whole(last?.p95_response_time ?? 0)} in the last minute`}
      times={series.map(({ window_end }) => window_end)}
      lines={[
        { name: 'p99', values: series.map(({ p99_response_time }) => p99_response_time), colour: 'p99', width: 1.25 },
        { name: 'p95', values: series.map(({ p95_response_time }) => p95_response_time), colour: 'p95' },
        { name: 'p50', values: series.map(({ p50_response_time }) => p50_response_time), colour: 'p50' },
      ]}
      before={periodBefore(before, range.spanMs, windowEnd, [
        (one) => one.p99_response_time,
        (one) => one.p95_response_time,
        (one) => one.p50_response_time,
      ])}
      from={from}
      to={to}
      height={height}
      gutter={38}
      format={whole}
      gapMs={150_000}
      ends
      marks={open.map(({ id, opened, scope, severity }) => ({
        ...{
          time: opened,
          label: `${nameOf(scope)} ${timeOfDay(opened)}`,
          href: `/incidents/${encodeURIComponent(id)}`,
        },
        tone: severity === 'critical' ? ('critical' as const) : ('warning' as const),
      }))}
      shades={open.map(({ opened, severity }) => ({
        from: opened,
        to,
        tone: severity === 'critical' ? 'critical' : 'warning',
      }))}
    />
  );
}

export function ClientsOverTheLimit() {
  const range = useRange();
  const linkTo = useRangeLink();
  const asked = useQuery(goalOf('1', range, 4));
  return (
    <section className="cell" aria-labelledby="clients-t">
      <div className="hd">
        <h2 id="clients-t">Clients over the limit</h2>
        <span className="s">newest windows</span>
        <Link className="lnk r s" href={linkTo('/goals', { goal: '1' })}>
          goal1-topic
          <Icon name="arrow" />
        </Link>
      </div>
      <Answer asked={asked} what="The clients could not be read.">
        {({ columns, items }) =>
          items.length === 0 ? (
            <Note icon="ok" title="No client was over the limit." />
          ) : (
            <GoalTable columns={columns} items={items} />
          )
        }
      </Answer>
    </section>
  );
}
