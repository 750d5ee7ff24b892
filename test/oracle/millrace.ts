import {
  BufferConfig,
  JoinWindows,
  type KGroupedStream,
  type KStream,
  type KTable,
  keyValueStore,
  type Materialized,
  type Serde,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  Suppressed,
  TimeWindows,
  type Windowed,
} from '@millrace/streams';
import { TopologyTestDriver } from '@millrace/streams/testing';
import {
  aggregators,
  extractors,
  flatMappers,
  flatValueMappers,
  joined,
  mappers,
  mergers,
  predicates,
  reducers,
  selectors,
  tableAggregators,
  text,
  valueMappers,
} from './functions.js';
import { processors } from './processors.js';
import {
  type AggregateNode,
  areSessions,
  areSliding,
  commitsOf,
  type InputRecord,
  type JoinNode,
  type OracleCase,
  type OutputRecord,
  type Outputs,
  type SpecNode,
} from './topology-spec.js';

type Stream = KStream<unknown, unknown>;
type Table = KTable<unknown, unknown>;
/** Windows or none: the same calls. */
type Grouping = {
  [Op in 'count' | 'reduce' | 'aggregate']: (...given: Parameters<KGroupedStream<unknown, unknown>[Op]>) => Table;
};

type Joiner = ((left: unknown, right: unknown) => string) | ((key: unknown, left: unknown, right: unknown) => string);
/** A stream or a table, and any kind of join: the same calls. */
type Joining = Record<
  'join' | 'leftJoin' | 'outerJoin',
  (other: Stream | Table, joiner: Joiner, ...given: readonly object[]) => Stream | Table
>;

/** Whatever it is as its text, and back as text: a windowed key is `[key@start/end]`. */
const textSerde: Serde<unknown> = {
  serialize: (_topic, value) => Buffer.from(String(value)),
  deserialize: (_topic, bytes, start, end) => bytes.toString('utf8', start, end),
};

const TEXTS = { key: textSerde, value: textSerde };

/** A topology's spec in Millrace's DSL. */
class SpecTopology {
  readonly builder = new StreamsBuilder();
  readonly outputTopics: string[] = [];
  peeked: OutputRecord[] = [];
  readonly #made: (Stream | Table | Record<string, Stream>)[] = [];

  constructor(nodes: readonly SpecNode[]) {
    nodes.forEach((node, id) => {
      this.#made.push(this.#make(node, id));
    });
  }

