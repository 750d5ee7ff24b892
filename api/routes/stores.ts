import { z } from 'zod';
import { instant, pageOf, paging, timePoint } from '../parameters.js';
import { invalid, notFound } from '../problems.js';
import { timeSchema } from '../records.js';
import { type Resource, route } from '../route.js';
import type { Services } from '../services.js';
import { PartitionAnswers } from '../state/partition-answers.js';
import { readStore } from '../state/read-store.js';

const storeState = z
  .object({ name: z.string(), instance: z.string() })
  .catchall(z.unknown())
  .meta({ id: 'StoreState', description: 'A store of a task, as its instance says.' });

const storeEntry = z
  .object({
    key: z.unknown(),
    value: z.unknown(),
    partition: z.int(),
    window_start: timeSchema.optional().meta({
      description: 'Of stores of windows; of sessions, the time of the first record.',
    }),
    window_end: timeSchema.optional().meta({
      description: 'Of stores of windows; of sessions, the time of the last record.',
    }),
    valid_from: timeSchema.optional().meta({ description: 'Of versioned stores.' }),
    valid_to: timeSchema.nullish().meta({
      description: 'Of versioned stores: when the next version replaced it, or it was deleted; null for the latest.',
    }),
  })
  .meta({ id: 'StoreEntry', description: 'What a store holds of a key, as of the last commit.' });

const text = z.string().max(2000).optional();

const storeQuery = paging.extend({
  key: text.meta({
    description: 'JSON, or, where the keys of the store are no such JSON, the text of the key itself.',
  }),
  from: text.meta({
    description:
      'The first key. Of windows, the earliest start; sessions and versions that have ended before it are left out.',
  }),
  to: text.meta({
    description: 'The last key. Of windows, sessions and versions, the time before which they begin.',
  }),
});

export const stores: Resource = {
  name: 'stores',
  description: 'The state of the pipeline: how large it is, and what is in it.',
  routes: [
    route({
      method: 'get',
      path: '/stores',
      summary: 'Stores and how large they are',
      role: 'viewer',
      answer: z.object({ items: z.array(storeState) }),
      handle: (_, services) => ({ items: storesOf(services) }),
    }),
    route({
      method: 'get',
      path: '/stores/{name}',
      summary: 'What is in a store, by key, by range, or by time',
      description:
        'Each partition is asked at the process that has it, and answers what was committed. Entries come partition by ' +
        'partition, in the order of the keys; windows, sessions and versions the earliest first. A versioned store is read ' +
        'by `key`.',
      role: 'viewer',
      params: z.object({ name: z.string().min(1).max(500) }),
      query: storeQuery,
      problems: [404, 422, 503],
      answer: pageOf(storeEntry).extend({
        store: z.string(),
        type: z.string().meta({ description: '`key-value`, `window`, `session` or `versioned`.' }),
        application: z.string(),
        partitions: z.int(),
      }),
      async handle({ params: { name }, query: { cursor, from, key, limit, to } }, { live, stores: running }) {
        const store = running.find(name);
        if (store === undefined) throw notFound('store that runs', name);
        const isTimed = store.type !== 'key-value';
        const page = await readStore(store, new PartitionAnswers(store, running.access), {
          ...{ key, limit, cursor },
          ...(isTimed ? {} : { fromKey: from, toKey: to }),
          fromTime: isTimed && from !== undefined ? timeOf('from', from, live.latestTime) : 0,
          // The time before, for the last start is included.
          toTime: isTimed && to !== undefined ? timeOf('to', to, live.latestTime) - 1 : Number.MAX_SAFE_INTEGER,
        });
        return { ...page, store: name, type: store.type, application: store.application, partitions: store.partitions };
      },
    }),
  ],
};

function storesOf({ live }: Services): z.output<typeof storeState>[] {
  return live.status.flatMap(({ instance, stores }) =>
    z
      .array(z.object({ name: z.string() }).catchall(z.unknown()))
      .catch([])
      .parse(stores)
      .map((store) => ({ ...store, instance: String(instance) })),
  );
}

/** @throws Problem 400 */
function timeOf(name: string, given: string, latest: number): number {
  const { data, error } = z.object({ [name]: timePoint }).safeParse({ [name]: given });
  const point = data?.[name];
  if (point === undefined) throw invalid('query', error ?? new z.ZodError([]));
  return instant(point, latest);
}
