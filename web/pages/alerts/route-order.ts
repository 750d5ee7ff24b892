import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, api } from '../../api/client.js';
import { type AlertRoute, routesOf } from './questions.js';

/** Routes whose position is another one when one of them is moved to a place of the list, with that position. */
export function moved(routes: readonly AlertRoute[], id: string, place: number): readonly AlertRoute[] {
  const one = routes.find((route) => route.id === id);
  if (one === undefined) return [];
  const order = routes.filter((route) => route !== one);
  order.splice(Math.max(0, place), 0, one);
  return order
    .map((route, index) => ({ ...route, position: index + 1 }))
    .filter(({ id: name, position }) => routes.find((route) => route.id === name)?.position !== position);
}

/** Keeps another order of routes, each by itself; says where a moved one is now. */
export function useRouteOrder(length: number) {
  const client = useQueryClient();
  const [said, say] = useState('');
  const change = useMutation({
    // One after the other: each is of the order that the one before it left.
    scope: { id: 'route-order' },
    async mutationFn({ id, place }: { readonly id: string; readonly place: number }) {
      const routes = client.getQueryData(routesOf().queryKey)?.items ?? [];
      for (const { id: name, ...route } of moved(routes, id, place)) {
        await answerOf(api.PUT('/routes/{id}', { params: { path: { id: name } }, body: bodyOf(route) }));
      }
      return `${id} is ${Math.min(routes.length, place + 1)} of ${routes.length}.`;
    },
    onSuccess: say,
    // Also of those that were kept before one was refused.
    onSettled: () => client.invalidateQueries({ queryKey: ['alerting'] }),
  });
  const move = (id: string, place: number) => {
    if (place >= 0 && place < length) change.mutate({ id, place });
  };
  return { move, said, failed: change.error };
}

type RouteBody = NonNullable<Parameters<typeof api.PUT<'/routes/{id}', never>>[1]>['body'];

/** What a route does not say is not said. */
function bodyOf(route: Omit<AlertRoute, 'id'>) {
  return Object.fromEntries(Object.entries(route).filter(([, value]) => value !== undefined)) as RouteBody;
}
