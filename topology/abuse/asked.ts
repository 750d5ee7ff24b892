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
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + count);
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

/** A page in the order of `KINDS`; null: it has no other side that counts. */
type Page = readonly [path: string, method: string, status: string, agent: string, party: string | null];

/** So many pages are kept as they are: most are of few, and counts of five kinds are dear. */
const FEW = 16;

type Numbers = readonly [count: number, assets: number, clientErrors: number];
export type StoredAsked =
  | readonly [...Numbers, pages: readonly Page[]]
  | readonly [...Numbers, ...counts: StoredCounts[]];

/** What was asked for, and what was got for it. */
export class Asked {
  count = 0;
  /** Pictures, style sheets and the like; they are not in the count. */
  assets = 0;
  /** Of status 400 to 499. */
  clientErrors = 0;
  /** As long as they are few. */
  #pages: Page[] | undefined = [];
  #of: Readonly<Record<Kind, TopCounts>> | undefined;

  get of(): Readonly<Record<Kind, TopCounts>> {
    this.#of ??= countsOf(this.#pages ?? []);
    return this.#of;
  }

  /** @param party the other side: the host of a client's request, the client of a host's; undefined: it does not count */
  add({ method = '', path, status, user_agent: agent }: Request, party: string | undefined): this {
    this.count++;
    if (status >= 400 && status <= 499) this.clientErrors++;
    this.#add([bounded(path ?? ''), bounded(method), String(status), bounded(agent ?? ''), party ?? null]);
    return this;
  }

  addAll(other: Asked): this {
    this.count += other.count;
    this.assets += other.assets;
    this.clientErrors += other.clientErrors;
    if (other.#pages !== undefined) {
      for (const page of other.#pages) this.#add(page);
      return this;
    }
    const { of } = this;
    this.#pages = undefined;
    for (const kind of KINDS) of[kind].addAll(other.of[kind]);
    return this;
  }

  toJSON(): StoredAsked {
    const numbers = [this.count, this.assets, this.clientErrors] as const;
    return this.#pages === undefined
      ? [...numbers, ...KINDS.map((kind) => this.of[kind].toJSON())]
      : [...numbers, this.#pages];
  }

  static stored([count, assets, clientErrors, ...rest]: StoredAsked): Asked {
    const asked = Object.assign(new Asked(), { count, assets, clientErrors });
    if (rest.length === 1) {
      asked.#pages = [...(rest[0] as readonly Page[])];
    } else {
      asked.#pages = undefined;
      asked.#of = recordOf((kind, index) =>
        TopCounts.stored(KEPT[kind], (rest as StoredCounts[])[index] ?? [[], 0, 0]),
      );
    }
    return asked;
  }

  static sum(all: Iterable<Asked>): Asked {
    const sum = new Asked();
    for (const asked of all) sum.addAll(asked);
    return sum;
  }

  #add(page: Page): void {
    if (this.#pages === undefined) {
      addTo(this.of, page);
      return;
    }
    this.#pages.push(page);
    if (this.#of !== undefined) addTo(this.#of, page);
    if (this.#pages.length <= FEW) return;
    this.#of = this.of;
    this.#pages = undefined;
  }
}

function bounded(text: string): string {
  return text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text;
}

function recordOf(counts: (kind: Kind, index: number) => TopCounts): Record<Kind, TopCounts> {
  return Object.fromEntries(KINDS.map((kind, index) => [kind, counts(kind, index)])) as Record<Kind, TopCounts>;
}

function countsOf(pages: readonly Page[]): Record<Kind, TopCounts> {
  const counts = recordOf((kind) => new TopCounts(KEPT[kind]));
  for (const page of pages) addTo(counts, page);
  return counts;
}

function addTo(
  { agents, methods, parties, paths, statuses }: Readonly<Record<Kind, TopCounts>>,
  [path, method, status, agent, party]: Page,
): void {
  paths.add(path);
  methods.add(method);
  statuses.add(status);
  agents.add(agent);
  if (party !== null) parties.add(party);
}

export const askedSerde: Serde<Asked> = {
  serialize: (_topic, asked) => Buffer.from(JSON.stringify(asked)),
  deserialize: (_topic, bytes, start, end) =>
    Asked.stored(JSON.parse(bytes.toString('utf8', start, end)) as StoredAsked),
};
