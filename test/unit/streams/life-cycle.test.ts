import { afterEach, beforeEach, expect, it } from 'vitest';
import { Streams, StreamsBuilder, type StreamsConfig, stringSerde, type Topology } from '../../../streams/index.js';
import { EmbeddedLog } from '../../../streams/log/embedded/embedded-log.js';

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

async function append(value: string): Promise<void> {
  const transaction = log.transaction();
  transaction.append('in', 0, 1, Buffer.from('k'), Buffer.from(value));
  await transaction.commit();
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((done) => setTimeout(done, 2));
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

it('a failure that nobody hears of is said', async () => {
  const streams = new Streams(topology(), { applicationId: 'app', log, commitInterval: 1 });
  await streams.start();
  await append('bad');
  await until(() => streams.state === 'ERROR');
  await expect(streams.close()).rejects.toThrow('boom');
  expect(warnings.join()).toContain(
    'the application "app" has failed, and does nothing more: cannot process the record',
  );
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
  expect(() => new Streams(topology(), config)).toThrow('there is no option "stateDir"; there are applicationId, auto');
});

it('a topology that reads nothing is refused', () => {
  expect(() => new Streams(new StreamsBuilder().build(), { applicationId: 'app', log })).toThrow('reads no topic');
});
