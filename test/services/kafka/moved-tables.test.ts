import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { KafkaLog } from '@millrace/streams/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogConsumer } from '../../../streams/log/log.js';
import { partitionForString } from '../../../streams/log/partitioner.js';
import { temporaryDirectory } from '../../integration/millrace.js';
import { type Child, type CompiledLog, compileLog } from '../../unit/streams/log/embedded/child-process.js';
import { until } from '../../until.js';
import { type Services, startServices, whyNoServices } from '../services.js';

const PARTITIONS = 3;
const CUSTOMERS = Array.from({ length: 40 }, (_, i) => `customer-${i}`);
const REGIONS = ['north', 'east', 'south', 'west', 'sea'];
const PAGES = ['home', 'cart', 'help'];
const TOPICS = ['titles', 'regions', 'customers', 'views', 'titled', 'located', 'seconds', 'near'];
const OUTPUTS = ['titled', 'located', 'seconds', 'near'] as const;
type Output = (typeof OUTPUTS)[number];
/** Records are out of order by less: by twelve steps of the following at most. */
const GRACE_MS = 10_000;
const LATE_STEP_MS = 460;
const SIZE_MS = 4_000;
const DIFFERENCE_MS = 2_000;
const START = 1_000_000;
const END = 'end';

/** Says each row of `titles` whose key is a mark, once it has all that is before it. At the mark `end` it drains. */
const APPLICATION = `
  import {
    BufferConfig, SlidingWindows, Streams, StreamsBuilder, stringSerde, Suppressed, TimeWindows,
  } from './streams/index.js';
  import { KafkaLog } from './streams/kafka.js';
  const [brokers, app, stateDirectory] = process.argv.slice(1);
  const strings = { key: stringSerde, value: stringSerde };
  const topic = (name) => app + '-' + name;
  const builder = new StreamsBuilder();
  const titles = builder.globalTable(topic('titles'), strings, { name: 'titles' });
  const regions = builder.table(topic('regions'), strings, { name: 'regions' });
  const customers = builder.table(topic('customers'), strings, { name: 'customers' });
  const views = builder.stream(topic('views'), strings);
  views
    .leftJoin(titles, (user, page) => page.split('#')[0], (view, title) => view + '/' + title)
    .to(topic('titled'), strings);
  customers
    .leftJoin(regions, (customer) => customer.split(':')[0] || null, (customer, region) => customer + '/' + region,
      { name: 'located', value: stringSerde })
    .toStream()
    .to(topic('located'), strings);
  const grouped = views.groupByKey();
  grouped
    .windowedBy(TimeWindows.ofSizeAndGrace(${SIZE_MS}, ${GRACE_MS}))
    .count({ name: 'seconds' })
    .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()), { name: 'final-seconds' })
    .toStream()
    .map(({ key, window }, count) => [key, window.start + ': ' + count])
    .to(topic('seconds'), strings);
  grouped
    .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(${DIFFERENCE_MS}, ${GRACE_MS}))
    .emitStrategy('onWindowClose')
    .reduce((all, view) => [...all.split(' '), view].sort().join(' '), { name: 'near' })
    .toStream()
    .map(({ key, window }, all) => [key, window.start + ': ' + all])
    .to(topic('near'), strings);

  const log = await KafkaLog.open({ brokers });
  const streams = new Streams(builder.build(), { applicationId: app, log, stateDirectory, commitInterval: 50 });
  let stopping = false;
  process.once('SIGTERM', () => { stopping = true; });
  await streams.start();
  const told = new Set();
  let isAssigned = false;
  while (!stopping) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!isAssigned && streams.state === 'RUNNING') {
      isAssigned = true;
      console.log('running;');
    }
    try {
      for await (const [key] of streams.store('titles').range('mark-', 'mark-~')) {
        if (told.has(key)) continue;
        told.add(key);
        console.log(key + ';');
      }
    } catch (error) {
      if (error.code !== 'NOT_AVAILABLE') throw error;
    }
    if (told.has('mark-end') && !told.has('drained')) {
      await streams.drain();
      told.add('drained');
      console.log('drained;');
    }
  }
  await streams.close();
  await log.close();
`;

const reason = await whyNoServices(['kafka']);

