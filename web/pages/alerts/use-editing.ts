import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem, answerOf } from '../../api/client.js';

interface Answered {
  readonly error?: unknown;
  readonly response: Response;
}

/** What is edited now, and how it is kept: after each change all of alert delivery is asked for again. */
export function useEditing<T>() {
  const client = useQueryClient();
  const [edited, edit] = useState<T | 'new'>();
  const fresh = () => client.invalidateQueries({ queryKey: ['alerting'] });
  const remove = useMutation({ mutationFn: (work: () => Promise<Answered>) => doneBy(work()), onSuccess: fresh });
  return {
    edited: edited === 'new' ? undefined : edited,
    isOpen: edited !== undefined,
    begin: () => edit('new'),
    edit: (one: T) => edit(() => one),
    close: () => edit(undefined),
    keep: async <Kept>(asked: Parameters<typeof answerOf<Kept>>[0]) => {
      const kept = await answerOf(asked);
      await fresh();
      return kept;
    },
    remove: (work: () => Promise<Answered>) => remove.mutate(work),
    failed: remove.error,
  };
}

/** Of a request that is answered by nothing. @throws ApiProblem */
async function doneBy(asked: Promise<Answered>): Promise<void> {
  const { error, response } = await asked;
  if (response.ok) return;
  const detail = typeof error === 'object' && error !== null && 'detail' in error ? String(error.detail) : '';
  throw new ApiProblem(detail || `The server answered ${response.status}.`, response.status, undefined, undefined);
}
