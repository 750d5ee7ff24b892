import type {
  KeyValueStore,
  KeyValueStoreDefinition,
  Processor,
  ProcessorContext,
  PunctuationType,
} from '@millrace/streams';
import { text } from './functions.js';

/** The users' processors that a topology may name; Processors.java has the same. */

type AnyProcessor = Processor<unknown, unknown, unknown, unknown>;
type Context = ProcessorContext<unknown, unknown>;
type Store = KeyValueStore<unknown, unknown>;

const INTERVAL_MS = 10;
const BACK_MS = 5;

/** A store takes no null. */
function stored(key: unknown): string {
  return `k${text(key)}`;
}

function withContext(
  process: (context: Context, record: Parameters<AnyProcessor['process']>[0]) => void,
): AnyProcessor {
  let context: Context;
  return {
    init: (given) => {
      context = given;
    },
    process: (record) => process(context, record),
  };
}

function stateful(
  definition: KeyValueStoreDefinition<unknown, unknown>,
  process: (context: Context, store: Store, record: Parameters<AnyProcessor['process']>[0]) => void,
): AnyProcessor {
  let context: Context;
  let store: Store;
  return {
    init: (given) => {
      context = given;
      store = given.stateStore(definition);
    },
    process: (record) => process(context, store, record),
  };
}

/** Keeps the last value of each key, and forwards them all every now and then, from its first record on. */
function every(definition: KeyValueStoreDefinition<unknown, unknown>, type: PunctuationType): AnyProcessor {
  let isScheduled = false;
  return stateful(definition, (context, store, record) => {
    keepLast(context, store, record);
    if (isScheduled) return;
    isScheduled = true;
    context.schedule(INTERVAL_MS, type, async (timestamp) => {
      for await (const [key, value] of store.all()) context.forward({ key, value, timestamp });
    });
  });
}

function keepLast(_context: Context, store: Store, { key, value }: { key: unknown; value: unknown }): void {
  if (value === null) store.delete(stored(key));
  else store.put(stored(key), value);
}

export const processors = {
  /** Moves a record to an earlier time. */
  back: () =>
    withContext((context, { key, value, timestamp }) =>
      context.forward({ key, value, timestamp: Math.max(0, timestamp - BACK_MS) }),
    ),
  /** Forwards what time it is. */
  streamTime: () =>
    withContext((context, { key, timestamp }) =>
      context.forward({ key, value: context.currentStreamTimeMs, timestamp }),
    ),
  /** Forwards values that differ from the key's last one. */
  changes: (definition: KeyValueStoreDefinition<unknown, unknown>) =>
    stateful(definition, (context, store, { key, value, timestamp }) => {
      if (text(store.get(stored(key))) === text(value)) return;
      keepLast(context, store, { key, value });
      context.forward({ key, value, timestamp });
    }),
  /** Forwards how many records the key has had. */
  count: (definition: KeyValueStoreDefinition<unknown, unknown>) =>
    stateful(definition, (context, store, { key, timestamp }) => {
      const before = store.putIfAbsent(stored(key), '1');
      const count = before === undefined ? 1 : Number(before) + 1;
      store.put(stored(key), String(count));
      context.forward({ key, value: count, timestamp });
    }),
  everyStreamTime: (definition: KeyValueStoreDefinition<unknown, unknown>) => every(definition, 'stream-time'),
  everyWallClockTime: (definition: KeyValueStoreDefinition<unknown, unknown>) => every(definition, 'wall-clock-time'),
} satisfies Record<string, (definition: KeyValueStoreDefinition<unknown, unknown>) => AnyProcessor>;

export type ProcessorName = keyof typeof processors;

export const STATELESS_PROCESSORS: readonly ProcessorName[] = ['back', 'streamTime'];
export const PUNCTUATING_PROCESSORS: readonly ProcessorName[] = ['everyStreamTime', 'everyWallClockTime'];