describe.skipIf(reason)(
  'an application with tables and windows, of which processes are killed, stopped and started',
  () => {
    let services: Services;
    let compiled: CompiledLog;
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let log: KafkaLog;
    const app = `t${randomUUID()}`;

    beforeAll(async () => {
      services = await startServices(['kafka']);
      [compiled, directory] = await Promise.all([compileLog(), temporaryDirectory()]);
      log = await KafkaLog.open({ brokers: services.addresses.brokers });
      // Results keep their records' times where nothing is deleted by them.
      for (const topic of TOPICS) await log.ensureTopic(`${app}-${topic}`, { partitions: PARTITIONS, retentionMs: -1 });
    });
    afterAll(async () => {
      await compiled?.remove();
      await log?.close();
      await services?.close();
      await directory?.remove();
    });

    /** A process with a state directory of its own; resolves when it has partitions. */
    async function start(): Promise<Child> {
      const state = join(directory.path, randomUUID());
      const child = compiled.start(APPLICATION, services.addresses.brokers, app, state);
      await child.line('running;');
      return child;
    }

    async function kill(child: Child): Promise<void> {
      child.process.kill('SIGKILL');
      await child.exited();
    }

    async function stop(child: Child): Promise<void> {
      child.process.kill('SIGTERM');
      await child.exited();
      expect(child.process.exitCode, child.errors()).toBe(0);
    }

    /** Records of one topic, as of the keys' partitions, in one transaction. */
    async function put(topic: string, rows: Iterable<readonly [key: string, value: string | null, time: number]>) {
      const transaction = log.transaction();
      for (const [key, value, time] of rows) {
        const bytes = value === null ? null : Buffer.from(value);
        transaction.append(`${app}-${topic}`, partitionForString(key, PARTITIONS), time, Buffer.from(key), bytes);
      }
      await transaction.commit();
    }

    const expected: Record<Output, string[]> = { titled: [], located: [], seconds: [], near: [] };
    const titles = new Map<string, string>();
    const regions = new Map<string, { readonly value: string; readonly time: number }>();
    const customers = new Map<string, { readonly value: string; readonly region: string }>();
    const views: { readonly key: string; readonly value: string; readonly time: number }[] = [];
    let step = 0;

    /** Gives each page a title, and resolves when all processes have it. */
    async function entitle(processes: readonly Child[]): Promise<void> {
      step++;
      for (const page of PAGES) titles.set(page, `${page} of ${step}`);
      // Each partition of the topic is read at its own pace: the last row of each is a mark.
      const marks = Array.from({ length: PARTITIONS }, (_, partition) => keyIn(partition, `mark-${step}-`));
      await put(
        'titles',
        [...titles, ...marks.map((mark) => [mark, ''] as const)].map(([key, value]) => [key, value, step] as const),
      );
      await Promise.all(processes.flatMap((child) => marks.map((mark) => child.line(`${mark};`))));
    }

    /** Each of the customers gets a region, or goes. */
    async function move(chosen: readonly string[]): Promise<void> {
      step++;
      const rows = chosen.map((key, i): readonly [string, string | null, number] => {
        const time = START + step * 1000 + i;
        if (i % 7 === step % 7 && customers.delete(key)) {
          expected.located.push(said(key, null, time));
          return [key, null, time];
        }
        const region = REGIONS[(i * 3 + step) % REGIONS.length] as string;
        const value = `${region}:${step}`;
        customers.set(key, { value, region });
        expected.located.push(said(key, `${value}/${regions.get(region)?.value ?? null}`, time));
        return [key, value, time];
      });
      await put('customers', rows);
    }

    /** Each region changes, and one of them goes. */
    async function rename(): Promise<void> {
      step++;
      const rows = REGIONS.map((region, i): readonly [string, string | null, number] => {
        const time = START + step * 1000 + i;
        const value = i === step % REGIONS.length && regions.delete(region) ? null : `${region} of ${step}`;
        if (value !== null) regions.set(region, { value, time });
        for (const [key, customer] of customers) {
          if (customer.region === region) expected.located.push(said(key, `${customer.value}/${value}`, time));
        }
        return [region, value, time];
      });
      await put('regions', rows);
    }

    /** So many views, of which each moves time by 10 ms. */
    async function view(count: number): Promise<void> {
      const rows = Array.from({ length: count }, () => {
        const n = views.length;
        const page = PAGES[n % PAGES.length] as string;
        const key = CUSTOMERS[(n * 17) % CUSTOMERS.length] as string;
        const [value, time] = [`${page}#${n}`, START + n * 10 + ((n * 7919) % 13) * LATE_STEP_MS];
        views.push({ key, value, time });
        expected.titled.push(said(key, `${value}/${titles.get(page) ?? null}`, time));
        return [key, value, time] as const;
      });
      await put('views', rows);
    }

    /** Each window that holds a record of its key: tumbling ones, and those that sliding over the records makes. */
    function expectWindows(): void {
      for (const key of CUSTOMERS) {
        const ofKey = views.filter((one) => one.key === key);
        const within = (from: number, to: number) => ofKey.filter(({ time }) => time >= from && time <= to);
        const latest = (some: typeof ofKey) => Math.max(...some.map(({ time }) => time));
        for (const start of new Set(ofKey.map(({ time }) => time - (time % SIZE_MS)))) {
          const inside = within(start, start + SIZE_MS - 1);
          expected.seconds.push(said(key, `${start}: ${inside.length}`, latest(inside)));
        }
        for (const start of new Set(ofKey.flatMap(({ time }) => [time - DIFFERENCE_MS, time + 1]))) {
          const inside = within(start, start + DIFFERENCE_MS);
          if (inside.length === 0) continue;
          const all = inside.map(({ value }) => value).sort();
          expected.near.push(said(key, `${start}: ${all.join(' ')}`, latest(inside)));
        }
      }
    }

    it('gives the results of one that never stopped', async () => {
      const outputs = new Outputs(log, app);
      const caughtUp = () =>
        outputs.reach(
          (found) => found.titled.length >= expected.titled.length && found.located.length >= expected.located.length,
        );
      const half = CUSTOMERS.filter((_, i) => i % 2 === 0);

      const [first, second] = await Promise.all([start(), start()]);
      await entitle([first, second]);
      await move(CUSTOMERS);
      await view(300);
      await caughtUp();
      await rename();
      await view(300);
      await kill(first);
      await caughtUp();

      const third = await start();
      await move(half);
      await view(300);
      await stop(second);
      await caughtUp();
      await entitle([third]);
      await rename();
      await view(300);
      const fourth = await start();
      await caughtUp();
      await move(CUSTOMERS);
      await view(300);
      await kill(third);
      await caughtUp();

      await put('titles', [['mark-end', '', 0]]);
      await fourth.line('drained;');
      await stop(fourth);
      expectWindows();
      const found = await outputs.end();
      for (const output of OUTPUTS) expect(found[output].sort(), output).toEqual(expected[output].sort());
    });
  },
);

