import type { Span } from '../../live/record-ring.js';

type Place = { readonly partition: number; readonly offset: number };

/** The index of a topic, and its documents, as the sinks of `connectors/` name them: the topic's whole name, and a record's place. */
export class TopicIndex {
  readonly name: string;
  readonly #topic: string;

  /** @param prefix of a tenant's topics; empty: of no tenant */
  constructor(topic: string, prefix: string) {
    this.#topic = prefix + topic;
    // An index has no others.
    this.name = this.#topic.toLowerCase();
  }

  idOf({ offset, partition }: Place): string {
    return `${this.#topic}+${partition}+${offset}`;
  }

  /** The ids of all records of a span. */
  *idsOf({ first, last, partition }: Span): Generator<string> {
    for (let offset = first; offset <= last; offset++) yield this.idOf({ partition, offset });
  }

  /** Undefined for what no sink has written. */
  placeOf(id: string): Place | undefined {
    if (!id.startsWith(`${this.#topic}+`)) return undefined;
    const [, partition, offset] = /^(\d{1,6})\+(\d{1,16})$/.exec(id.slice(this.#topic.length + 1)) ?? [];
    return partition === undefined ? undefined : { partition: Number(partition), offset: Number(offset) };
  }
}
