import fc from 'fast-check';
import { MAX_TIMESTAMP } from '../../streams/topology/timestamp.js';
import {
  aggregators,
  extractors,
  flatMappers,
  flatValueMappers,
  mappers,
  namesOf,
  predicates,
  reducers,
  selectors,
  tableAggregators,
  valueMappers,
} from './functions.js';
import { type ProcessorName, processors } from './processors.js';
import { areSessions, areSliding, type OracleCase, type SpecNode, type Step } from './topology-spec.js';
import { dependsOnOrder, isAggregate, isJoin, type Traits, traitsOf } from './traits.js';

/** Names of functions, shrinking towards the first. */
function nameOf<T extends object>(functions: T): fc.Arbitrary<keyof T> {
  return fc.constantFrom(...namesOf(functions));
}

/** How many streams back the operator's input is; 0 is the last one made. */
const back = fc.nat(3);

const timeWindows = fc
  .record({
    sizeMs: fc.integer({ min: 1, max: 30 }),
    advancePercent: fc.constantFrom(100, 50, 33, 70, 25, 10),
    graceMs: fc.constantFrom(0, 1, 5, 20, 100),
    emit: fc.constantFrom('onUpdate' as const, 'onWindowClose' as const),
  })
  .map(({ sizeMs, advancePercent, graceMs, emit }) => ({
    sizeMs,
    advanceMs: Math.max(1, Math.round((sizeMs * advancePercent) / 100)),
    graceMs,
    emit,
  }));

const sessions = fc.record({
  gapMs: fc.integer({ min: 1, max: 30 }),
  graceMs: fc.constantFrom(0, 1, 5, 20, 100),
  emit: fc.constantFrom('onUpdate' as const, 'onWindowClose' as const),
});

const sliding = fc.record({
  // Kafka Streams fails for 0.
  differenceMs: fc.integer({ min: 1, max: 30 }),
  graceMs: fc.constantFrom(0, 1, 5, 20, 100),
  emit: fc.constantFrom('onUpdate' as const, 'onWindowClose' as const),
});

const windows = fc.oneof(
  { weight: 3, arbitrary: timeWindows },
  { weight: 2, arbitrary: sessions },
  { weight: 2, arbitrary: sliding },
);

const grouping = {
  of: back,
  groupBy: fc.option(nameOf(selectors), { nil: null }),
  windows: fc.option(windows, { nil: null, freq: 3 }),
};

function operator<Op extends string, T>(op: Op, fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record({ op: fc.constant(op), ...fields } as { op: fc.Arbitrary<Op> } & {
    [K in keyof T]: fc.Arbitrary<T[K]>;
  }) as fc.Arbitrary<{ op: Op } & T>;
}

const source = fc.oneof(
  { weight: 4, arbitrary: operator('stream', { topics: fc.constant(['in-1']), extractor: nameOf(extractors) }) },
  {
    weight: 1,
    arbitrary: operator('stream', { topics: fc.constant(['in-1', 'in-2']), extractor: nameOf(extractors) }),
  },
  {
    weight: 2,
    arbitrary: operator('table', {
      topic: fc.constant('in-1'),
      extractor: nameOf(extractors),
      materialized: fc.boolean(),
    }),
  },
);

const secondSource = operator('stream', { topics: fc.constant(['in-3']), extractor: nameOf(extractors) });