  #make(node: SpecNode, id: number): Stream | Table | Record<string, Stream> {
    const store = `store-${id}`;
    switch (node.op) {
      case 'stream':
        return this.builder.stream(node.topics, { ...TEXTS, timestamp: extractors[node.extractor] });
      case 'table':
        return this.builder.table(
          node.topic,
          { ...TEXTS, timestamp: extractors[node.extractor] },
          node.materialized ? { name: store } : {},
        );
      case 'filter':
        return this.#stream(node.of).filter(predicates[node.predicate]);
      case 'filterNot':
        return this.#stream(node.of).filterNot(predicates[node.predicate]);
      case 'map':
        return this.#stream(node.of).map(mappers[node.mapper]);
      case 'mapValues':
        return this.#stream(node.of).mapValues(valueMappers[node.mapper]);
      case 'flatMap':
        return this.#stream(node.of).flatMap(flatMappers[node.mapper]);
      case 'flatMapValues':
        return this.#stream(node.of).flatMapValues(flatValueMappers[node.mapper]);
      case 'peek':
        return this.#stream(node.of).peek((key, value) =>
          this.peeked.push({ topic: `peek-${id}`, key: text(key), value: text(value) }),
        );
      case 'selectKey':
        return this.#stream(node.of).selectKey(selectors[node.selector]);
      case 'split': {
        const split = this.#stream(node.of).split();
        node.predicates.forEach((predicate, index) => {
          split.branch(String(index), predicates[predicate]);
        });
        return node.default ? split.defaultBranch(String(node.predicates.length)) : split.noDefaultBranch();
      }
      case 'branch':
        return (this.#made[node.of] as Record<string, Stream>)[String(node.index)] as Stream;
      case 'merge':
        return this.#stream(node.of).merge(this.#stream(node.with));
      case 'repartition':
        return this.#stream(node.of).repartition({ name: `repartition-${id}`, ...TEXTS });
      case 'process': {
        const definition = keyValueStore({ name: store, keySerde: textSerde, valueSerde: textSerde });
        return this.#stream(node.of).process(() => processors[node.processor](definition), { stores: [definition] });
      }
      case 'count':
      case 'reduce':
      case 'aggregate':
        return this.#aggregate(node, store);
      case 'joinStreams':
      case 'joinTable':
      case 'joinTables':
        return this.#join(node);
      case 'joinGlobal': {
        const stream = this.#stream(node.of) as unknown as Joining;
        const table = this.builder.globalTable(node.topic, TEXTS, { name: store });
        const operator = node.kind === 'inner' ? 'join' : 'leftJoin';
        return stream[operator](table as unknown as Table, selectors[node.selector] as Joiner, joined) as Stream;
      }
      case 'joinForeignKey': {
        const table = this.#table(node.of) as unknown as Joining;
        const operator = node.kind === 'inner' ? 'join' : 'leftJoin';
        const foreignKey = selectors[node.foreignKey];
        return table[operator](
          this.#table(node.with),
          (value: unknown, key: unknown) => foreignKey(key, value) as string,
          (left: unknown, right: unknown) => joined('', left, right),
          { name: store, value: textSerde, thisValue: textSerde, otherValue: textSerde },
        ) as Table;
      }
      case 'toTable':
        return this.#stream(node.of).toTable({ name: store, ...TEXTS });
      case 'groupTable': {
        const selector = selectors[node.groupBy];
        return this.#table(node.of)
          .groupBy((key, value) => [selector(key, value), value], TEXTS)
          .aggregate(tableAggregators[node.function], { name: store, value: textSerde });
      }
      case 'suppress': {
        const { of, ...options } = node;
        const buffered = { name: `suppress-${id}`, value: textSerde };
        if (options.until === 'final') {
          const table = this.#table(of) as KTable<Windowed<unknown>, unknown>;
          return table.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()), buffered) as unknown as Table;
        }
        const { limitMs, maxRecords } = options;
        const buffer = maxRecords === null ? BufferConfig.unbounded() : BufferConfig.maxRecords(maxRecords);
        return this.#table(of).suppress(Suppressed.untilTimeLimit(limitMs, buffer), buffered) as Table;
      }
      case 'tableFilter':
        return this.#table(node.of).filter(predicates[node.predicate]);
      case 'tableFilterNot':
        return this.#table(node.of).filterNot(predicates[node.predicate]);
      case 'tableMapValues':
        return this.#table(node.of).mapValues(valueMappers[node.mapper]);
      case 'toStream':
        return this.#table(node.of).toStream();
      case 'to':
        this.outputTopics.push(node.topic);
        this.#stream(node.of).to(node.topic, TEXTS);
        return {};
    }
  }

  #join(node: JoinNode): Stream | Table {
    const operator = ({ inner: 'join', left: 'leftJoin', outer: 'outerJoin' } as const)[node.kind];
    if (node.op === 'joinTables') {
      const table = this.#table(node.of) as unknown as Joining;
      return table[operator](this.#table(node.with), (left: unknown, right: unknown) =>
        joined('', left, right),
      ) as Table;
    }
    const stream = this.#stream(node.of) as unknown as Joining;
    if (node.op === 'joinTable') return stream[operator](this.#table(node.with), joined, TEXTS) as Stream;
    const { afterMs, beforeMs, graceMs } = node.windows;
    const widest = Math.max(Math.abs(beforeMs), Math.abs(afterMs));
    const windows = JoinWindows.ofTimeDifferenceAndGrace(widest, graceMs).before(beforeMs).after(afterMs);
    const serdes = { ...TEXTS, otherValue: textSerde };
    return stream[operator](this.#stream(node.with), joined, windows, serdes) as Stream;
  }

  #aggregate(node: AggregateNode, name: string): Table {
    const stream = this.#stream(node.of);
    const grouped = node.groupBy === null ? stream.groupByKey(TEXTS) : stream.groupBy(selectors[node.groupBy], TEXTS);
    const { windows } = node;
    const target =
      windows === null
        ? grouped
        : areSessions(windows)
          ? grouped
              .windowedBy(SessionWindows.ofInactivityGapAndGrace(windows.gapMs, windows.graceMs))
              .emitStrategy(windows.emit)
          : areSliding(windows)
            ? grouped
                .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(windows.differenceMs, windows.graceMs))
                .emitStrategy(windows.emit)
            : grouped
                .windowedBy(TimeWindows.ofSizeAndGrace(windows.sizeMs, windows.graceMs).advanceBy(windows.advanceMs))
                .emitStrategy(windows.emit);
    const materialized: Materialized<unknown> & { value: Serde<unknown> } = { name, value: textSerde };
    const grouping = target as unknown as Grouping;
    switch (node.op) {
      case 'count':
        return grouping.count({ name });
      case 'reduce':
        return grouping.reduce(reducers[node.function], materialized);
      case 'aggregate':
        return grouping.aggregate(
          areSessions(windows)
            ? { ...aggregators[node.function], merge: mergers[node.function] }
            : aggregators[node.function],
          materialized,
        );
    }
  }

  #stream(id: number): Stream {
    return this.#made[id] as Stream;
  }

  #table(id: number): Table {
    return this.#made[id] as Table;
  }
}

const HEADER = 'h';

function withHeaders(record: InputRecord) {
  return { ...record, headers: record.header === null ? [] : [{ key: HEADER, value: Buffer.from(record.header) }] };
}

/** Runs a case on Millrace. */
export async function runMillrace(given: OracleCase): Promise<Outputs> {
  const { nodes, repartition } = given;
  const topology = new SpecTopology(nodes);
  const driver = await TopologyTestDriver.create(topology.builder.build(), { repartition });
  try {
    const outputs: OutputRecord[][] = [];
    for (const steps of commitsOf(given)) {
      const [first] = steps;
      if (first === undefined) continue;
      if ('advanceMs' in first) await driver.advanceWallClockTime(first.advanceMs);
      else
        await driver.pipeInputs(first.topic, textSerde, textSerde, (steps as readonly InputRecord[]).map(withHeaders));
      const records: OutputRecord[] = [];
      for (const topic of topology.outputTopics) {
        for (const { headers, key, value, timestamp } of await driver.readOutput(topic, textSerde, textSerde)) {
          const own = headers.filter((header) => header.key === HEADER).map((header) => String(header.value));
          const header = own.length === 0 ? null : own.join(',');
          records.push({ topic, key: text(key), value: text(value), timestamp, header });
        }
      }
      outputs.push([...records, ...topology.peeked]);
      topology.peeked = [];
    }
    return outputs;
  } finally {
    await driver.close();
  }
}
