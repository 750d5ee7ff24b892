import { expect, test } from 'vitest';
import { routeOf } from '../../../../web/pages/alerts/questions.js';
import { moved } from '../../../../web/pages/alerts/route-order.js';

const routes = [
  { id: 'a', position: 1 },
  { id: 'b', position: 2 },
  { id: 'c', position: 7 },
].map(routeOf);
const places = (id: string, place: number) =>
  moved(routes, id, place).map(({ id: name, position }) => [name, position]);

test('a route that is moved up pushes those between down, and no other is kept anew', () => {
  expect(places('c', 0)).toEqual([
    ['c', 1],
    ['a', 2],
    ['b', 3],
  ]);
  expect(places('b', 0)).toEqual([
    ['b', 1],
    ['a', 2],
    ['c', 3],
  ]);
});

test('one that stays where it is changes nothing but gaps between positions', () => {
  expect(places('a', 0)).toEqual([['c', 3]]);
  expect(places('unknown', 0)).toEqual([]);
});
