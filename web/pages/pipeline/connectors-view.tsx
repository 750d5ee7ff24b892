import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { answerOf, api, type Schemas } from '../../api/client.js';
import { Icon } from '../../parts/icon.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { Wide } from '../../parts/wide.js';
import { whole } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';

const REFETCH_MS = 10_000;

/** What carries topics to Elasticsearch and InfluxDB, as the workers of Kafka Connect say; what has failed first. */
export function ConnectorsView() {
  const asked = useQuery({
    queryKey: ['connectors'],
    queryFn: ({ signal }) => answerOf(api.GET('/connectors', { signal })),
    refetchInterval: REFETCH_MS,
  });
  return (
    <section className="pageh" aria-label="Connectors">
      <Answer asked={asked} what="The connectors could not be read." rows={6}>
        {({ available, items }) =>
          available ? (
            <Table connectors={items.toSorted((one, other) => Number(isBad(other)) - Number(isBad(one)))} />
          ) : (
            <Note icon="kafka" title="No Kafka Connect.">
              On the embedded log there is none: the lake and the HTTP API have what was found. On Kafka{' '}
              <code>millrace connect</code> makes these connectors: {items.map(({ name }) => name).join(', ')}.
            </Note>
          )
        }
      </Answer>
    </section>
  );
}

function isBad({ state, tasks }: Schemas['Connector']): boolean {
  return state === 'FAILED' || tasks.some((task) => task.state === 'FAILED');
}

function Table({ connectors }: { readonly connectors: readonly Schemas['Connector'][] }) {
  const linkTo = useRangeLink();
  return (
    <Wide label="Connectors">
      <table className="tb">
        <TableHead words={['connector', 'to', 'state', 'topics']} numbers={['tasks', 'lag']} />
        <tbody>
          {connectors.map((one) => (
            <tr key={one.name}>
              <td className="mono">{one.name}</td>
              <td>{one.sink}</td>
              <td>
                {isBad(one) ? (
                  <span className="st critical">
                    <Icon name="critical" />
                    failed: {one.failure ?? 'it does not say why'}
                  </span>
                ) : one.state === 'RUNNING' ? (
                  <span className="st ok">
                    <Icon name="ok" />
                    <span className="t2">running</span>
                  </span>
                ) : (
                  <span className="t2">{one.state === null ? 'no worker has it' : one.state.toLowerCase()}</span>
                )}
              </td>
              <td>
                {one.topics.map((topic) => (
                  <Link key={topic} className="n mono" href={linkTo('/pipeline', { view: 'topics', topic })}>
                    {topic}{' '}
                  </Link>
                ))}
              </td>
              <td className="num">{one.tasks.length}</td>
              <td className="num">{one.lag_records === null ? '' : whole(one.lag_records)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}
