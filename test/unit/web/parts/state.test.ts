import { createElement } from 'react';
import { expect, test } from 'vitest';
import { ApiProblem } from '../../../../web/api/client.js';
import { Answer, Failure } from '../../../../web/parts/state.js';
import { markupOf, textsOf } from '../markup.js';

const failure = (problem: ApiProblem) =>
  markupOf(createElement(Failure, { what: 'The lines could not be read.', error: problem, again() {} }));

test('what failed is said with its cause, its status and the request to quote, and can be tried again', () => {
  const texts = textsOf(
    failure(new ApiProblem('The lake did not answer within 10 s.', 503, 'req-7f3a91c2', undefined)),
  );
  expect(texts).toEqual([
    'The lines could not be read.',
    'The lake did not answer within 10 s.',
    '503 req-7f3a91c2',
    'Again',
  ]);
});

test('after too many requests it is said when it goes on, and nothing has to be done', () => {
  const texts = textsOf(failure(new ApiProblem('Slow down.', 429, undefined, 12)));
  expect(texts).toEqual(['Too many requests.', 'It goes on in 12 s.']);
});

test('what a role may not see is no error: it says so, and there is nothing to try again', () => {
  const markup = failure(new ApiProblem('It needs the role operator.', 403, 'req-1', undefined));
  expect(textsOf(markup)).toEqual(['This is not for your role.', 'It needs the role operator.']);
  expect(markup).not.toContain('role="alert"');
});

test('an answer that is there stays while asking again fails', () => {
  const asked = { data: 3, error: new ApiProblem('gone', 500, undefined, undefined), refetch() {} };
  const shown = createElement(Answer<number>, { asked, what: 'It failed.', children: (data) => `${data} lines` });
  expect(markupOf(shown)).toBe('3 lines');
});
