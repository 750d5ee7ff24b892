import { Link } from 'wouter';
import { useNow } from '../../live/use-live.js';
import { Answer, Note } from '../../parts/state.js';
import { TableHead } from '../../parts/table-head.js';
import { Wide } from '../../parts/wide.js';
import { bytes, number, when, whenToMs, whole } from '../../parts/wording.js';
import { useRangeLink } from '../../shell/range.js';
import { idleWords } from './flow-node.js';
import { newestOf, ratesOf } from './rates.js';
import { type InstanceStatus, partitionsOf, type StoreStatus, storesOf } from './status.js';
import { useHistory } from './use-history.js';

/** Instances, partitions and stores as tables: each figure of the map, and those that it has no room for. */
export function PartitionsView() {
  const { asked, history } = useHistory();
  const now = useNow(2_000);
  const instances = newestOf(history);
  const rates = ratesOf(history);
  const linkTo = useRangeLink();
  return (
    <Answer asked={asked} what="The pipeline's state could not be read." rows={8}>
      {() =>
        instances.length === 0 ? (
          <div className="pageh">
            <Note icon="pipeline" title="No instance says what it does." />
          </div>
        ) : (
          <div className="grid-2">
            <section aria-labelledby="partitions-t">
              <div className="hd">
                <h2 id="partitions-t">Partitions</h2>
                <span className="s">those furthest behind first</span>
              </div>
              <Wide label="Partitions">
                <table className="tb">
                  <TableHead
                    words={['partition']}
                    numbers={['in/s', 'processed/s', 'committed', 'lag', 'behind', 'newest record']}
                  >
                    <th scope="col">
                      <span className="vh">what it does</span>
                    </th>
                  </TableHead>
                  <tbody>
                    {partitionsOf(instances).map((one) => {
                      const rate = rates.partitions.get(`${one.topic}/${one.partition}`);
                      return (
                        <tr key={`${one.topic}/${one.partition}`}>
                          <td className="mono">
                            <Link className="n" href={linkTo('/pipeline', { node: one.topic })}>
                              {one.topic}/{one.partition}
                            </Link>
                          </td>
                          <td className="num">{rate === undefined ? '' : number(rate.written)}</td>
                          <td className="num">{rate === undefined ? '' : number(rate.read)}</td>
                          <td className="num">{one.committed === undefined ? '' : whole(one.committed)}</td>
                          <td className="num">{one.lagRecords === undefined ? '' : whole(one.lagRecords)}</td>
                          <td className="num nw">{one.lagMs === undefined ? '' : `${number(one.lagMs / 1000)} s`}</td>
                          <td className="num mono">{one.watermark === undefined ? '' : whenToMs(one.watermark)}</td>
                          <td className="nw">
                            {one.holdsBack ? (
                              <span className="warning-t">holds the others back</span>
                            ) : (
                              <span className="dim">{idleWords(one, now)}</span>
                            )}
                          </td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              </Wide>
              <Instances instances={instances} />
            </section>
            <Stores stores={storesOf(instances)} />
          </div>
        )
      }
    </Answer>
  );
}

function Instances({ instances }: { readonly instances: readonly InstanceStatus[] }) {
  return (
    <>
      <div className="hd pt-3">
        <h2>Instances</h2>
      </div>
      <Wide label="Instances">
        <table className="tb">
          <TableHead words={['instance', 'application', 'state', 'version']} numbers={['tasks', 'since', 'said']} />
          <tbody>
            {instances.map((one) => (
              <tr key={one.instance}>
                <td className="mono">{one.instance}</td>
                <td>{one.application}</td>
                <td>{one.state.toLowerCase().replaceAll('_', ' ')}</td>
                <td>{one.version}</td>
                <td className="num">{one.tasks.length}</td>
                <td className="num mono">{one.started === undefined ? '' : when(one.started)}</td>
                <td className="num mono">{when(one.time)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}

function Stores({ stores }: { readonly stores: readonly StoreStatus[] }) {
  const linkTo = useRangeLink();
  return (
    <section aria-labelledby="stores-t">
      <div className="hd">
        <h2 id="stores-t">Stores</h2>
        <span className="s">entries that are not counted are a dash</span>
      </div>
      <Wide label="Stores">
        <table className="tb">
          <TableHead words={['store', 'type', 'task']} numbers={['entries', 'next commit', 'on disk']} />
          <tbody>
            {stores.map((one) => {
              const size = bytes(one.bytes ?? 0);
              return (
                <tr key={`${one.name} ${one.task}`}>
                  <td className="mono">
                    <Link className="n" href={linkTo('/pipeline', { store: one.name })}>
                      {one.name}
                    </Link>
                  </td>
                  <td className="t2">{one.type}</td>
                  <td className="mono">{one.task}</td>
                  <td className="num">{one.entries === undefined ? '–' : whole(one.entries)}</td>
                  <td className="num">{one.uncommitted === undefined ? '–' : whole(one.uncommitted)}</td>
                  <td className="num">{one.bytes === undefined ? '–' : `${size.value} ${size.unit}`}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}
