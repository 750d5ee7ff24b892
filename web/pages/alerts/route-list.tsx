import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.js';
import { useNow } from '../../live/use-live.js';
import { Icon } from '../../parts/icon.js';
import { Answer, Failure, Note } from '../../parts/state.js';
import { Wide } from '../../parts/wide.js';
import { duration, when, whole } from '../../parts/wording.js';
import { useVisitor } from '../../shell/visitor.js';
import { ChangeButtons, ListHead } from './list-parts.js';
import { Matchers } from './matchers.js';
import { OrderCell } from './order-cell.js';
import { type AlertRoute, channelsOf, deliveriesOf, type FileRoute, routesOf } from './questions.js';
import { RouteDialog } from './route-dialog.js';
import { useRouteOrder } from './route-order.js';
import { TryRoute } from './try-route.js';
import { useEditing } from './use-editing.js';

const MAX_DELIVERIES = 1_000;

/** Which channels are told of which incidents, in the order in which they are asked. */
export function RouteList() {
  const { isAdmin } = useVisitor();
  const now = useNow(20_000);
  const asked = useQuery(routesOf());
  const deliveries = useQuery({ ...deliveriesOf(undefined, MAX_DELIVERIES), refetchInterval: 20_000 });
  const { begin, close, edit, edited, isOpen, keep, remove } = useEditing<AlertRoute>();
  const { failed: notMoved, move, said } = useRouteOrder(asked.data?.items.length ?? 0);
  const told = (id: string) => (deliveries.data?.items ?? []).filter(({ route }) => route === `edited/${id}`);
  return (
    <section className="ax-r" id="routes" aria-labelledby="routes-t">
      <ListHead
        id="routes-t"
        title="Routes"
        says="The first that fits, from the top, unless it goes on."
        adds={isAdmin ? 'Route' : undefined}
        onAdd={begin}
      />
      {notMoved !== null && <Failure what="The order was not kept." error={notMoved} />}
      <span className="vh" role="status">
        {said}
      </span>
      <Answer asked={asked} what="The routes could not be read.">
        {({ file, items }) =>
          items.length === 0 && file === undefined ? (
            <Note icon="bell_off" title="No route.">
              Nobody is told of anything until one names a channel.
            </Note>
          ) : (
            <Wide label="Routes">
              <table className="tb rt">
                <thead>
                  <tr>
                    <th scope="col">
                      <span className="vh">order</span>
                    </th>
                    <th scope="col">when</th>
                    <th scope="col">tells</th>
                    <th scope="col">how often</th>
                    <th scope="col" className="num">
                      told
                    </th>
                    <th scope="col" className="num">
                      last
                    </th>
                    <th scope="col">
                      <span className="vh">change</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((route, index) => {
                    const sent = told(route.id);
                    return (
                      <tr key={route.id}>
                        <OrderCell
                          id={route.id}
                          index={index}
                          last={items.length - 1}
                          onMove={isAdmin && items.length > 1 ? move : undefined}
                        />
                        <td>
                          <Matchers matchers={route.matchers} />
                        </td>
                        <td>
                          <Told route={route} />
                        </td>
                        <td className="t2 nw">{timingOf(route)}</td>
                        <td className="num">
                          <a className="n" href="#deliveries">
                            {whole(sent.length)}
                          </a>
                        </td>
                        <td className="num t2">{sent[0] === undefined ? '' : when(sent[0].created, now)}</td>
                        <td className="num nw">
                          {isAdmin && (
                            <ChangeButtons
                              changes={`Change ${route.id}`}
                              deletes={`the route ${route.id}`}
                              says="What it took goes to the next route that fits, or nobody is told of it."
                              onChange={() => edit(route)}
                              onDelete={() =>
                                remove(api.DELETE('/routes/{id}', { params: { path: { id: route.id } } }))
                              }
                            />
                          )}
                        </td>
                      </tr>
                    );
                  })}
                  {file !== undefined && <FileRoutes route={file} depth={0} />}
                </tbody>
              </table>
            </Wide>
          )
        }
      </Answer>
      <TryRoute />
      {isOpen && (
        <RouteDialog
          route={edited}
          position={Math.max(0, ...(asked.data?.items ?? []).map(({ position }) => position)) + 1}
          onKeep={(id, body) => keep(api.PUT('/routes/{id}', { params: { path: { id } }, body }))}
          onClose={close}
        />
      )}
    </section>
  );
}

/** Those of the file: a tree, where one below narrows the one above it. */
function FileRoutes({ depth, route }: { readonly route: FileRoute; readonly depth: number }) {
  return (
    <>
      {route.routes.map((one) => (
        <FileRoutes key={JSON.stringify(one)} route={one} depth={depth + 1} />
      ))}
      <tr>
        <td className="ord" />
        <td>
          <Matchers matchers={route.matchers} all={depth === 0 ? 'everything else' : 'everything'} />
        </td>
        <td>
          <Told route={route} />
        </td>
        <td className="t2 nw">{timingOf(route)}</td>
        <td colSpan={3} className="num dim">
          of the file
        </td>
      </tr>
    </>
  );
}

function Told({ route }: { readonly route: Pick<AlertRoute, 'channels' | 'continue'> }) {
  const { data } = useQuery(channelsOf());
  if (route.channels.length === 0) {
    return (
      <span className="st t2">
        <Icon name="bell_off" />
        nobody
      </span>
    );
  }
  return (
    <span className="cl-w">
      {route.channels.map((name) => (
        <span key={name} className="tag">
          <Icon name={iconOf(data?.items.find((one) => one.name === name)?.type)} />
          {name}
        </span>
      ))}
      {route.continue && <span className="t2">and goes on</span>}
    </span>
  );
}

export function iconOf(type: string | undefined): 'mail' | 'chat' | 'webhook' {
  return type === 'email' ? 'mail' : type === 'slack' || type === 'teams' ? 'chat' : 'webhook';
}

/** What is not the default, in words. */
function timingOf(route: Omit<AlertRoute, 'id' | 'position'>): string {
  const words = [
    route.repeat_interval === undefined ? '' : `again each ${duration(route.repeat_interval)}`,
    route.group_wait === undefined ? '' : `after ${duration(route.group_wait)}`,
    route.active_schedules.length > 0 ? `in ${route.active_schedules.join(', ')}` : '',
    route.mute_schedules.length > 0 ? `not in ${route.mute_schedules.join(', ')}` : '',
  ].filter((word) => word !== '');
  return words.length === 0 ? 'each change' : words.join(', ');
}
