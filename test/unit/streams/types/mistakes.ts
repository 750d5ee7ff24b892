/** Programs that are wrong, by what is wrong with them: none may compile. */
export const MISTAKES: Readonly<Record<string, string>> = {
  // Values and keys.
  'a comparison with another type': 'words.filter((_key, value) => value > 3n);',
  'a method that the value has not': 'words.mapValues((value) => value.toFixed());',
  'a value that may be null': 'kept.mapValues((value) => value.length);',
  'a key that may be null': 'kept.selectKey((key) => key.length);',
  'a value that may be null, by way of map': 'kept.map((key, value) => [key, value.length]);',
  'a value that may be null, in a predicate': 'kept.filter((_key, value) => value.length > 1);',
  'a value that may be null, in a branch': "kept.split().branch('long', (_key, value) => value.length > 1);",
  'a processor for values that are never null': `
    class Upper implements Processor<string, string, string, string> {
      process({ value }: StreamRecord<string, string>) { value.toUpperCase(); }
    }
    kept.process(() => new Upper());`,
  'a processor for values of another type': `
    class Upper implements Processor<string, string, string, string> {
      process({ value }: StreamRecord<string, string>) { value.toUpperCase(); }
    }
    numbers.process(() => new Upper());`,
  'a row that may have gone': 'users.toStream().mapValues((value) => value.length);',
  'a row that a filter may have taken out':
    'words.groupByKey().count().filter((_key, count) => count > 1).toStream().mapValues((count) => count + 1);',
  'a row that a filterNot may have taken out':
    'words.groupByKey().count().filterNot((_key, count) => count > 1).toStream().mapValues((count) => count + 1);',
  'a row that an aggregator may have deleted': `
    words.groupByKey()
      .aggregate({ initializer: () => 0, add: (_key, value, sum) => (value === '' ? null : sum + 1) }, { value: numberSerde })
      .toStream().mapValues((sum) => sum + 1);`,
  'a row of a window that may have been deleted': `
    words.groupByKey().windowedBy(minute)
      .aggregate({ initializer: () => 0, add: (_key, value, sum) => (value === '' ? null : sum + 1) }, { value: numberSerde })
      .toStream().mapValues((sum) => sum + 1);`,
  'null values that a windowed aggregate is given':
    'kept.groupByKey().windowedBy(minute).aggregate({ initializer: () => 0, add: (_key, value, sum) => sum + value.length }, { value: numberSerde });',
  'a key that is never there': 'keyless.map((key, value) => [key.length, value.id]);',
  'a windowed key as the key in it':
    'words.groupByKey().windowedBy(minute).count().toStream().map((key, count) => [key.length, count]);',
  'a windowed key as text': 'words.groupByKey().windowedBy(minute).count().toStream().selectKey((key): string => key);',
  'nulls handled in a way that there is not': "builder.stream('in', { ...STRINGS, nulls: 'drop' });",
  'a merge with a stream that has nulls': 'words.merge(kept);',
  'a merge with values of another type': 'words.merge(numbers);',
  'a merge with keys of another type': 'words.merge(words.selectKey((_key, value) => value.length));',
  'a merge with a table': 'words.merge(users);',
  'map that answers one value': 'words.map((_key, value) => value);',
  'map that answers three': 'words.map((key, value) => [key, value, 1]);',
  'flatMap that answers one pair': 'words.flatMap((key, value) => ({ key, value }));',
  'flatMapValues that answers one value': 'numbers.flatMapValues((value) => value + 1);',
  'a predicate that answers a number': 'words.filter((_key, value) => value.length);',
  'a predicate that answers nothing': "words.filter((_key, value) => { value === 'a'; });",

  'a suppress until windows close of a table without any':
    'users.suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()));',
  'final results that go out early':
    'words.groupByKey().windowedBy(minute).count().suppress(Suppressed.untilWindowCloses(BufferConfig.maxRecords(9)));',
  'a suppress of values without a serde':
    'users.mapValues((user) => user.length).suppress(Suppressed.untilTimeLimit(5, BufferConfig.unbounded()));',
  'a suppressed row that may have gone':
    'users.suppress(Suppressed.untilTimeLimit(5, BufferConfig.unbounded())).toStream().mapValues((user) => user.length);',
  'a row that a left join may not find': 'words.leftJoin(users, (word, user) => word.length + user.length);',
  'a key that a left join may not have':
    'kept.leftJoin(users, (key: string, word: string, user: string | null) => key + word + user);',
  'a join with a stream as with a table': 'words.join(numbers, (word, number) => word.length + number);',
  'a join with a table of other keys':
    'words.selectKey((_key, word) => word.length).join(users, (word, user) => word + user);',
  'a row that an outer join may not find': 'users.outerJoin(users, (user, other) => user.length + other.length);',
  'a row of a join that may have gone':
    'users.join(users, (user, other) => user + other).toStream().mapValues((both) => both.length);',
  'a regrouping that answers no pair': 'users.groupBy((_key, user) => user, STRINGS);',
  'a regrouping by keys of another serde': 'users.groupBy((_key, user) => [user.length, user], STRINGS);',
  'an aggregate of a table that only adds':
    'users.groupBy((_key, user) => [user, user], STRINGS).aggregate({ initializer: () => 0, add: (_key, _user, sum) => sum + 1 }, { value: numberSerde });',
  'a stream of new keys as a table without their serde': 'words.selectKey((_key, word) => word.length).toTable();',
  'a foreign-key join without a serde for its results':
    'users.join(users, (user) => user.slice(1), (user, other) => user + other);',
  'a foreign-key join of values without a serde':
    'users.mapValues((user) => user.length).join(users, () => null, (length, other) => length + other.length, { value: numberSerde });',
  'a foreign-key join with values without a serde':
    'users.join(users.mapValues((user) => user.length), (user) => user, (user, length) => user.length + length, { value: numberSerde });',
  'a foreign key of another type':
    'users.join(users, (user) => user.length, (user, other) => user + other, { value: stringSerde });',
  'a row that a left foreign-key join may not find':
    'users.leftJoin(users, (user) => user, (user, other) => user.length + other.length, { value: numberSerde });',
  'results of a foreign-key join of another type':
    'users.join(users, (user) => user, (user, other) => user + other, { value: numberSerde });',
  'an outer join by a foreign key':
    'users.outerJoin(users, (user) => user, (user: string | null, other: string | null) => [user, other].join(), { value: stringSerde });',
  'a key of a global table of another type': 'words.join(lengths, () => 3, (word, length) => word + length);',
  'a row that a left join may not find in a global table':
    'words.leftJoin(lengths, (_key, word) => word, (word, length) => word.length + length);',
  'a join with a global table without its key': 'words.join(lengths, (word, length) => word + length);',
  'an outer join with a global table':
    'words.outerJoin(lengths, (_key, word) => word, (word: string | null, length: number | null) => [word, length].join());',
  'a global table without a serde': "builder.globalTable('titles', { value: stringSerde });",
  'a global table as a stream': 'lengths.filter(() => true);',
  'a join of streams without windows': 'words.join(kept, (word, other) => word + other);',
  'a partner that a left join may not have':
    'words.leftJoin(words, (word, other) => word.length + other.length, JoinWindows.ofTimeDifferenceWithNoGrace(5));',
  'an outer join of a stream with a table': 'words.outerJoin(users, (word, user) => [word, user]);',
  'a joiner that answers a promise': 'words.join(users, (word, user) => Promise.resolve(word + user));',
  'a joined value without a serde': "words.join(users, (word, user) => word.length + user.length).to('out');",

  // Serdes.
  'a value serde of another type': "words.to('out', { value: numberSerde });",
  'a key serde of another type': "words.to('out', { key: numberSerde });",
  'a serde without null for a mapper that answers undefined':
    "words.mapValues((value) => (value === '' ? undefined : value)).to('out', STRINGS);",
  'a serde of less than there is': 'const serde: Serde<string | number> = stringSerde;',
  'mapped values without a serde': "words.mapValues((value) => value.length).to('out');",
  'mapped values with the serde of the key alone':
    "words.mapValues((value) => value.length).to('out', { key: stringSerde });",
  'flattened values without a serde': "words.flatMapValues((value) => [...value]).to('out');",
  'a new key without a serde': "words.selectKey((_key, value) => value).to('out');",
  'a mapped record with the serde of the value alone':
    "words.map((key, value) => [key, value]).to('out', { value: stringSerde });",
  'a flattened record without serdes': "words.flatMap((key, value) => [[key, value]]).to('out');",
  'what a processor forwards without serdes': "words.process<string, string>(() => ({ process() {} })).to('out');",
  'a merge of mapped values without a serde':
    "words.mapValues((value) => value).merge(words.mapValues((value) => value)).to('out');",
  'branches of mapped values without a serde':
    "words.mapValues((value) => value).split().branch('a', () => true).noDefaultBranch().a.to('out');",
  'rows that were mapped without a serde': "users.mapValues((value) => value.length).toStream().to('out');",
  'a windowed key without a serde': "words.groupByKey().windowedBy(minute).count().toStream().to('out');",
  'a windowed key with the serde of the key':
    "words.groupByKey().windowedBy(minute).count().toStream().to('out', { key: stringSerde });",
  'a windowed key of a reduce without a serde':
    "words.groupByKey().windowedBy(minute).reduce((a, b) => a + b).toStream().to('out');",
  'a grouping by a new key without a serde': 'words.selectKey((_key, value) => value).groupByKey().count();',
  'a grouping of mapped records without a serde':
    'words.map((key, value) => [key, value.length]).groupByKey().count();',
  'a grouping without keys': 'keyless.groupByKey().count();',
  'a grouping by another key than its serde': 'words.groupBy((_key, value) => value.length, { key: stringSerde });',
  'a grouping by a new key, no serde at all': 'words.groupBy((_key, value) => value);',
  'a repartition by a new key without a serde': 'words.selectKey((_key, value) => value).repartition();',
  'a repartition of mapped values without a serde':
    'words.mapValues((value) => value.length).repartition({ key: stringSerde });',
  'a reduce of mapped values without a serde':
    'words.mapValues((value) => value.length).groupByKey().reduce((a, b) => a + b);',
  'a reduce of mapped values in windows without a serde':
    'words.mapValues((value) => value.length).groupByKey().windowedBy(minute).reduce((a, b) => a + b);',
  'a reduce with the serde of another type': 'words.groupByKey().reduce((a, b) => a + b, { value: numberSerde });',
  'a count with the serde of another type': 'words.groupByKey().count({ value: stringSerde });',
  'a table without the serde of its keys': "builder.table('t', { value: stringSerde });",
  'a stream without the serde of its values': "builder.stream('t', { key: stringSerde });",
  'a table kept with the serde of another type': "builder.table('t', STRINGS, { value: numberSerde });",
  'a date as JSON': "builder.stream('t', { key: stringSerde, value: jsonSerde<Date>() });",
  'a date in JSON': 'jsonSerde<{ readonly at: Date }>();',
  'a map in JSON': 'jsonSerde<{ readonly by: Map<string, number> }>();',
  'a set as JSON': 'jsonSerde<Set<string>>();',
  'a bigint in JSON': 'jsonSerde<{ readonly id: bigint }>();',
  'bytes as JSON': 'jsonSerde<Uint8Array>();',
  'undefined as JSON': 'jsonSerde<string | undefined>();',
  'a function in JSON': 'jsonSerde<{ readonly then: () => void }>();',
  'a promise as JSON': 'jsonSerde<Promise<string>>();',
  'a list of dates as JSON': 'jsonSerde<readonly Date[]>();',
  'a class with methods as JSON':
    'class Money { constructor(readonly cents: number) {} plus() { return this; } }\njsonSerde<Money>();',
  'a date that the serde takes from its place': "words.mapValues(() => new Date()).to('out', { value: jsonSerde() });",
  'a serde of two functions that do not fit': `
    const serde: Serde<number> = { serialize: (_topic, value) => Buffer.from(value), deserialize: () => 1 };`,

  // Asynchronous functions.
  'mapValues that awaits': 'words.mapValues(async (value) => value);',
  'mapValues that answers a promise': 'words.mapValues((value) => Promise.resolve(value));',
  'mapValues that may answer a promise': "words.mapValues((value) => (value === '' ? value : Promise.resolve(value)));",
  'map that awaits': 'words.map(async (key, value) => [key, value] as const);',
  'map to a promise': 'words.map((key, value) => [key, Promise.resolve(value)]);',
  'flatMap that awaits': 'words.flatMap(async (key, value) => [[key, value]] as const);',
  'flatMapValues that generates asynchronously': 'words.flatMapValues(async function* (value) { yield value; });',
  'flatMapValues to promises': 'words.flatMapValues((value) => [Promise.resolve(value)]);',
  'filter that awaits': 'words.filter(async () => true);',
  'filterNot that awaits': 'words.filterNot(async () => true);',
  'peek that awaits': 'words.peek(async () => {});',
  'peek that starts a request': 'words.peek((_key, value) => fetch(value));',
  'selectKey that awaits': 'words.selectKey(async (_key, value) => value);',
  'groupBy that awaits': 'words.groupBy(async (_key, value) => value, { key: stringSerde });',
  'a branch that awaits': "words.split().branch('a', async () => true);",
  'reduce that awaits': 'words.groupByKey().reduce(async (a, b) => a + b);',
  'add that awaits':
    'words.groupByKey().aggregate({ initializer: () => 0, add: async (_key, _value, sum) => sum }, { value: numberSerde });',
  'an initializer that awaits':
    'words.groupByKey().aggregate({ initializer: async () => 0, add: (_key, _value, sum) => sum }, { value: numberSerde });',
  'an aggregate of promises in JSON':
    'words.groupByKey().aggregate({ initializer: async () => 0, add: async (_key, _value, sum) => (await sum) + 1 }, { value: jsonSerde() });',
  'merge that awaits':
    'words.groupByKey().aggregate({ initializer: () => 0, add: (_key, _value, sum) => sum, merge: async (a, b) => a + b }, { value: numberSerde });',
  'the filter of a table that awaits': 'users.filter(async () => true);',
  'mapValues of a table that awaits': 'users.mapValues(async (value) => value);',
  'a processor that awaits': 'words.process<string, string>(() => ({ async process() {} }));',
  'a processor that answers a promise':
    'words.process<string, string>(() => ({ process: ({ value }) => fetch(value) }));',
  'the init of a processor that awaits': 'words.process<string, string>(() => ({ async init() {}, process() {} }));',
  'the close of a processor that awaits': 'words.process<string, string>(() => ({ async close() {}, process() {} }));',
  'a supplier that awaits': 'words.process<string, string>(async () => ({ process() {} }));',
  'a timestamp that awaits': "builder.stream('t', { ...STRINGS, timestamp: async () => 1 });",
  'a class of a processor that awaits':
    'class Slow implements Processor<string, string, string, string> { async process() {} }',

  // Aggregates.
  'a reduce to another type': 'orders.groupByKey().reduce((a, b) => a.amount + b.amount);',
  'an aggregate whose add answers another type':
    'orders.groupByKey().aggregate({ initializer: () => 0, add: (_key, order, sum) => order.id + sum }, { value: numberSerde });',
  'an aggregate with the serde of another type':
    'orders.groupByKey().aggregate({ initializer: () => 0, add: (_key, order: Order, sum: number) => sum + order.amount }, { value: stringSerde });',
  'an aggregate without a serde':
    'words.groupByKey().aggregate({ initializer: () => 0, add: (_key, value, sum) => sum + value.length }, {});',
  'an aggregate without options':
    'words.groupByKey().aggregate({ initializer: () => 0, add: (_key, value, sum) => sum + value.length });',
  'an add that forgets to answer':
    'orders.groupByKey().aggregate({ initializer: () => 0, add: (_key, order: Order, sum: number) => { sum + order.amount; } }, { value: numberSerde });',
  'an add that may answer undefined':
    'orders.groupByKey().aggregate({ initializer: () => 0, add: (_key, order: Order, sum: number) => (order.amount > 0 ? sum : undefined) }, { value: numberSerde });',
  'an aggregate without an initializer':
    'orders.groupByKey().aggregate({ add: (_key, order: Order, sum: number) => sum }, { value: numberSerde });',
  'a merge of another type':
    "orders.groupByKey().aggregate({ initializer: () => 0, add: (_key, _order, sum) => sum, merge: () => 'a' }, { value: numberSerde });",
  'a subtract of another type':
    "orders.groupByKey().aggregate({ initializer: () => 0, add: (_key, _order, sum) => sum, subtract: () => 'a' }, { value: numberSerde });",
  'an aggregate in windows with the serde of another type':
    'orders.groupByKey().windowedBy(minute).aggregate({ initializer: () => 0, add: (_key, _order, sum: number) => sum }, { value: stringSerde });',
  'a property that the aggregate has not':
    'words.groupByKey().aggregate({ initializer: () => ({ count: 0 }), add: (_key, _value, sum) => ({ count: sum.counts + 1 }) }, { value: jsonSerde() });',
  'a count that is text': 'words.groupByKey().count().mapValues((count) => count.trim());',
  'an aggregate of a stream that is not grouped': 'words.count();',
  'windows of a stream that is not grouped': 'words.windowedBy(minute);',
  'windows by a duration': "words.groupByKey().windowedBy('1m');",

  // Branches.
  'a branch that is not there': "words.split().branch('a', () => true).defaultBranch('rest').b.to('out');",
  'a branch of a split that has not ended': "words.split().branch('a', () => true).a;",
  'two branches of one name': "words.split().branch('a', () => true).branch('a', () => false);",
  'a default branch of a name that there is': "words.split().branch('a', () => true).defaultBranch('a');",
  'a default branch that was not asked for': "words.split().branch('a', () => true).noDefaultBranch().rest.to('out');",

  // Stores and processors.
  'a store of other values':
    'words.process<string, string>(() => ({ init(context) { context.stateStore(names).put("a", 1); }, process() {} }), { stores: [names] });',
  'a store of other keys':
    'words.process<string, string>(() => ({ init(context) { context.stateStore(names).get(1); }, process() {} }), { stores: [names] });',
  'a store taken for one of other values':
    'words.process<string, string>(() => ({ init(context) { const store: KeyValueStore<string, string> = context.stateStore(limits); }, process() {} }));',
  'a store taken for one of more values':
    'words.process<string, string>(() => ({ init(context) { const store: KeyValueStore<string, string | number> = context.stateStore(limits); }, process() {} }));',
  'a store by its name, with types that nobody checks':
    "words.process<string, string>(() => ({ init(context) { context.stateStore<string, number>('limits'); }, process() {} }));",
  'a store by its name':
    "words.process<string, string>(() => ({ init(context) { context.stateStore('limits'); }, process() {} }));",
  'a value that is missing, taken to be there':
    'words.process<string, string>(() => ({ init(context) { context.stateStore(limits).get("a") + 1; }, process() {} }));',
  'a store among the stores by its name':
    "words.process<string, string>(() => ({ process() {} }), { stores: ['limits'] });",
  'a store without a serde': "keyValueStore({ name: 'n', keySerde: stringSerde });",
  'a store without a name': 'keyValueStore({ keySerde: stringSerde, valueSerde: stringSerde });',
  'a store with an option that there is not':
    "keyValueStore({ name: 'n', keySerde: stringSerde, valueSerde: stringSerde, cached: 1 });",
  'a forwarded value of another type':
    'words.process<string, number>(() => { let context: ProcessorContext<string, number>; return { init(given) { context = given; }, process({ key, value, timestamp }) { context.forward({ key, value, timestamp }); } }; });',
  'a forwarded key of another type':
    'words.process<number, string>(() => { let context: ProcessorContext<number, string>; return { init(given) { context = given; }, process({ key, value, timestamp }) { context.forward({ key, value, timestamp }); } }; });',
  'a forwarded record without a time':
    'words.process<string, string>(() => { let context: ProcessorContext<string, string>; return { init(given) { context = given; }, process({ key, value }) { context.forward({ key, value }); } }; });',
  'a processor that is not made by a function': 'words.process<string, string>({ process() {} });',
  'a processor without process': 'words.process<string, string>(() => ({ init() {} }));',
  'a punctuation of a kind that there is not':
    "words.process<string, string>(() => ({ init(context) { context.schedule(10, 'wall-clock', () => {}); }, process() {} }));",
  'a punctuation by a text':
    "words.process<string, string>(() => ({ init(context) { context.schedule('10s', 'stream-time', () => {}); }, process() {} }));",
  'a processor whose output is used as another type':
    'words.process<string, number>(() => ({ process() {} })).mapValues((value) => value.length);',

  // Durations, windows and options.
  'a duration of a unit that there is not': "TimeWindows.ofSizeWithNoGrace('1 fortnight');",
  'a duration without a number': "TimeWindows.ofSizeWithNoGrace('m');",
  'a grace period of a unit that there is not': "TimeWindows.ofSizeAndGrace('1m', '5x');",
  'an advance of a unit that there is not': "minute.advanceBy('1sek');",
  'windows without a grace period': "TimeWindows.ofSizeAndGrace('1m');",
  'windows by new': 'new TimeWindows(1, 1, 1);',
  'any text as a duration': 'const text: string = "1m"; TimeWindows.ofSizeWithNoGrace(text);',
  'an emit strategy that there is not': "words.groupByKey().windowedBy(minute).emitStrategy('onWindowClosed');",
  'a timestamp of another type':
    "builder.stream('t', { key: stringSerde, value: jsonSerde<{ at: string }>(), timestamp: (value) => value.at });",
  'a timestamp that is a date':
    "builder.stream('t', { key: stringSerde, value: orderSerde, timestamp: (value) => new Date(value.at) });",
  'an offset reset that there is not': "builder.stream('t', { ...STRINGS, autoOffsetReset: 'beginning' });",
  'an option of a source that there is not': "builder.stream('t', { ...STRINGS, timestampExtractor: () => 1 });",
  'an option of a sink that there is not': "words.to('out', { partitions: 3 });",
  'an option of the application that there is not':
    "new Streams(builder.build(), { applicationId: 'a', log, commitIntervalMs: 5 });",
  'an application without a log': "new Streams(builder.build(), { applicationId: 'a' });",
  'an application without an id': 'new Streams(builder.build(), { log });',
  'an application of a builder': "new Streams(builder, { applicationId: 'a', log });",
  'a commit interval of a unit that there is not':
    "new Streams(builder.build(), { applicationId: 'a', log, commitInterval: '5x' });",
  'an idle time that is misspelt': "new Streams(builder.build(), { applicationId: 'a', log, idle: 'nevr' });",
  'a way to repartition that there is not':
    "new Streams(builder.build(), { applicationId: 'a', log, repartition: 'direct' });",
  'a handler that answers what there is not':
    "new Streams(builder.build(), { applicationId: 'a', log, processingExceptionHandler: () => 'skip' });",
  'a handler that awaits':
    "new Streams(builder.build(), { applicationId: 'a', log, processingExceptionHandler: async () => 'fail' as const });",
  'a description of a builder': 'describeTopology(builder);',
  'a topic that is a number': 'words.to(1, STRINGS);',
  // The test driver.
  'an input of another type': "driver.createInputTopic('in', STRINGS).pipeInput('k', 1);",
  'an output read as another type':
    "const read: Promise<{ value: number | null }> = driver.createOutputTopic('out', STRINGS).readRecord();",
  'an input without serdes': "driver.createInputTopic('in');",
};
