import type { Serde } from '@millrace/streams';
import type { Counted } from '../../schemas/records.js';
import type { Request } from '../requests.js';

const LONGEST_TEXT = 200;

/** A counter as it is stored: its texts with their counts, how many were forgotten, and how often these came. */
type StoredCounts = readonly [counts: readonly (readonly [string, number])[], forgotten: number, others: number];

/** How often each of many texts came: the frequent ones are kept, the rare ones counted together. */
export class TopCounts {
  readonly #kept: number;
  readonly #counts = new Map<string, number>();
  #forgotten = 0;
  #others = 0;

  /** @param kept so many texts, and twice as many between two clearances */
  constructor(kept: number) {
    this.#kept = kept;
  }

  static stored(kept: number, [counts, forgotten, others]: StoredCounts): TopCounts {
    const top = new TopCounts(kept);
    for (const [text, count] of counts) top.#counts.set(text, count);
    top.#forgotten = forgotten;
    top.#others = others;
    return top;
  }

  /** About how many different ones there were. */
  get distinct(): number {
    return this.#counts.size + this.#forgotten;
  }

  add(text: string, count = 1): void {
    const bounded = text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
    this.#counts.set(bounded, (this.#counts.get(bounded) ?? 0) + count);
    if (this.#counts.size <= 2 * this.#kept) return;
    for (const { count: lost, value } of this.top().slice(this.#kept)) {
      this.#counts.delete(value);
      this.#forgotten++;
      this.#others += lost;
    }
  }

  addAll(other: TopCounts): void {
    this.#forgotten += other.#forgotten;
    this.#others += other.#others;
    for (const [text, count] of other.#counts) this.add(text, count);
  }

  /** The most frequent first. */
  top(most = Number.POSITIVE_INFINITY): Counted[] {
    return [...this.#counts]
      .map(([value, count]) => ({ value, count }))
      .sort((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1))
      .slice(0, most);
  }

  toJSON(): StoredCounts {
    return [[...this.#counts], this.#forgotten, this.#others];
  }
}

const KEPT = { paths: 30, methods: 5, statuses: 10, agents: 30, parties: 20 } as const;
type Kind = keyof typeof KEPT;
const KINDS = Object.keys(KEPT) as Kind[];

type StoredAsked = readonly [count: number, assets: number, clientErrors: number, ...counts: StoredCounts[]];

/** What was asked for, and what was got for it. */
export class Asked {
  count = 0;
  /** Pictures, style sheets and the like; they are not in the count. */
  assets = 0;
  /** Of status 400 to 499. */
  clientErrors = 0;

  constructor(readonly of: Readonly<Record<Kind, TopCounts>> = noCounts()) {}

  /** @param party the other side: the host of a client's request, the client of a host's; undefined: it does not count */
  add({ method = '', path, status, user_agent: agent }: Request, party: string | undefined): this {
    this.count++;
    if (status >= 400 && status <= 499) this.clientErrors++;
    const { agents, methods, parties, paths, statuses } = this.of;
    paths.add(path ?? '');
    methods.add(method);
    statuses.add(String(status));
    agents.add(agent ?? '');
    if (party !== undefined) parties.add(party);
    return this;
  }

  addAll(other: Asked): this {
    this.count += other.count;
    this.assets += other.assets;
    this.clientErrors += other.clientErrors;
    for (const kind of KINDS) this.of[kind].addAll(other.of[kind]);
    return this;
  }

  toJSON(): StoredAsked {
    return [this.count, this.assets, this.clientErrors, ...KINDS.map((kind) => this.of[kind].toJSON())];
  }

  static stored([count, assets, clientErrors, ...counts]: StoredAsked): Asked {
    const of = Object.fromEntries(
      KINDS.map((kind, index) => [kind, TopCounts.stored(KEPT[kind], counts[index] ?? [[], 0, 0])]),
    ) as Record<Kind, TopCounts>;
    return Object.assign(new Asked(of), { count, assets, clientErrors });
  }

  static sum(all: Iterable<Asked>): Asked {
    const sum = new Asked();
    for (const asked of all) sum.addAll(asked);
    return sum;
  }
}

function noCounts(): Record<Kind, TopCounts> {
  return Object.fromEntries(KINDS.map((kind) => [kind, new TopCounts(KEPT[kind])])) as Record<Kind, TopCounts>;
}

export const askedSerde: Serde<Asked> = {
  serialize: (_topic, asked) => Buffer.from(JSON.stringify(asked)),
  deserialize: (_topic, bytes, start, end) =>
    Asked.stored(JSON.parse(bytes.toString('utf8', start, end)) as StoredAsked),
};
