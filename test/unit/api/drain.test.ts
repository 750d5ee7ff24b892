import { expect, it } from 'vitest';
import { Drain } from '../../../api/search/drain.js';

function patternsOf(messages: readonly string[]) {
  const drain = new Drain<number>();
  for (const [index, message] of messages.entries()) drain.add(message, index, index);
  return drain.patterns.map(({ count, words }) => [words.join(' '), count]);
}

it('finds the constant words of messages', () => {
  const messages = [
    'user ada signed in from 10.0.0.1',
    'user bob signed in from 10.0.0.2',
    'user cy signed in from fe80::1',
    'could not acquire a lock on orders',
    'could not acquire a lock on payments',
    'GET /api/v1/users/17 took 120 ms',
    'GET /api/v1/users/18 took 7 ms',
  ];
  expect(patternsOf(messages)).toEqual(
    [
      ['user <*> signed in from <*>', 3],
      ['could not acquire a lock on <*>', 2],
      ['GET /api/v<*>/users/<*> took <*> ms', 2],
    ].map(([pattern, count]) => [pattern, count]),
  );
});

it('tells messages apart that say different things', () => {
  expect(patternsOf(['connection refused', 'connection closed by peer', 'timeout', 'cache miss'])).toHaveLength(4);
});

it('takes messages of one kind for one pattern, however many there are', () => {
  const messages = Array.from(
    { length: 5_000 },
    (_, index) => `job ${index} of queue q${index % 7} done in ${index} ms`,
  );
  expect(patternsOf(messages)).toEqual([['job <*> of queue q<*> done in <*> ms', 5_000]]);
});

it('keeps empty and long messages', () => {
  expect(patternsOf(['', '   ', 'x '.repeat(5_000)])).toHaveLength(2);
});
