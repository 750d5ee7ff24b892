import { channel } from 'node:diagnostics_channel';
import { jsonSerde, type KeyValueStore, type Serde } from '@millrace/streams';

/** How the values of a store are written. */
export interface StateFormat<T> {
  /** Raised when what was written before can no longer be read by `read`. */
  readonly number: number;
  /** A state from its JSON. Default: as it is. */
  readonly read?: (json: unknown) => T;
  /** The same of older formats, by their number; 0 is JSON without a number. What is written in no known format is forgotten. */
  readonly older?: Readonly<Record<number, (json: unknown) => T>>;
}

/** A state that this version of the program cannot read, and goes on without. */
export interface ForgottenState {
  readonly store: string;
  /** As it is written there. */
  readonly format: number;
}

const FORGOTTEN = channel('millrace:state-forgotten');

/** Calls back with each state of this process that is forgotten. @returns ends it */
export function onForgottenState(listener: (forgotten: ForgottenState) => void): () => void {
  const subscriber = (message: unknown) => listener(message as ForgottenState);
  FORGOTTEN.subscribe(subscriber);
  return () => FORGOTTEN.unsubscribe(subscriber);
}

/** A state as JSON with the number of its format before it; null where another version has written what this one cannot read. */
export function storedStateSerde<T>(store: string, { number, older = {}, read }: StateFormat<T>): Serde<T | null> {
  const json = jsonSerde<unknown>();
  const readers: StateFormat<T>['older'] = { ...older, [number]: read ?? ((state) => state as T) };
  return {
    ...(json.format !== undefined && { format: json.format }),
    serialize: (topic, state) => json.serialize(topic, [number, state]),
    deserialize(topic, bytes, start, end) {
      const [format, state] = numbered(json.deserialize(topic, bytes, start, end));
      const known = readers[format];
      if (known !== undefined) return known(state);
      FORGOTTEN.publish({ store, format } satisfies ForgottenState);
      return null;
    },
  };
}

/** The entries that can be read; those that cannot are deleted when all have been gone through. @param entries default: all */
export async function* readableEntries<V>(
  store: KeyValueStore<string, V | null>,
  entries: AsyncIterable<readonly [string, V | null]> = store.all(),
): AsyncGenerator<readonly [string, V]> {
  const unreadable: string[] = [];
  for await (const [key, value] of entries) {
    if (value === null) unreadable.push(key);
    else yield [key, value];
  }
  for (const key of unreadable) store.delete(key);
}

function numbered(json: unknown): readonly [format: number, state: unknown] {
  return Array.isArray(json) && json.length === 2 && typeof json[0] === 'number' ? [json[0], json[1]] : [0, json];
}

/**
 * Of what detectors learn: plain JSON. The number is raised when a detector can no longer use what was learned before;
 * learning starts anew then.
 */
export function learnedStateSerde<T extends object>(store: string): Serde<T | null> {
  return storedStateSerde<T>(store, { number: 1 });
}