/** What comes out of the application, in the order of each partition. */
class Outputs {
  readonly #log: KafkaLog;
  readonly #app: string;
  readonly #consumer: LogConsumer;
  readonly #found: Record<Output, string[]> = { titled: [], located: [], seconds: [], near: [] };
  /** Of so many partitions the end was read. */
  #ended = 0;

  constructor(log: KafkaLog, app: string) {
    this.#log = log;
    this.#app = app;
    this.#consumer = log.consumer();
    for (const output of OUTPUTS) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        this.#consumer.assign({ topic: `${app}-${output}`, partition }, 0);
      }
    }
  }

  /** Reads until it is so. */
  async reach(isThere: (found: Record<Output, string[]>) => boolean): Promise<void> {
    const read = () => OUTPUTS.reduce((sum, output) => sum + this.#found[output].length, 0);
    await until(
      async () => {
        await this.#read();
        return isThere(this.#found);
      },
      { progress: read, patienceMs: 90_000 },
    );
  }

  /** Reads all that is there, when nobody writes any more. */
  async end(): Promise<Record<Output, string[]>> {
    const transaction = this.#log.transaction();
    for (const output of OUTPUTS) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        transaction.append(`${this.#app}-${output}`, partition, 0, Buffer.from(END), null);
      }
    }
    await transaction.commit();
    await this.reach(() => this.#ended === OUTPUTS.length * PARTITIONS);
    await this.#consumer.close();
    return this.#found;
  }

  async #read(): Promise<void> {
    for (const cursor of await this.#consumer.poll(50)) {
      const output = cursor.topic.slice(this.#app.length + 1) as Output;
      while (cursor.next()) {
        const { keyBytes, keyEnd, keyStart, timestamp, valueBytes, valueEnd, valueStart } = cursor;
        const key = keyBytes.toString('utf8', keyStart, keyEnd);
        if (key === END) this.#ended++;
        else {
          const value = valueStart < 0 ? null : valueBytes.toString('utf8', valueStart, valueEnd);
          this.#found[output].push(said(key, value, timestamp));
        }
      }
    }
  }
}

function said(key: string, value: string | null, time: number): string {
  return `${key} ${value} @${time}`;
}

/** A key that begins so, in the partition. */
function keyIn(partition: number, start: string): string {
  for (let i = 0; ; i++) {
    const key = `${start}${i}`;
    if (partitionForString(key, PARTITIONS) === partition) return key;
  }
}
