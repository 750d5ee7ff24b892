import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type MillraceError,
  numberSerde,
  Streams,
  StreamsBuilder,
  type StreamsConfig,
  stringSerde,
  type Topology,
} from '../../../streams/index.js';
import { EmbeddedLog } from '../../../streams/log/embedded/embedded-log.js';
import { type CompiledLog, compileLog } from './log/embedded/child-process.js';
import { memberLog } from './runtime/group-log.js';

const STRINGS = { key: stringSerde, value: stringSerde };

let log: EmbeddedLog;
let warnings: string[];
const listener = ({ message }: Error) => warnings.push(message);

beforeEach(async () => {
  log = await EmbeddedLog.inMemory();
  for (const topic of ['in', 'out']) await log.ensureTopic(topic, { partitions: 1 });
  warnings = [];
  process.on('warning', listener);
});

afterEach(async () => {
  process.off('warning', listener);
  await log.close();
});

function topology(): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('in', STRINGS)
    .mapValues((value) => {
      if (value === 'bad') throw new Error('boom');
      return value;
    })
    .to('out', STRINGS);
  return builder.build();
}

async function append(value: string, topic = 'in'): Promise<void> {
  const transaction = log.transaction();
  transaction.append(topic, 0, 1, Buffer.from('k'), Buffer.from(value));
  await transaction.commit();
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((done) => setTimeout(done, 2));
}

async function readCounts(): Promise<number[]> {
  const consumer = log.consumer();
  consumer.assign({ topic: 'out', partition: 0 }, 0);
  const end = await log.endOffset({ topic: 'out', partition: 0 });
  const counts: number[] = [];
  while (counts.length < end) {
    for (const cursor of await consumer.poll(10)) {
      while (cursor.next()) {
        counts.push(numberSerde.deserialize('out', cursor.valueBytes, cursor.valueStart, cursor.valueEnd));
      }
    }
  }
  await consumer.close();
  return counts;
}

it('two drains at a time both end', async () => {
  const streams = new Streams(topology(), { applicationId: 'app', log });
  await streams.start();
  await append('x');
  await Promise.all([streams.drain(), streams.drain(), streams.drain({ keepOpen: true })]);
  expect(await log.endOffset({ topic: 'out', partition: 0 })).toBe(1);
  const waiting = [streams.drain(), streams.drain()].map((drain) => drain.catch(({ message }: Error) => message));
  await append('bad');
  await streams.close().catch(() => {});
  for (const outcome of await Promise.all(waiting)) expect([undefined, expect.anything()]).toContainEqual(outcome);
});

it.each(['RUNNING', 'ERROR'])('a listener that fails at %s changes nothing, and is told', async (at) => {
  const streams = new Streams(topology(), { applicationId: 'app', log, commitInterval: 1 });
  streams.onStateChange((state) => {
    if (state === at) throw new Error('of the listener');
  });
  await streams.start();
  await append('bad');
  await until(() => streams.state === 'ERROR');
  await expect(streams.close()).rejects.toThrow('boom');
  expect(warnings.join()).toContain(`a listener of the application "app" failed at ${at}: of the listener`);
});

/** The program of a user whose operator throws, and who hears of it in one of several ways, or does not. */
const FAILING = `
import { Streams, StreamsBuilder, stringSerde } from './streams/index.js';
import { EmbeddedLog } from './streams/log/embedded/embedded-log.js';
const [kind] = process.argv.slice(1);
const strings = { key: stringSerde, value: stringSerde };
const log = await EmbeddedLog.inMemory();
for (const topic of ['in', 'out']) await log.ensureTopic(topic, { partitions: 1 });
const builder = new StreamsBuilder();
builder.stream('in', strings).mapValues(() => { throw new Error('boom'); }).to('out', strings);
const heard = (error) => console.log('heard: ' + error.cause.message);
const streams = new Streams(builder.build(), {
  applicationId: 'app',
  log,
  ...(kind === 'handler' && { uncaughtExceptionHandler: (error) => { heard(error); return 'shutdown-client'; } }),
});
if (kind === 'listener') streams.onStateChange((state) => { if (state === 'ERROR') heard(streams.failure); });
await streams.start();
const transaction = log.transaction();
transaction.append('in', 0, 1, Buffer.from('k'), Buffer.from('v'));
await transaction.commit();
if (kind === 'server') setInterval(() => {}, 1000);
if (kind === 'drain') await streams.drain().catch(heard);
const failed = async () => { while (streams.state !== 'ERROR') await new Promise((done) => setTimeout(done, 2)); };
if (kind === 'close') { await failed(); await streams.close().catch(heard); }
if (kind === 'failure') { await failed(); heard(streams.failure); }
`;

describe('a failure', () => {
  let engine: CompiledLog;
  beforeAll(async () => {
    engine = await compileLog();
  });
  afterAll(() => engine.remove());

  async function runProgram(kind: string) {
    const child = engine.start(FAILING, kind);
    const [code] = (await once(child.process, 'close')) as [number | null];
    return { code, out: child.lines, told: child.errors() };
  }

  it.each(['script', 'server'])(
    'that nobody hears of is told, and the process ends with code 1: a %s',
    async (kind) => {
      const { code, told } = await runProgram(kind);
      expect(told).toContain('the application "app" has failed, and does nothing more: cannot process the record');
      expect(told).toContain('Error: boom\n');
      expect(told.match(/has failed/g)).toHaveLength(1);
      expect(code).toBe(1);
    },
  );

  it.each(['listener', 'handler', 'close', 'failure', 'drain'])(
    'is told to nobody else where there is a %s',
    async (kind) => {
      expect(await runProgram(kind)).toEqual({ code: 0, told: '', out: ['heard: boom'] });
    },
  );
});

