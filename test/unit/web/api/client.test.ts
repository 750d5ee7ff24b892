import { expect, test } from 'vitest';
import { ApiProblem, answerOf, doneBy } from '../../../../web/api/client.js';

const refusal = () => ({
  error: { type: 'about:blank', title: 'Conflict', status: 409, detail: 'The last admin stays.', request_id: 'req-1' },
  response: new Response(null, { status: 409 }),
});

test('a request that is answered by nothing is done, and one that is refused fails with what the server says', async () => {
  await expect(doneBy(Promise.resolve({ response: new Response(null, { status: 204 }) }))).resolves.toBeUndefined();
  const problem = new ApiProblem('The last admin stays.', 409, 'req-1', undefined);
  await expect(doneBy(Promise.resolve(refusal()))).rejects.toEqual(problem);
  await expect(answerOf(Promise.resolve(refusal()))).rejects.toEqual(problem);
});

test('a refusal without words has its status, the request of its header, and when to ask again', async () => {
  const headers = { 'X-Request-Id': 'req-2', 'Retry-After': '12' };
  const response = new Response(null, { status: 429, headers });
  await expect(doneBy(Promise.resolve({ response }))).rejects.toEqual(
    new ApiProblem('The server answered 429.', 429, 'req-2', 12),
  );
});

test('a server that cannot be reached is said, also where nothing is answered', async () => {
  await expect(doneBy(Promise.reject(new TypeError('fetch failed')))).rejects.toEqual(
    new ApiProblem('The server cannot be reached.', 0, undefined, undefined),
  );
});
