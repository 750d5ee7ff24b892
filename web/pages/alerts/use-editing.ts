import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, doneBy } from '../../api/client.js';

type Asked = Parameters<typeof doneBy>[0];

/** What is edited now, and how it is kept: after each change all of alert delivery is asked for again. */
export function useEditing<T>() {
  const client = useQueryClient();
  const [edited, edit] = useState<T | 'new'>();
  const fresh = () => client.invalidateQueries({ queryKey: ['alerting'] });
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
    remove: async (asked: Asked) => {
      await doneBy(asked);
      await fresh();
    },
  };
}
