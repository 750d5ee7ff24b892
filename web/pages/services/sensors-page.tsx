import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'wouter';
import { alertsOf, sensorOf, sensorsOf } from '../../api/questions.js';
import { gapOf } from '../../charts/gap.js';
import { periodBefore } from '../../charts/period-before.js';
import { TimeChart } from '../../charts/time-chart.js';
import { everywhere } from '../../charts/usual.js';
import { Icon } from '../../parts/icon.js';
import { Answer } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { Wide } from '../../parts/wide.js';
import { measured, number, when } from '../../parts/wording.js';
import { boundsOf, useRange, useRangeBefore, useRangeLink } from '../../shell/range.js';
import { TopBar } from '../../shell/top-bar.js';
import { AlertList } from './alert-list.js';
import { EntityTabs } from './entity-tabs.js';
import { NothingOfIt } from './nothing-of-it.js';

const MEASURES = [
  { field: 'temperature', title: 'Temperature', unit: '°C' },
  { field: 'pressure', title: 'Pressure', unit: '' },
  { field: 'value', title: 'Value', unit: '' },
] as const;

/** Sensors, the most unlike themselves first, and the readings of one. */
export default function SensorsPage() {
  const [search] = useSearchParams();
  const asked = useQuery(sensorsOf());
  const linkTo = useRangeLink();
  const sensors = (asked.data?.items ?? []).toSorted(
    (one, other) =>
      other.incidents.length - one.incidents.length ||
      other.learned_score - one.learned_score ||
      one.sensor_id.localeCompare(other.sensor_id, 'en', { numeric: true }),
  );
  const chosen = search.get('name') ?? sensors[0]?.sensor_id;
  return (
    <>
      <TopBar title="Sensors">
        <EntityTabs at="/sensors" />
      </TopBar>
      <main id="main">
        {chosen !== undefined && <OneSensor key={chosen} id={chosen} />}
        <Wide label="Sensors" className="pad">
          <Answer asked={asked} what="The sensors could not be read." rows={6}>
            {() =>
              sensors.length === 0 ? (
                <NothingOfIt icon="radio" title="No sensor has sent a reading yet." />
              ) : (
                <table className="tb svc">
                  <TableHead
                    words={['sensor', 'state']}
                    numbers={['°C', 'pressure', 'value', 'learned score', 'limit score', 'read at']}
                  />
                  <tbody>
                    {sensors.map((one) => (
                      <tr key={one.sensor_id} aria-selected={one.sensor_id === chosen || undefined}>
                        <td>
                          <Link className="n" href={linkTo('/sensors', { name: one.sensor_id })}>
                            <b>{one.sensor_id}</b>
                          </Link>
                        </td>
                        <td>
                          {one.incidents.length > 0 || one.is_anomaly ? (
                            <span className="st warning">
                              <Icon name="warning" />
                              {one.fields.length > 0 ? one.fields.join(', ') : 'an incident is open'}
                            </span>
                          ) : (
                            <span className="dim">as usual</span>
                          )}
                        </td>
                        <td className="num">{one.temperature === null ? '' : measured(one.temperature)}</td>
                        <td className="num">{one.pressure === null ? '' : measured(one.pressure)}</td>
                        <td className="num">{one.value === null ? '' : measured(one.value)}</td>
                        <td className="num">{measured(one.learned_score)}</td>
                        <td className="num">{measured(one.anomaly_score)}</td>
                        <td className="num mono">{when(one.timestamp)}</td>
                      </tr>
                    ))}
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

function OneSensor({ id }: { readonly id: string }) {
  const range = useRange();
  const asked = useQuery(sensorOf(id, range));
  const rangeAgo = useRangeBefore();
  const { data: ago } = useQuery({ ...sensorOf(id, rangeAgo ?? range), enabled: rangeAgo !== undefined });
  const before = (field: (typeof MEASURES)[number]['field']) =>
    periodBefore(rangeAgo && ago?.series, range.spanMs, ({ timestamp }) => timestamp, [(one) => one[field]]);
  const alerts = useQuery(alertsOf({ scope: `sensor/${id}` }));
  return (
    <section aria-labelledby="sensor-t">
      <div className="sd-h">
        <h2 id="sensor-t">{id}</h2>
      </div>
      <Answer asked={asked} what="The sensor could not be read.">
        {({ expected, series }) => {
          const times = series.map(({ timestamp }) => timestamp);
          const chart = {
            ...boundsOf(range, series.at(-1)?.timestamp ?? 0),
            ...{ gapMs: gapOf(times, 60_000), height: 110, gutter: 40, zero: false, format: number },
            times,
          };
          const read = MEASURES.filter(({ field }) => series.some((one) => one[field] !== null));
          // Two charts and the alerts are a row.
          const shown = read.length === 0 ? MEASURES.slice(0, 2) : read.slice(0, 2);
          const bandOf = (field: string) =>
            expected?.fields[0] === field ? { usual: everywhere(expected, series.length) } : {};
          return (
            <div className="trio">
              {shown.map(({ field, title, unit }) => (
                <div key={field} className={shown.length === 1 ? 'cell w2' : 'cell'}>
                  <div className="hd">
                    <h3>{title}</h3>
                    <span className="s">{unit}</span>
                  </div>
                  <TimeChart
                    {...chart}
                    {...bandOf(field)}
                    label={`${title} of ${id}`}
                    before={before(field)}
                    lines={[{ name: title.toLowerCase(), values: series.map((one) => one[field]), colour: 'text-2' }]}
                  />
                </div>
              ))}
              <div className="cell">
                <div className="hd">
                  <h3>Last alerts</h3>
                </div>
                <AlertList alerts={alerts.data?.items ?? []} />
              </div>
            </div>
          );
        }}
      </Answer>
    </section>
  );
}
