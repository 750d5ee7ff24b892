import type { Range } from '../../parameters.js';
import type { LinePosition } from '../stored-lines.js';
import type { Dsl, IndexAnswer, IndexRequests } from './index-requests.js';
import type { TopicIndex } from './topic-index.js';

const TIME = 'timestamp';
const LEAST_PAGE = 500;
const MOST_PAGE = 2_000;

/** A document by where its record was in the log. */
export interface FoundDocument extends LinePosition {
  readonly source: Readonly<Record<string, unknown>>;
}

/**
 * The documents of an index that a filter finds, the newest first: in groups, of which each has all of its times. There is no
 * limit to how many they are: `search_after` goes from page to page, and many documents of one time are listed by their ids
 * before they are read.
 */
export class NewestDocuments {
  readonly #requests: IndexRequests;
  readonly #index: TopicIndex;
  readonly #filter: readonly Dsl[];
  readonly #signal: AbortSignal;

  constructor(requests: IndexRequests, index: TopicIndex, filter: readonly Dsl[], signal: AbortSignal) {
    this.#requests = requests;
    this.#index = index;
    this.#filter = filter;
    this.#signal = signal;
  }

  /**
   * @param wanted about how many
   * @param keeps which of them, by where they were
   * @throws StoredLinesAway
   */
  async *groups(wanted: number, keeps: (place: LinePosition) => boolean): AsyncGenerator<readonly FoundDocument[]> {
    let size = Math.min(MOST_PAGE, Math.max(LEAST_PAGE, wanted));
    let after: number | undefined;
    for (;;) {
      const { hits } = await this.#requests.search(
        this.#index.name,
        {
          ...{ size, query: { bool: { filter: this.#filter } }, track_total_hits: false },
          sort: [{ [TIME]: { order: 'desc', unmapped_type: 'date' } }],
          ...(after === undefined ? {} : { search_after: [after] }),
        },
        this.#signal,
      );
      const page = hits.hits;
      if (page.length < size) {
        yield this.#documents(page, keeps);
        return;
      }
      const last = timeOf(page.at(-1));
      const whole = page.filter((hit) => timeOf(hit) > last);
      if (whole.length > 0) {
        yield this.#documents(whole, keeps);
        after = last + 1;
      } else {
        yield* this.#ofTime(last, keeps);
        after = last;
      }
      size = MOST_PAGE;
    }
  }

  /** Of one time, in the order of lists. */
  async *#ofTime(time: number, keeps: (place: LinePosition) => boolean): AsyncGenerator<readonly FoundDocument[]> {
    const query = { bool: { filter: [...this.#filter, ...rangeFilter({ from: time, to: time + 1 })] } };
    const places: LinePosition[] = [];
    for await (const ids of this.#requests.ids(this.#index.name, query, this.#signal)) {
      for (const id of ids) {
        const place = this.#index.placeOf(id);
        if (place !== undefined && keeps({ time, ...place })) places.push({ time, ...place });
      }
    }
    places.sort((one, other) => other.partition - one.partition || other.offset - one.offset);
    for (let at = 0; at < places.length; at += MOST_PAGE) {
      const values = places.slice(at, at + MOST_PAGE).map((place) => this.#index.idOf(place));
      const body = { size: values.length, query: { ids: { values } }, sort: [TIME] };
      const { hits } = await this.#requests.search(this.#index.name, body, this.#signal);
      yield this.#documents(hits.hits, keeps);
    }
  }

  #documents(hits: IndexAnswer['hits']['hits'], keeps: (place: LinePosition) => boolean): FoundDocument[] {
    return hits.flatMap((hit) => {
      const place = this.#index.placeOf(hit._id);
      if (place === undefined || hit._source === undefined) return [];
      const position = { time: timeOf(hit), ...place };
      return keeps(position) ? [{ ...position, source: hit._source }] : [];
    });
  }
}

export function rangeFilter({ from, to }: Range): Dsl[] {
  const bounds = {
    ...(Number.isFinite(from) ? { gte: Math.ceil(from) } : {}),
    ...(Number.isFinite(to) ? { lt: Math.ceil(to) } : {}),
  };
  return Object.keys(bounds).length === 0 ? [] : [{ range: { [TIME]: { ...bounds, format: 'epoch_millis' } } }];
}

/** Milliseconds since the epoch; lines without a time come last. */
function timeOf(hit: IndexAnswer['hits']['hits'][number] | undefined): number {
  const [time] = hit?.sort ?? [];
  return typeof time === 'number' ? time : Number.NEGATIVE_INFINITY;
}
