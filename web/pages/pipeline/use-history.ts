import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { answerOf, api } from '../../api/client.js';
import { useLive, useLiveStore, useStill } from '../../live/use-live.js';
import { type History, newestOf, withStatus } from './rates.js';
import { statusOf } from './status.js';

const NOTHING_YET: History = new Map();

/** What the instances have said in the last minute: as it was when the page came, then as the stream brings it. */
export function useHistory() {
  const store = useLiveStore();
  const statuses = useLive((live) => live.statuses);
  const asked = useQuery({
    queryKey: ['topology-metrics'],
    queryFn: ({ signal }) => answerOf(api.GET('/topology/metrics', { signal })),
  });
  const [history, setHistory] = useState(NOTHING_YET);
  useEffect(() => {
    store.wantStatuses(true);
    return () => store.wantStatuses(false);
  }, [store]);
  useEffect(() => {
    const came = [...(asked.data?.items ?? []), ...statuses];
    setHistory((known) => {
      const latest = new Map(newestOf(known).map(({ instance, time }) => [instance, time]));
      const fresh = came.filter(({ instance, time }) => Number(time) > (latest.get(String(instance)) ?? -1));
      return fresh.reduce<History>((one, status) => withStatus(one, statusOf(status)), known);
    });
  }, [asked.data, statuses]);
  return { asked, history: useStill(history) };
}

/** What runs, as data. It stays as it is while an instance runs. */
export function useTopology() {
  return useQuery({
    queryKey: ['topology'],
    queryFn: ({ signal }) => answerOf(api.GET('/topology', { signal })),
    staleTime: 30_000,
    refetchInterval: ({ state }) => (state.data?.topology == null ? 2_000 : 30_000),
  });
}
