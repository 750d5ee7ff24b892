import {
  type KeyValueStore,
  type KeyValueStoreDefinition,
  keyValueStore,
  type ProcessorContext,
  stringSerde,
} from '@millrace/streams';
import { readableEntries, storedStateSerde } from './stored-state.js';

const DAY_MS = 86_400_000;
/** Days of stream time without a word after which an entity is forgotten. */
const REMEMBERED_DAYS = 7;
/** As many as a time can have: keys sort as the days do. */
const DIGITS = 9;

/** The store of a `LastHeard`, to be connected to the processor. */
export function lastHeardStore(name: string): KeyValueStoreDefinition<string, true | null> {
  // The format is that of the keys. At first it had no number.
  const valueSerde = storedStateSerde<true>(name, { number: 1, older: { 0: () => true } });
  return keyValueStore({ name, keySerde: stringSerde, valueSerde });
}

/**
 * On which day each entity was last heard of, so that what is known of those that are gone can be found and deleted without a
 * look at all others. An entity costs a write a day.
 */
export class LastHeard {
  readonly #days: KeyValueStore<string, true | null>;

  /** `forget` is called, between records, for each entity that has not been heard of for a week. */
  constructor(
    context: ProcessorContext<never, never>,
    store: KeyValueStoreDefinition<string, true | null>,
    forget: (entity: string) => void,
  ) {
    this.#days = context.stateStore(store);
    context.schedule(DAY_MS, 'stream-time', async () => {
      const today = dayOf(context.currentStreamTimeMs);
      const gone: string[] = [];
      const last = keyOf(Math.max(0, today - REMEMBERED_DAYS), '');
      for await (const [key] of readableEntries(this.#days, this.#days.range(keyOf(0, ''), last))) gone.push(key);
      for (const key of gone) {
        this.#days.delete(key);
        forget(key.slice(DIGITS));
      }
    });
  }

  /**
   * @param before the day on which it was last heard of
   * @returns the day that is to be given here the next time
   */
  heard(entity: string, time: number, before: number | undefined): number {
    const day = dayOf(time);
    // What comes late does not make an entity older than it is.
    if (before !== undefined && before >= day) return before;
    if (before !== undefined) this.#days.delete(keyOf(before, entity));
    this.#days.put(keyOf(day, entity), true);
    return day;
  }
}

/** Since the epoch. */
export function dayOf(time: number): number {
  return Math.max(0, Math.floor(time / DAY_MS));
}

function keyOf(day: number, entity: string): string {
  return String(day).padStart(DIGITS, '0') + entity;
}
