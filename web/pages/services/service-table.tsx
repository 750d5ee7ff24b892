import { useQueries } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Schemas } from '../../api/client.js';
import { serviceOf } from '../../api/questions.js';
import { Spark } from '../../charts/spark.js';
import { Health } from '../../parts/status.js';
import { TableHead } from '../../parts/table-head.js';
import { measured, percent, whole } from '../../parts/wording.js';
import { useRange, useRangeLink } from '../../shell/range.js';
import { usualErrors, usualLines } from './usual-of-service.js';

type Service = Schemas['ServiceHealth'] & { readonly incidents: readonly string[] };

/** Each service in its newest window, with what was usual. */
export function ServiceTable({ chosen, services }: { services: readonly Service[]; chosen: string | undefined }) {
  const linkTo = useRangeLink();
  const range = useRange();
  const details = useQueries({ queries: services.map(({ service }) => serviceOf(service, range)) });
  return (
    <table className="tb svc">
      <TableHead
        words={['service', 'health']}
        numbers={[
          ...['lines/s', { unseen: 'lines over time' }, 'p50 ms', 'p95 ms', { unseen: 'p95 over time' }],
          ...['errors %', { unseen: 'errors over time' }, 'sessions', 'KB/s', 'model'],
        ]}
      />
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
                {one.is_learning === true && <span className="s dim"> still learning</span>}
              </td>
              <td className="num">{measured(one.throughput)}</td>
              <td className="spk">
                <Spark values={series.map(({ throughput }) => throughput)} usual={usualLines(series)} />
              </td>
              <td className="num">{one.p50_response_time === null ? '' : measured(one.p50_response_time)}</td>
              <td className="num">{one.p95_response_time === null ? '' : measured(one.p95_response_time)}</td>
              <td className="spk">
                <Spark values={series.map(({ p95_response_time }) => p95_response_time)} />
              </td>
              <td className={`num ${isBad ? 'critical-t' : ''}`}>
                <Link className="n" href={linkTo('/logs', { q: `service:${one.service} level:ERROR,CRITICAL` })}>
                  {percent(one.error_rate)}
                </Link>
              </td>
              <td className="spk">
                <Spark zero values={series.map(({ error_rate }) => error_rate)} usual={usualErrors(series)} />
              </td>
              <td className="num">{whole(one.active_sessions)}</td>
              <td className="num">{measured(one.bytes / 1000 / ((one.window_end - one.window_start) / 1000))}</td>
              <td className="num t2">{score === undefined ? '' : measured(score)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