/** An operator whose inputs are told by how far back they are. */
const operators = fc.oneof(
  { weight: 1, arbitrary: operator('filter', { of: back, predicate: nameOf(predicates) }) },
  { weight: 1, arbitrary: operator('filterNot', { of: back, predicate: nameOf(predicates) }) },
  { weight: 1, arbitrary: operator('map', { of: back, mapper: nameOf(mappers) }) },
  { weight: 1, arbitrary: operator('mapValues', { of: back, mapper: nameOf(valueMappers) }) },
  { weight: 1, arbitrary: operator('flatMap', { of: back, mapper: nameOf(flatMappers) }) },
  { weight: 1, arbitrary: operator('flatMapValues', { of: back, mapper: nameOf(flatValueMappers) }) },
  { weight: 1, arbitrary: operator('peek', { of: back }) },
  { weight: 1, arbitrary: operator('selectKey', { of: back, selector: nameOf(selectors) }) },
  {
    weight: 1,
    arbitrary: operator('split', {
      of: back,
      predicates: fc.array(nameOf(predicates), { minLength: 1, maxLength: 3 }),
      default: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: operator('merge', { of: back, with: back }) },
  { weight: 1, arbitrary: operator('repartition', { of: back }) },
  { weight: 2, arbitrary: operator('process', { of: back, processor: nameOf(processors) }) },
  { weight: 4, arbitrary: operator('count', grouping) },
  { weight: 4, arbitrary: operator('reduce', { ...grouping, function: nameOf(reducers) }) },
  { weight: 6, arbitrary: operator('aggregate', { ...grouping, function: nameOf(aggregators) }) },
  { weight: 2, arbitrary: operator('tableFilter', { of: back, predicate: nameOf(predicates) }) },
  { weight: 1, arbitrary: operator('tableFilterNot', { of: back, predicate: nameOf(predicates) }) },
  { weight: 2, arbitrary: operator('tableMapValues', { of: back, mapper: nameOf(valueMappers) }) },
  { weight: 4, arbitrary: operator('toStream', { of: back }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('to' as const), of: back }) },
  { weight: 1, arbitrary: secondSource },
  {
    weight: 1,
    arbitrary: operator('joinGlobal', {
      of: back,
      topic: fc.constant('in-4'),
      kind: fc.constantFrom('inner' as const, 'left' as const),
      selector: nameOf(selectors),
    }),
  },
);

const joinKinds = fc.constantFrom('inner' as const, 'left' as const, 'outer' as const);

const joinWindows = fc
  .record({
    beforeMs: fc.integer({ min: -10, max: 30 }),
    afterMs: fc.integer({ min: -10, max: 30 }),
    graceMs: fc.constantFrom(0, 1, 5, 20, 100),
  })
  .filter(({ afterMs, beforeMs }) => beforeMs + afterMs >= 0);

const joins = {
  joinStreams: operator('joinStreams', { of: back, with: back, kind: joinKinds, windows: joinWindows }),
  joinTable: operator('joinTable', { of: back, with: back, kind: fc.constantFrom('inner' as const, 'left' as const) }),
  joinForeignKey: operator('joinForeignKey', {
    of: back,
    with: back,
    kind: fc.constantFrom('inner' as const, 'left' as const),
    foreignKey: nameOf(selectors),
  }),
  joinTables: operator('joinTables', { of: back, with: back, kind: joinKinds }),
};

const suppresses = fc.oneof(
  operator('suppress', { of: back, until: fc.constant('final' as const) }),
  operator('suppress', {
    of: back,
    until: fc.constant('limit' as const),
    limitMs: fc.nat(20),
    maxRecords: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
  }),
);

const ofTables = fc.oneof(
  operator('groupTable', { of: back, groupBy: nameOf(selectors), function: nameOf(tableAggregators) }),
  operator('toTable', { of: back }),
  suppresses,
);

type SecondSource =
  | { op: 'stream'; topics: readonly string[]; extractor: keyof typeof extractors }
  | { op: 'table'; topic: string; extractor: keyof typeof extractors; materialized: boolean };
type Made<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Choice =
  | Made<typeof source | typeof operators | typeof ofTables | (typeof joins)[keyof typeof joins]>
  | SecondSource;

/** Turns choices into a topology, whatever they are: what does not fit is left out, so that any part of them shrinks. */
class SpecBuilder {
  readonly nodes: SpecNode[] = [];
  readonly #commitEvery: number;
  readonly #traits: Traits[] = [];
  /** Tables that something asks what their rows were: a filter of them is told so, too. */
  readonly #asked = new Set<number>();
  #topics = 0;

  constructor(commitEvery: number) {
    this.#commitEvery = commitEvery;
  }

  add(chosen: Choice): void {
    const choice = this.#withoutWindowsAhead(chosen);
    if (choice.op === 'stream' || choice.op === 'table') {
      // A topic is read once; a second source has a time of its own.
      const isRead = this.#sources > 1 || this.nodes.some((node) => node.op === 'process' || isTimeLimit(node));
      if (!isRead) this.#push(choice);
      return;
    }
    const takesTable =
      ['toStream', 'joinForeignKey', 'joinTables', 'groupTable', 'suppress'].includes(choice.op) ||
      choice.op.startsWith('table');
    const kind = takesTable ? 'table' : 'stream';
    const of = this.#back(kind, choice.of);
    if (of === undefined) return;
    const parent = this.#traits[of] as Traits;
    // Of a row that came and went within a commit, Kafka Streams sends the deletion only.
    const isTold =
      (choice.op.startsWith('tableFilter') && [...this.#madeOf(of)].some((id) => this.#asked.has(id))) ||
      this.nodes.some(({ op }) => op === 'joinTables');
    if (choice.op.startsWith('tableFilter') && (parent.repeated || isTold)) return;
    switch (choice.op) {
      case 'tableMapValues':
        // A row that is null by a mapper is no session that is no more.
        this.#push({ ...choice, of, mapper: parent.sessions ? 'withKey' : choice.mapper });
        return;
      case 'split': {
        const split = this.#push({ ...choice, of });
        const branches = choice.predicates.length + (choice.default ? 1 : 0);
        for (let index = 0; index < branches; index++) this.#push({ op: 'branch', of: split, index });
        return;
      }
      case 'merge': {
        const other = this.#back('stream', choice.with);
        if (this.nodes.some(isJoin)) return;
        if (other === undefined || other === of || !this.#canMerge(parent, this.#traits[other] as Traits)) return;
        this.#push({ op: 'merge', of, with: other });
        return;
      }
      case 'joinStreams':
      case 'joinTable':
      case 'joinTables': {
        const kind = choice.op === 'joinStreams' ? 'stream' : 'table';
        const others = this.#all(kind).filter((id) => this.#canJoin(choice, parent, this.#traits[id] as Traits));
        const other = others[others.length - 1 - (choice.with % others.length)];
        if (other === undefined) return;
        // A table that is joined is kept, too.
        const tables = choice.op === 'joinTables' ? [of, other] : [other];
        if (kind === 'table' && !this.#ask(...tables)) return;
        this.#push({ ...choice, of, with: other });
        return;
      }
      case 'joinGlobal':
        // A topic is read once.
        if (!this.nodes.some(({ op }) => op === 'joinGlobal')) this.#push({ ...choice, of });
        return;
      case 'joinForeignKey': {
        const others = this.#all('table').filter((id) => this.#canJoin(choice, parent, this.#traits[id] as Traits));
        const other = others[others.length - 1 - (choice.with % others.length)];
        // Of a row that changes twice within a commit only the last response counts.
        if (other === undefined || this.#commitEvery > 1 || !this.#ask(of, other)) return;
        this.#push({ ...choice, of, with: other });
        return;
      }
      case 'groupTable':
        if (parent.repeated || parent.held || !this.#ask(of)) return;
        this.#pushOrdered({ ...choice, of }, parent, { ...choice, of, function: 'sum' });
        return;
      case 'suppress':
        if (!this.#canSuppress(choice.until, parent)) return;
        if (choice.until === 'limit' && !this.#ask(of)) return;
        this.#push({ ...choice, of });
        return;
      case 'to':
        this.#push({ op: 'to', of, topic: this.#nextTopic() });
        return;
      case 'process':
        if (!this.#canProcess(choice.processor, parent)) return;
        this.#pushOrdered({ ...choice, of }, parent, { ...choice, of, processor: 'back' });
        return;
      case 'reduce': {
        const node = { ...choice, of };
        const { windows } = choice;
        // Partial results of sessions are combined before a repartition, in the order of time.
        const hops = areSessions(windows)
          ? parent.multiple
          : windows !== null && !areSliding(windows) && windows.advanceMs < windows.sizeMs;
        const commutative = { ...node, function: 'greatest' as const };
        if (hops) this.#push(commutative);
        else this.#pushOrdered(node, parent, commutative);
        return;
      }
      case 'aggregate':
        this.#pushOrdered({ ...choice, of }, parent, { ...choice, of, function: 'sum' });
        return;
      default:
        this.#push({ ...choice, of } as SpecNode);
    }
  }

  /** Writes what nothing else uses. */
  finish(): readonly SpecNode[] {
    for (let id = 0; id < this.nodes.length; id++) {
      if (this.nodes.some((node) => ('of' in node && node.of === id) || ('with' in node && node.with === id))) continue;
      const { kind } = this.#traits[id] as Traits;
      if (this.nodes[id]?.op === 'to' || kind === 'branches') continue;
      if (kind === 'table') this.#push({ op: 'toStream', of: id });
      else this.#push({ op: 'to', of: id, topic: this.#nextTopic() });
    }
    return this.nodes;
  }

  get #sources(): number {
    return this.nodes.filter(({ op }) => op === 'stream' || op === 'table').length;
  }

  /** The stream or table that many back. */
  #back(kind: 'stream' | 'table', steps: number): number | undefined {
    const ids = this.#all(kind);
    return ids[ids.length - 1 - (steps % ids.length)];
  }

  #all(kind: 'stream' | 'table'): number[] {
    return this.nodes.flatMap(({ op }, id) => (op !== 'to' && this.#traits[id]?.kind === kind ? [id] : []));
  }

  /**
   * Streams of different sources after a repartition have stream times of their own in Millrace, and a task does not feed
   * itself.
   */
  #canMerge(one: Traits, other: Traits): boolean {
    return one.depth === other.depth && (one.depth === 0 || one.source === other.source);
  }

  /** The tables, and those that they are made of. */
  #madeOf(...tables: readonly number[]): Set<number> {
    const made = new Set<number>();
    const visit = (id: number): void => {
      made.add(id);
      const node = this.nodes[id] as SpecNode;
      if (node.op.startsWith('table') && 'of' in node) visit(node.of);
      if (node.op === 'joinTables') for (const side of [node.of, node.with]) visit(side);
    };
    tables.forEach(visit);
    return made;
  }

  /** @returns whether tables may be asked what their rows were: not where a filter beside it would be told so */
  #ask(...tables: readonly number[]): boolean {
    const asked = this.#madeOf(...tables);
    const told = this.nodes.some(
      (node, id) =>
        node.op.startsWith('tableFilter') && !asked.has(id) && [...this.#madeOf(id)].some((table) => asked.has(table)),
    );
    if (!told) for (const id of asked) this.#asked.add(id);
    return !told;
  }

  /** Sides of different topics, whose records come as they are read. */
  #canJoin(node: { op: string; kind: string }, one: Traits, other: Traits): boolean {
    if (one.depth > 0 || other.depth > 0 || !one.immediate || !other.immediate || one.ahead || other.ahead)
      return false;
    if (one.topics.some((topic) => other.topics.includes(topic))) return false;
    // A task does not feed itself.
    const meetings = this.nodes.filter((node) => node.op === 'merge' || node.op === 'joinForeignKey' || isJoin(node));
    const repartitions = one.keyChanged || other.keyChanged;
    if (meetings.length > 0 && (repartitions || this.#joinsRepartitioned)) return false;
    if (repartitions && this.nodes.some((meeting) => isAggregate(meeting) && meeting.windows !== null)) return false;
    // Within a commit, what has waited still joins.
    return !(node.op === 'joinStreams' && node.kind !== 'inner' && this.#commitEvery > 1);
  }

  /** Kafka Streams goes by the time of all records that come to a suppress, whatever their topic, and is told of each change. */
  #canSuppress(until: 'final' | 'limit', parent: Traits): boolean {
    if (until === 'final') return parent.windows !== null && !parent.closing;
    const isOneTime = this.#sources === 1 && (parent.topics.length === 1 || this.#commitEvery === 1);
    return parent.whole && parent.immediate && !parent.ahead && isOneTime;
  }

  /** A task reads what came by a repartition beside a source: in Millrace its windows wait for, and close by, both. */
  get #joinsRepartitioned(): boolean {
    return this.nodes.some((node) => isJoin(node) && [node.of, node.with].some((id) => this.#traits[id]?.keyChanged));
  }

  /** In Millrace no record but a source's moves stream time: windows of later times would never close. */
  #withoutWindowsAhead(choice: Choice): Choice {
    if (!('windows' in choice) || choice.op === 'joinStreams') return choice;
    const of = this.#back('stream', choice.of);
    const isAhead = of !== undefined && this.#traits[of]?.ahead;
    return isAhead || this.#joinsRepartitioned ? { ...choice, windows: null } : choice;
  }

  /**
   * The test driver of Kafka Streams runs all sub-topologies as one task: where their times differ, its is that of
   * whichever is ahead, and it punctuates by it.
   */
  #canProcess(processor: ProcessorName, parent: Traits): boolean {
    const has = (...names: readonly ProcessorName[]) =>
      this.nodes.some((node) => node.op === 'process' && names.includes(node.processor));
    switch (processor) {
      case 'streamTime':
        return this.#sources === 1 && !has('everyWallClockTime');
      case 'everyStreamTime':
        return this.#sources === 1 && parent.depth === 0 && !has('everyWallClockTime');
      case 'everyWallClockTime':
        return parent.depth === 0 && !has('streamTime', 'everyStreamTime');
      default:
        return true;
    }
  }

  /** Where the order is not the same in both engines, nothing that depends on it makes sense. */
  #pushOrdered(node: SpecNode, parent: Traits, otherwise: SpecNode): void {
    this.#push(parent.ordered || !dependsOnOrder(node) ? node : otherwise);
  }

  #push(node: SpecNode): number {
    const id = this.nodes.length;
    this.nodes.push(node);
    this.#traits.push(traitsOf(node, id, this.#traits, this.#commitEvery));
    return id;
  }

  #nextTopic(): string {
    this.#topics++;
    return `out-${this.#topics}`;
  }
}

const streamOf = (topic: string) => operator('stream', { topics: fc.constant([topic]), extractor: nameOf(extractors) });
const tableOf = (topic: string) =>
  operator('table', { topic: fc.constant(topic), extractor: nameOf(extractors), materialized: fc.boolean() });

const stateless = fc.oneof(
  operator('filter', { of: back, predicate: nameOf(predicates) }),
  operator('mapValues', { of: back, mapper: nameOf(valueMappers) }),
  operator('flatMapValues', { of: back, mapper: nameOf(flatValueMappers) }),
  operator('selectKey', { of: back, selector: nameOf(selectors) }),
  operator('tableFilter', { of: back, predicate: nameOf(predicates) }),
  operator('tableMapValues', { of: back, mapper: nameOf(valueMappers) }),
);

function isTimeLimit(node: SpecNode): boolean {
  return node.op === 'suppress' && node.until === 'limit';
}

function few<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.noBias(fc.array(arbitrary, { maxLength: 2, size: 'max' }));
}

/** Two sources with few operators, a join, and what follows it. */
function joining(
  left: (topic: string) => fc.Arbitrary<Choice>,
  right: (topic: string) => fc.Arbitrary<Choice>,
  join: fc.Arbitrary<Choice>,
): fc.Arbitrary<[Choice, Choice[]]> {
  const behind = few(fc.oneof(operators, ofTables, join));
  return fc
    .tuple(left('in-1'), few(stateless), right('in-3'), few(stateless), join, behind)
    .map(([first, before, second, between, joined, rest]) => [first, [...before, second, ...between, joined, ...rest]]);
}

/** A table, or an aggregate, whose changes are held back, and what follows it. */
const suppressing: fc.Arbitrary<[Choice, Choice[]]> = fc
  .tuple(
    source,
    few(stateless),
    few(fc.oneof(operators, ofTables)),
    suppresses,
    few(stateless),
    fc.noBias(fc.array(operators, { maxLength: 3, size: 'max' })),
  )
  .map(([first, before, table, suppress, between, rest]) => [
    first,
    [...before, ...table, suppress, ...between, ...rest],
  ]);

const topology: fc.Arbitrary<[Choice, Choice[]]> = fc.oneof(
  { weight: 2, arbitrary: suppressing },
  { weight: 4, arbitrary: fc.tuple(source, fc.noBias(fc.array(operators, { maxLength: 8, size: 'max' }))) },
  { weight: 1, arbitrary: joining(streamOf, streamOf, joins.joinStreams) },
  { weight: 1, arbitrary: joining(streamOf, tableOf, joins.joinTable) },
  { weight: 1, arbitrary: joining(tableOf, tableOf, joins.joinTables) },
  { weight: 1, arbitrary: joining(tableOf, tableOf, joins.joinForeignKey) },
);

const FEW_KEYS = ['a', 'b'];
const MANY_KEYS = ['a', 'b', 'ab', 'c', 'd', 'B', 'é', '', 'x', 'y', 'z', '10', '9', '\u{1f600}', '\ufffd', '\uff5e'];
/** The last is two UTF-16 units, of which a function may take one. */
const LETTERS = ['a', 'b', 'x', '\u{1f600}'];

const value = fc.option(
  fc.array(fc.constantFrom(...LETTERS), { maxLength: 4 }).map((letters) => letters.join('')),
  { nil: null, freq: 6 },
);

const timestamps = fc.oneof(
  { weight: 5, arbitrary: fc.nat(60) },
  { weight: 2, arbitrary: fc.nat(300) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
);

/** What times are counted from: the epoch, and the last time that is one, less a run. */
const origins = fc.constantFrom(0, 0, 0, 0, 2 ** 41, MAX_TIMESTAMP - 200_000);

/** In any order, in order, or in order but for neighbours. */
const orders = fc.constantFrom('any' as const, 'sorted' as const, 'nearly' as const);

function reorder(times: readonly number[], order: 'any' | 'sorted' | 'nearly'): readonly number[] {
  if (order === 'any') return times;
  const sorted = [...times].sort((a, b) => a - b);
  if (order === 'sorted') return sorted;
  return sorted.map((time, i) =>
    i % 3 === 1 ? (sorted[i + 1] ?? time) : i % 3 === 2 ? (sorted[i - 1] ?? time) : time,
  );
}

interface RawStep {
  readonly topic: number;
  readonly key: number;
  readonly value: string | null;
  readonly timestamp: number;
  readonly advanceMs: number | undefined;
}

const rawStep: fc.Arbitrary<RawStep> = fc.record({
  topic: fc.nat(5),
  key: fc.nat(20),
  value,
  timestamp: timestamps,
  advanceMs: fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) },
  ),
});

const keys = fc.constantFrom<(string | null)[]>(FEW_KEYS, MANY_KEYS, [...FEW_KEYS, null]);

/** A topology, what is done to it, and how Millrace runs it. */
export const oracleCase: fc.Arbitrary<OracleCase> = fc
  .record({
    topology,
    commitEvery: fc.constantFrom(1, 1, 1, 2, 6),
    raw: fc.noBias(fc.array(rawStep, { minLength: 1, maxLength: 20, size: 'max' })),
    keys,
    order: orders,
    origin: origins,
    headers: fc.boolean(),
    repartition: fc.constantFrom('auto' as const, 'auto' as const, 'topic' as const),
  })
  .map(({ commitEvery, headers, keys, order, origin, raw, repartition, topology: [first, choices] }) => {
    const spec = new SpecBuilder(commitEvery);
    for (const choice of [first, ...choices]) spec.add(choice);
    const nodes = spec.finish();
    const topics = nodes.flatMap((node) =>
      node.op === 'stream' ? node.topics : node.op === 'table' || node.op === 'joinGlobal' ? [node.topic] : [],
    );
    const times = reorder(
      raw.map(({ timestamp }) => timestamp),
      order,
    );
    // Kafka Streams joins records at the epoch with what would be before it.
    const isBounded = nodes.some(
      (node) => node.op === 'joinStreams' && Math.min(node.windows.beforeMs, node.windows.afterMs) < 0,
    );
    const earliest = origin + (isBounded ? 10 : 0);
    // A record without a key comes to no table.
    const present = nodes.some(isTimeLimit) ? keys.filter((key) => key !== null) : keys;
    // Of an empty value, Kafka Streams' responses say that there is none.
    const isAnswered = nodes.some(({ op }) => op === 'joinForeignKey');
    const steps = raw.map(({ advanceMs, key, topic, value }, i): Step => {
      if (advanceMs !== undefined) return { advanceMs };
      return {
        topic: topics[topic % topics.length] as string,
        key: present[key % present.length] ?? null,
        value: isAnswered && value === '' ? 'ab' : value,
        timestamp: earliest + (times[i] ?? 0),
        // Some have none among those that have one.
        header: headers && i % 4 !== 3 ? `h${i}` : null,
      };
    });
    return { nodes, steps, commitEvery, repartition };
  });