describe('an uncaughtExceptionHandler', () => {
  it('replaces the thread, which goes on from what is committed, with the state and the counts that there are', async () => {
    let failures = 0;
    const states: string[] = [];
    const builder = new StreamsBuilder();
    builder
      .stream('in', { ...STRINGS, nulls: 'skip' })
      .mapValues((value) => {
        if (value === 'bad' && failures < 3) throw new Error('boom');
        return value;
      })
      .groupByKey({ value: stringSerde })
      .count({ name: 'counts' })
      .toStream()
      .to('out', { key: stringSerde, value: numberSerde });
    const streams = new Streams(builder.build(), {
      applicationId: 'app',
      log,
      commitInterval: 1,
      uncaughtExceptionHandler: ({ message }) => {
        expect(message).toContain('boom');
        failures++;
        return 'replace-thread';
      },
    });
    streams.onStateChange((state) => states.push(state));
    await streams.start();
    await append('good');
    await until(() => streams.metrics.commits > 0);
    await append('bad');
    await streams.drain();
    await streams.close();
    expect(failures).toBe(3);
    expect(await readCounts()).toEqual([1, 2]);
    expect(streams.metrics.recordsConsumed).toBeGreaterThanOrEqual(2);
    expect(streams.failure).toBeUndefined();
    expect(states.join(' ')).toBe(
      `REBALANCING ${'RUNNING REBALANCING '.repeat(3)}RUNNING PENDING_SHUTDOWN NOT_RUNNING`,
    );
  });

  it.each(['shutdown-client', 'shutdown-application'] as const)('ends the application: %s', async (response) => {
    const streams = new Streams(topology(), {
      applicationId: 'app',
      log,
      commitInterval: 1,
      uncaughtExceptionHandler: () => response,
    });
    await streams.start();
    await append('bad');
    await until(() => streams.state === 'ERROR');
    await expect(streams.close()).rejects.toMatchObject({ code: 'PROCESSING' });
    expect(warnings).toEqual([]);
  });

  it('shuts down all instances that share the work', async () => {
    await log.ensureTopic('shared', { partitions: 2 });
    const builder = new StreamsBuilder();
    builder
      .stream('shared', STRINGS)
      .filter(() => {
        throw new Error('boom');
      })
      .to('out');
    const instances = [0, 1].map(
      (member) =>
        new Streams(builder.build(), {
          applicationId: 'app',
          log: memberLog(log, member, 2),
          commitInterval: 1,
          uncaughtExceptionHandler: () => 'shutdown-application',
        }),
    );
    for (const instance of instances) await instance.start();
    await append('bad', 'shared');
    await until(() => instances.every(({ state }) => state === 'ERROR'));
    expect(instances.map(({ failure }) => (failure as MillraceError).code)).toEqual(['PROCESSING', 'SHUT_DOWN']);
    await Promise.allSettled(instances.map((instance) => instance.close()));
    // What was asked for before is not for who starts now.
    const next = new Streams(topology(), {
      applicationId: 'app',
      log: memberLog(log, 0, 1),
      uncaughtExceptionHandler: () => 'shutdown-client',
    });
    await next.start();
    await next.drain();
    await next.close();
  });

  it('that fails itself ends the application, and is told', async () => {
    const streams = new Streams(topology(), {
      applicationId: 'app',
      log,
      commitInterval: 1,
      uncaughtExceptionHandler: () => {
        throw new Error('of the handler');
      },
    });
    await streams.start();
    await append('bad');
    await until(() => streams.state === 'ERROR');
    await expect(streams.close()).rejects.toThrow('boom');
    await until(() => warnings.length > 0);
    expect(warnings.join()).toContain('the uncaughtExceptionHandler of the application "app" failed: of the handler');
  });
});

it('what cannot be done in a state has a code', async () => {
  const streams = new Streams(topology(), { applicationId: 'app', log });
  await expect(streams.drain()).rejects.toMatchObject({ code: 'NOT_RUNNING' });
  await streams.start();
  await expect(streams.start()).rejects.toMatchObject({ code: 'ALREADY_STARTED' });
  await streams.close();
  await expect(streams.drain()).rejects.toMatchObject({ code: 'NOT_RUNNING' });
});

it('a failure that somebody listens for is theirs', async () => {
  const streams = new Streams(topology(), { applicationId: 'app', log, commitInterval: 1 });
  streams.onStateChange(() => {});
  await streams.start();
  await append('bad');
  await until(() => streams.state === 'ERROR');
  await expect(streams.close()).rejects.toThrow('boom');
  expect(warnings).toEqual([]);
});

it('an option that there is not is refused', () => {
  const config = { applicationId: 'app', log, stateDir: '/tmp' } as StreamsConfig;
  expect(() => new Streams(topology(), config)).toThrow('there is no option "stateDir"; there are applicationId, appl');
});

it('a topology that reads nothing is refused', () => {
  expect(() => new Streams(new StreamsBuilder().build(), { applicationId: 'app', log })).toThrow('reads no topic');
});
