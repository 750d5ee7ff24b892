/** Programs that are right, by what they show: all must compile. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  'a count of words': `
    words.flatMapValues((line) => line.split(' ')).groupBy((_key, word) => word, { key: stringSerde }).count({ name: 'counts' })
      .toStream().to('counts', NUMBERS);`,
  'nulls that were filtered away':
    "kept.filter((_key, value) => value !== null).mapValues((value) => value.length).to('lengths', { value: numberSerde });",
  'a stream with nulls that is written as it is':
    "kept.to('copies'); kept.to('copies', STRINGS); kept.to('values', { key: null });",
  'a source that says that it keeps nulls':
    "builder.stream('in', { ...STRINGS, nulls: 'keep' }).mapValues((value) => value?.length ?? 0);",
  'a stream without keys':
    "keyless.filter((_key, order) => order.amount > 1).to('large'); keyless.groupBy((_key, { id }) => id, { key: stringSerde }).count();",
  'a groupBy that passes records over':
    "words.groupBy((_key, word) => (word === '' ? null : word), { key: stringSerde }).count();",
  'what a grouping with nulls counts':
    'kept.groupByKey().count().toStream().map((key, count) => [key.length, count + 1]);',
  'tables whose rows are never null to their functions':
    'users.mapValues((value) => value.length).filter((_key, length) => length > 1);',
  'a row that may have gone, and is checked':
    "users.toStream().mapValues((value) => value?.length ?? 0).to('out', { value: numberSerde });",
  'windowed results': `
    const closed = words.groupByKey().windowedBy(TimeWindows.ofSizeAndGrace('20s', '5s').advanceBy('1 second')).emitStrategy('onWindowClose').count();
    closed.toStream().map(({ key, window }, count) => [\`\${key}@\${window.start}\`, count + 1]).to('out', NUMBERS);
    closed.toStream().to('out', { key: jsonSerde() });`,
  'aggregates with and without merge': `
    interface Spent { readonly count: number; readonly sum: number }
    orders.groupByKey().windowedBy(minute).aggregate({
      initializer: (): Spent => ({ count: 0, sum: 0 }),
      add: (_key, order, { count, sum }) => ({ count: count + 1, sum: sum + order.amount }),
      merge: (a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }),
    }, { name: 'spent', value: jsonSerde<Spent>() }).toStream().mapValues(({ sum }) => sum);
    const longest: Aggregator<string, string, string> = { initializer: () => '', add: (_key, value, most) => (value.length > most.length ? value : most) };
    words.groupByKey().aggregate(longest, { value: stringSerde }).toStream().mapValues((most) => most?.length ?? 0);`,
  'a join of a stream with a table': `
    words.join(users, (word, user) => word.length + user.length).to('out', NUMBERS);
    words.leftJoin(users, (word, user) => word.length + (user?.length ?? 0)).mapValues((length) => length + 1);
    kept.join(users, (key: string, word: string, user: string) => key + word + user).to('out', STRINGS);
    kept.leftJoin(users, (key: string | null, word: string, user: string | null) => \`\${key}\${word}\${user}\`).selectKey((key) => key?.length);
    orders.selectKey((_key, { id }) => id).join(users, ({ amount }, user) => amount + user.length, { name: 'named' });
    words.join(numbers.groupByKey().reduce((a, b) => a + b), (word, sum) => word.length + sum);`,
  'joins of streams': `
    const hour = JoinWindows.ofTimeDifferenceAndGrace('1h', 5000).before(-10).after('2h');
    words.join(kept, (word, other) => word.length + other.length, hour).to('out', NUMBERS);
    words.leftJoin(orders, (word, order) => word + (order?.id ?? ''), hour, { name: 'ordered' }).to('out', STRINGS);
    words.outerJoin(orders, (key: string | null, word: string | null, order: Order | null) => [key, word, order], hour).mapValues(([key]) => key);
    words.mapValues((word) => word.length).join(words, (length, word) => length + word.length, hour, { value: numberSerde });`,
  'joins of tables': `
    const lengths = words.mapValues((word) => word.length).toTable({ value: numberSerde, name: 'lengths' });
    users.join(lengths, (user, length) => user.length + length).toStream().mapValues((sum) => (sum ?? 0) + 1);
    users.leftJoin(lengths, (user, length) => user.length + (length ?? 0)).filter((_key, sum) => sum > 1);
    users.outerJoin(lengths, (key: string, user: string | null, length: number | null) => key + user + length).toStream().to('out', STRINGS);`,
  'joins with a global table': `
    words.join(lengths, (_key, word) => word, (word, length) => word.length + length).to('out', NUMBERS);
    kept.leftJoin(lengths, (key, word) => key ?? word, (key: string | null, word: string, length: number | null) => \`\${key}\${word}\${length}\`, { name: 'long' }).to('out', STRINGS);
    keyless.join(lengths, (_key, { id }) => (id === '' ? null : id), ({ amount }, length) => amount + length).to('amounts', { value: numberSerde });`,
  'joins by a foreign key': `
    const managed = users.join(users, (user) => (user === '' ? null : user), (user, other) => user + other, { name: 'managed', value: stringSerde });
    managed.filter((_key, both) => both.length > 1).toStream().mapValues((both) => both?.length);
    users.leftJoin(users, (user, key) => key + user, (key: string, user: string, other: string | null) => key.length + user.length + (other?.length ?? 0), { value: numberSerde });
    const lengths = users.mapValues((user) => user.length);
    lengths.join(lengths, () => 'a', (length, other) => length + other, { value: numberSerde, thisValue: numberSerde, otherValue: numberSerde }).join(users, (sum, user) => sum + user.length);`,
  'rows by another key': `
    const byLength = users.groupBy((_key, user) => [user.length, user], { key: numberSerde, value: stringSerde });
    byLength.count({ name: 'lengths' }).toStream().mapValues((count) => count + 1);
    byLength.reduce((a, b) => a + b, (a, b) => a.replace(b, '')).toStream().mapValues((all) => all?.length);
    byLength.aggregate({ initializer: () => 0, add: (length, user, sum) => sum + user.length + length, subtract: (length, user, sum) => sum - user.length - length }, { value: numberSerde });`,
  'sliding windows': `
    const near = words.groupByKey().windowedBy(SlidingWindows.ofTimeDifferenceAndGrace('10s', 5));
    near.count({ name: 'near' }).toStream().map(({ key, window }, count) => [\`\${key}@\${window.end}\`, count + 1]).to('out', NUMBERS);
    near.emitStrategy('onWindowClose').reduce((a, b) => a + b).suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded())).toStream();
    kept.groupByKey().windowedBy(SlidingWindows.ofTimeDifferenceWithNoGrace('1m'))
      .aggregate({ initializer: () => 0, add: (_key, word, sum) => sum + word.length }, { value: numberSerde }).toStream().mapValues((sum) => sum + 1);`,
  'suppressed tables': `
    const closed = words.groupByKey().windowedBy(minute).count().suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()));
    closed.toStream().map(({ key, window }, count) => [\`\${key}@\${window.start}\`, count + 1]).to('out', NUMBERS);
    closed.toStream().to('out', { key: jsonSerde() });
    words.groupByKey().windowedBy(minute).count().suppress(Suppressed.untilTimeLimit('5s', BufferConfig.maxBytes(1e6).withMaxRecords(10).shutDownWhenFull()));
    users.suppress(Suppressed.untilTimeLimit(5, BufferConfig.maxRecords(10)), { name: 'calm' }).toStream().to('users');
    users.mapValues((user) => user.length).suppress(Suppressed.untilTimeLimit(5, BufferConfig.unbounded().emitEarlyWhenFull()), { value: numberSerde }).toStream().to('lengths');`,
  'a reduce': "numbers.groupByKey().reduce((a, b) => a + b).toStream().to('sums');",
  'a reduce of mapped values':
    "words.mapValues((value) => value.length).groupByKey({ value: numberSerde }).reduce((a, b) => a + b).toStream().to('sums');",
  'a reduce with its own serde':
    "words.mapValues((value) => value.length).groupByKey().reduce((a, b) => a + b, { value: numberSerde }).toStream().to('sums');",
  'a reduce of a new key':
    "orders.map((_id, order) => [order.id, order.amount]).groupByKey(NUMBERS).reduce((a, b) => Math.max(a, b)).toStream().to('most');",
  'branches by name, narrowed by type guards': `
    const { long, short } = words.split().branch('long', (_key, value) => value.length > 9).defaultBranch('short');
    long.merge(short).to('out');
    const { none } = kept.split().branch('some', (_key, value): value is string => value !== null).branch('none', () => true).noDefaultBranch();
    kept.split().branch('some', (_key, value): value is string => value !== null).noDefaultBranch().some.mapValues((value) => value.length);
    none.to('out');`,
  'branches whose names are not known': `
    for (const name of ['a', 'b'] as string[]) words.split().branch(name, () => true).defaultBranch(\`not-\${name}\`)[name]?.to('out');`,
  'a peek that answers something':
    'const seen: string[] = []; words.peek((_key, value) => seen.push(value)).peek((key, value) => console.log(key, value));',
  'a repartition': "words.selectKey((_key, value) => value).repartition({ key: stringSerde }).to('out');",
  'a processor with a store': `
    class Above implements Processor<string, Order, string, number> {
      #context: ProcessorContext<string, number> | undefined;
      #limits: KeyValueStore<string, number> | undefined;
      init(context: ProcessorContext<string, number>) {
        this.#context = context;
        this.#limits = context.stateStore(limits);
        context.schedule(1000, 'wall-clock-time', async (timestamp) => {
          for await (const [key, value] of context.stateStore(limits).all()) context.forward({ key, value, timestamp });
        });
      }
      process({ key, timestamp, value }: StreamRecord<string, Order>) {
        const limit = this.#limits?.get(key) ?? 0;
        if (value.amount > limit) this.#context?.forward({ key, value: value.amount - limit, timestamp });
        this.#limits?.put(key, limit + 1);
        this.#limits?.put(key, null);
      }
      close(): void {}
    }
    orders.process(() => new Above(), { name: 'above', stores: [limits] }).to('out', NUMBERS);`,
  'a processor that ends a stream':
    'words.process<never, never>(() => { const seen = new Set<string>(); return { process: ({ key }) => seen.add(key) }; });',
  'a processor for any value on a stream of some': `
    class Count implements Processor<unknown, unknown, string, number> { process() {} }
    words.process(() => new Count());`,
  'a stream given to a function': `
    const lengths = (stream: KStream<string, string>) => stream.groupByKey().count().toStream();
    lengths(words).to('out'); lengths(words.mapValues((value) => value.trim()));
    const ofTable = (table: KTable<string, number>) => table.toStream();
    ofTable(words.groupByKey().count().filter(Boolean));`,
  'a function for streams of any value': `
    function derived<V, R>(stream: KStream<string, V>, mapper: (value: V) => Synchronous<R>) { return stream.mapValues(mapper); }
    derived(orders, ({ amount }) => amount).mapValues((amount) => amount + 1);
    function tagged<V>(stream: KStream<string, V>) { return stream.filter((key) => key !== '').peek((key) => key); }
    tagged(orders).mapValues(({ amount }) => amount);`,
  'mappers whose types are not known':
    "words.mapValues((value) => JSON.parse(value)).mapValues((value): unknown => value).to('out', { value: jsonSerde<unknown>() });",
  'values that are unions':
    "words.mapValues((value) => (value === '' ? { kind: 'empty' as const } : { kind: 'text' as const, value })).filter((_key, { kind }) => kind === 'text');",
  'JSON of every kind': `
    interface Tree { readonly name: string; readonly children: readonly Tree[]; readonly note?: string; readonly extra: unknown }
    jsonSerde<Tree>(); jsonSerde<Record<string, readonly [number, string?]>>(); jsonSerde<string | null>(); jsonSerde<true>();
    jsonSerde(); jsonSerde<Windowed<string>>(); jsonSerde<{ readonly a: 'x' } | { readonly b: Tree }>();
    const tree: Serde<Tree | null> = jsonSerde();
    function topic<T extends Json<T>>(name: string) { return { name, serde: jsonSerde<T>() }; }
    topic<Tree>('trees');`,
  'a serde that is a class': `
    class Upper implements Serde<string> {
      readonly format = 'upper';
      serialize(_topic: string, value: string) { return Buffer.from(value.toUpperCase()); }
      deserialize(_topic: string, bytes: Buffer, start: number, end: number) { return bytes.toString('utf8', start, end); }
    }
    words.to('out', { value: new Upper() });`,
  'durations of every kind': `
    const durations: Duration[] = [500, '500ms', '20s', '5m', '1h', '1 day', '2 weeks', '1.5 h', \`\${3}s\`];
    const text: string = '1m';
    TimeWindows.ofSizeWithNoGrace(toMilliseconds(text, 'the size'));`,
  'keys and values that are one of a few texts': `
    type Level = 'high' | 'low';
    const levels = numbers.mapValues((value): Level => (value > 5 ? 'high' : 'low'));
    levels.to('out', { value: stringSerde });
    levels.groupBy((_key, level) => level, { key: stringSerde }).count().toStream().to('out');
    levels.selectKey((_key, level) => level).groupByKey({ key: stringSerde }).count();
    numbers.mapValues((value) => (value > 5 ? 'high' : 'low')).groupByKey({ value: stringSerde }).reduce((_a, b) => b);
    numbers.groupBy(() => 'all', { key: stringSerde }).reduce((a, b) => a + b);
    words.groupByKey().aggregate({ initializer: () => 0, add: (_key, _value, sum) => sum + 1, merge: (a, b) => a + b }, { value: numberSerde });`,
  'an application': `
    const config: StreamsConfig = {
      applicationId: 'a', log, commitInterval: '1s', idle: 'never', maxHoldBack: '5m', maxTimeAhead: 'never', autoOffsetReset: 'latest',
      processingExceptionHandler: (error: Error, { node }: ErrorContext) => (error.message === node ? 'continue' : 'fail'),
    };
    const streams = new Streams(builder.build(), config);
    streams.onStateChange((state) => { if (state === 'ERROR') console.error(streams.failure); });`,
  'two topics as one stream': "builder.stream(['a', 'b'], { ...STRINGS, nulls: 'skip' }).merge(words).to('out');",
  'a test': `
    void (async () => {
      const input = driver.createInputTopic('in', STRINGS);
      await input.pipeInput('k', 'v', 5);
      await input.pipeInput('k', null);
      const { value } = await driver.createOutputTopic('out', NUMBERS).readRecord();
      return (value ?? 0) + 1;
    });`,
};
