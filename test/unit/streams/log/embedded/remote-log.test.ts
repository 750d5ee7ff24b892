import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedLog } from '../../../../../streams/log/embedded/embedded-log.js';
import { encodeFrame, FrameReader } from '../../../../../streams/log/embedded/frames.js';
import { PROTOCOL_VERSION } from '../../../../../streams/log/embedded/log-protocol.js';
import { proofOf, readServed } from '../../../../../streams/log/embedded/log-socket.js';
import { openLog } from '../../../../../streams/log/embedded/open-log.js';
import { RemoteLog } from '../../../../../streams/log/embedded/remote-log.js';
import { RecordBatchBuilder } from '../../../../../streams/log/record-batch.js';
import { append, readRecords } from '../log-contract.js';
import { type CompiledLog, compileLog } from './child-process.js';

const FIRST = { topic: 'topic', partition: 0 };

const OWNER = `
  import { EmbeddedLog } from './streams/log/embedded/embedded-log.js';
  const log = await EmbeddedLog.open({ directory: process.argv[1], serve: true });
  await log.ensureTopic('topic', { partitions: 1 });
  console.log('ready');
  setInterval(() => {}, 60_000);
`;

/** A client that does not keep to the protocol. */
class RawClient {
  readonly #frames = new FrameReader(1_000_000);
  readonly #answers: unknown[] = [];
  readonly #socket: Socket;
  readonly closed: Promise<void>;
  #wake: (() => void) | undefined;

  /** A client that has shown that it may read the directory. */
  static async greeted(directory: string): Promise<RawClient> {
    const client = new RawClient(directory);
    const secret = (await readServed(directory))?.secret ?? '';
    client.send(...encodeFrame(1, { op: 'hello', version: PROTOCOL_VERSION, nonce: 'n' }));
    const { ok } = (await client.answer()) as { ok: { nonce: string } };
    client.send(...encodeFrame(2, { op: 'prove', proof: proofOf('client', secret, ['n', ok.nonce]) }));
    expect(await client.answer()).toMatchObject({ ok: { topics: {} } });
    return client;
  }

  constructor(directory: string) {
    this.#socket = connect(join(directory, 'log.sock'));
    this.#socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.on('data', (chunk) => {
      for (const { message } of this.#frames.push(chunk)) this.#answers.push(message);
      this.#wake?.();
    });
  }

  send(...parts: readonly Buffer[]): void {
    for (const part of parts) this.#socket.write(part);
  }

  async answer(): Promise<unknown> {
    while (this.#answers.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#answers.shift();
  }

  end(): void {
    this.#socket.destroy();
  }
}

describe('a log that another process owns', () => {
  let directory: string;
  let owner: EmbeddedLog;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
    owner = await EmbeddedLog.open({ directory, serve: true });
    await owner.ensureTopic('topic', { partitions: 1 });
  });
  afterEach(async () => {
    await owner.close();
    await rm(directory, { recursive: true });
  });

  it('is the same log for all its users', async () => {
    const [first, second] = await Promise.all([openLog(directory), openLog(directory)]);
    expect(first).toBeInstanceOf(RemoteLog);
    expect(first.singleOwner).toBe(false);
    await append(first, 'topic', 0, ['by the first']);
    await append(owner, 'topic', 0, ['by the owner']);
    await append(second, 'topic', 0, ['by the second']);
    for (const log of [first, second, owner]) {
      const consumer = log.consumer();
      consumer.assign(FIRST, 0);
      const values = (await readRecords(consumer, 3)).map(({ value }) => value);
      expect(values).toEqual(['by the first', 'by the owner', 'by the second']);
    }
    await Promise.all([first.close(), second.close()]);
  });

  it('tells its users of topics that are made later', async () => {
    const [first, second] = await Promise.all([openLog(directory), openLog(directory)]);
    await first.ensureTopic('of-the-first', { partitions: 2 });
    await owner.ensureTopic('of-the-owner', { partitions: 3 });
    await expect.poll(() => second.topics()).toEqual(['of-the-first', 'of-the-owner', 'topic']);
    await append(second, 'of-the-owner', 2, ['x']);
    expect(await owner.endOffset({ topic: 'of-the-owner', partition: 2 })).toBe(1);
    await Promise.all([first.close(), second.close()]);
  });

  it('refuses its users when it is closed, and ends their polls', async () => {
    const log = await openLog(directory);
    const consumer = log.consumer();
    consumer.assign(FIRST, 0);
    const polled = consumer.poll(60_000);
    await Promise.all([owner.close(), expect(polled).rejects.toMatchObject({ code: 'LOG_CLOSED' })]);
    await expect(append(log, 'topic', 0, ['x'])).rejects.toMatchObject({
      code: 'LOG_CLOSED',
      message: expect.stringContaining(directory),
    });
    await log.close();
  });

  it('refuses a user that has closed it', async () => {
    const log = await openLog(directory);
    await log.close();
    await log.close();
    await expect(log.topics()).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    await expect(log.endOffset(FIRST)).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  });

  it('goes on when a user leaves in the middle of what it sends', async () => {
    const client = new RawClient(directory);
    client.send(Buffer.from([0, 0, 1, 0, 0, 0]));
    client.end();
    await client.closed;
    expect(await append(owner, 'topic', 0, ['x'])).toBe(1);
  });

  it.each([
    ['a frame that is too long', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['a frame that is too short', Buffer.alloc(12)],
    ['a message longer than its frame', Buffer.from([0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 9])],
    ['a message that is no JSON', Buffer.from([0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 2, 0x7b, 0x7b])],
  ])('hangs up on %s', async (_, bytes) => {
    const client = new RawClient(directory);
    client.send(bytes);
    expect(await client.answer()).toMatchObject({ error: { code: 'LOG_IO' } });
    await client.closed;
    expect(await append(owner, 'topic', 0, ['x'])).toBe(1);
  });

  it.each([
    null,
    {},
    { op: 'drop' },
    { op: 'read', positions: 'all', maxWaitMs: 0 },
    { op: 'committed', group: 1 },
    { op: 'read', positions: [{ topic: 'nowhere', partition: 0, offset: 0 }], maxWaitMs: 0 },
    {
      op: 'commit',
      transaction: 1,
      offsets: [{ group: 'g', topicPartition: { topic: 'nowhere', partition: 0 } }],
      expected: [],
    },
    { op: 'hello', version: PROTOCOL_VERSION + 1, nonce: 'n' },
    { op: 'committed', group: 'g\0h', topicPartition: FIRST },
    { op: 'read', positions: Array.from({ length: 5000 }, () => ({ ...FIRST, offset: 0 })), maxWaitMs: 0 },
  ])('answers %j with an error, and goes on', async (message) => {
    const client = await RawClient.greeted(directory);
    client.send(...encodeFrame(7, message));
    expect(await client.answer()).toMatchObject({ error: { message: expect.any(String) } });
    client.send(...encodeFrame(8, { op: 'offsets', topicPartition: FIRST }));
    expect(await client.answer()).toEqual({ ok: { startOffset: 0, endOffset: 0 } });
    client.end();
    await client.closed;
  });

  it('takes nothing of a transaction that has a damaged batch', async () => {
    const builder = new RecordBatchBuilder();
    builder.append(1, null, Buffer.from('whole'));
    const whole = builder.finish();
    const cut = Buffer.from(whole.subarray(0, whole.length - 2));
    const batches = [whole, cut].map(({ length }) => ({ ...FIRST, sizeBytes: length }));
    const client = await RawClient.greeted(directory);
    client.send(...encodeFrame(0, { op: 'stage', transaction: 1, batches }, [whole, cut]));
    client.send(...encodeFrame(1, { op: 'commit', transaction: 1, offsets: [], expected: [] }));
    expect(await client.answer()).toMatchObject({ error: { code: 'LOG_CORRUPT' } });
    expect(await owner.endOffset(FIRST)).toBe(0);
    client.end();
    await client.closed;
  });

  it('takes nothing of a transaction whose records have no time, or one of another unit', async () => {
    for (const time of [Number.NaN, Number.NEGATIVE_INFINITY, 1.7e18, 0.5]) {
      const builder = new RecordBatchBuilder();
      builder.append(1, null, Buffer.from('x'));
      const batch = Buffer.from(builder.finish());
      batch.writeDoubleBE(time, 10);
      const client = await RawClient.greeted(directory);
      const batches = [{ ...FIRST, sizeBytes: batch.length }];
      client.send(...encodeFrame(0, { op: 'stage', transaction: 1, batches }, [batch]));
      client.send(...encodeFrame(1, { op: 'commit', transaction: 1, offsets: [], expected: [] }));
      expect(await client.answer()).toMatchObject({
        error: { code: 'LOG_CORRUPT', message: expect.stringContaining('milliseconds since the epoch') },
      });
      client.end();
      await client.closed;
    }
    expect(await owner.endOffset(FIRST)).toBe(0);
  });

  it('answers nobody who does not know the secret of the directory', async () => {
    const stranger = new RawClient(directory);
    stranger.send(...encodeFrame(1, { op: 'offsets', topicPartition: FIRST }));
    expect(await stranger.answer()).toMatchObject({ error: { code: 'LOG_IO' } });
    await stranger.closed;
    const liar = new RawClient(directory);
    liar.send(...encodeFrame(1, { op: 'hello', version: PROTOCOL_VERSION, nonce: 'n' }));
    await liar.answer();
    liar.send(...encodeFrame(2, { op: 'prove', proof: '0'.repeat(64) }));
    expect(await liar.answer()).toMatchObject({ error: { code: 'LOG_LOCKED' } });
    await liar.closed;
    expect(await append(owner, 'topic', 0, ['x'])).toBe(1);
  });

  it('hangs up on a stranger who sends more than a greeting', async () => {
    const stranger = new RawClient(directory);
    stranger.send(Buffer.from([0x03, 0, 0, 0]), Buffer.alloc(100_000));
    await stranger.closed;
    expect(await append(owner, 'topic', 0, ['x'])).toBe(1);
  });

  it('can be read and written by this user alone', async () => {
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of ['served', 'committed', 'log.sock'])
      expect([name, (await stat(join(directory, name))).mode & 0o077]).toEqual([name, 0]);
  });

  it('cannot be opened directly', async () => {
    await expect(EmbeddedLog.open({ directory })).rejects.toMatchObject({ code: 'LOG_LOCKED' });
  });
});

describe('opening a directory', () => {
  let parent: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  });
  afterEach(() => rm(parent, { recursive: true }));

  it('opens it directly when it is free, and serves it to others meanwhile', async () => {
    const first = await openLog(parent, { create: true });
    expect(first).toBeInstanceOf(EmbeddedLog);
    const second = await openLog(parent);
    expect(second).toBeInstanceOf(RemoteLog);
    await second.close();
    await first.close();
  });

  it('makes no log where there is none, unless it is told to', async () => {
    const missing = join(parent, 'missing');
    await expect(openLog(missing)).rejects.toMatchObject({ code: 'LOG_IO', message: expect.stringContaining(missing) });
    await expect(stat(missing)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says that it is in use when its owner does not serve it', async () => {
    const owner = await EmbeddedLog.open({ directory: parent });
    await expect(openLog(parent, { maxWaitMs: 60 })).rejects.toMatchObject({ code: 'LOG_LOCKED' });
    await owner.close();
  });

  it('waits for an owner that is about to close it', async () => {
    const owner = await EmbeddedLog.open({ directory: parent });
    const opened = openLog(parent, { maxWaitMs: 20_000 });
    await owner.close();
    const log = await opened;
    expect(log).toBeInstanceOf(EmbeddedLog);
    await log.close();
  });

  it('finds the owner of a directory whose path is too long for a socket', async () => {
    const directory = join(parent, 'deep'.repeat(20), 'deeper'.repeat(20));
    await mkdir(directory, { recursive: true });
    const owner = await EmbeddedLog.open({ directory, serve: true });
    await owner.ensureTopic('topic', { partitions: 1 });
    const log = await openLog(directory);
    expect(log).toBeInstanceOf(RemoteLog);
    expect(await log.topics()).toEqual(['topic']);
    await log.close();
    await owner.close();
  });

  it('is not fooled by who listens in the place of the owner, and is told nothing by it', {
    timeout: 30_000,
  }, async () => {
    const owner = await EmbeddedLog.open({ directory: parent, serve: true });
    await owner.ensureTopic('topic', { partitions: 1 });
    await rm(join(parent, 'log.sock'));
    const heard: Buffer[] = [];
    const squatter = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => heard.push(chunk));
      // Whatever it answers, it cannot know the proof.
      socket.write(Buffer.concat(encodeFrame(1, { ok: { nonce: 'n', proof: '0'.repeat(64), topics: { topic: 1 } } })));
    });
    await new Promise<void>((resolve) => squatter.listen(join(parent, 'log.sock'), resolve));
    await expect(openLog(parent, { maxWaitMs: 60 })).rejects.toMatchObject({ code: 'LOG_LOCKED' });
    const { secret } = (await readServed(parent)) ?? { secret: '' };
    expect(Buffer.concat(heard).toString()).toContain('hello');
    expect(Buffer.concat(heard).includes(secret)).toBe(false);
    await new Promise((resolve) => squatter.close(resolve));
    await owner.close();
    // The next owner takes its place back.
    const next = await EmbeddedLog.open({ directory: parent, serve: true });
    const log = await openLog(parent);
    expect(log).toBeInstanceOf(RemoteLog);
    await log.close();
    await next.close();
  });

  it.each(['a file', 'a link', 'a directory'])(
    'listens though %s is in the way, and harms nothing else',
    async (what) => {
      const elsewhere = join(parent, 'elsewhere');
      const directory = join(parent, 'log');
      await mkdir(directory);
      await writeFile(elsewhere, 'precious');
      const way = join(directory, 'log.sock');
      if (what === 'a file') await writeFile(way, 'x');
      else if (what === 'a link') await symlink(elsewhere, way);
      else await mkdir(way);
      const owner = await EmbeddedLog.open({ directory, serve: true });
      const log = await openLog(directory);
      expect(log).toBeInstanceOf(RemoteLog);
      await log.close();
      await owner.close();
      expect(await readFile(elsewhere, 'utf8')).toBe('precious');
    },
  );

  it('puts its socket in the place of what an owner left behind', async () => {
    await (await EmbeddedLog.open({ directory: parent })).close();
    await writeFile(join(parent, 'log.sock'), 'stale');
    const owner = await EmbeddedLog.open({ directory: parent, serve: true });
    const log = await openLog(parent);
    expect(log).toBeInstanceOf(RemoteLog);
    await log.close();
    await owner.close();
  });
});

describe('a log whose owner is killed', () => {
  let compiled: CompiledLog;
  let directory: string;

  beforeAll(async () => {
    compiled = await compileLog();
    directory = await mkdtemp(join(tmpdir(), 'millrace-log-'));
  });
  afterAll(async () => {
    await compiled.remove();
    await rm(directory, { recursive: true });
  });

  it('refuses its users, and has a new owner as soon as one comes', { timeout: 30_000 }, async () => {
    const owner = compiled.start(OWNER, directory);
    await owner.line('ready');
    const log = await openLog(directory);
    await append(log, 'topic', 0, ['kept']);
    const consumer = log.consumer();
    consumer.assign(FIRST, 1);
    const polled = expect(consumer.poll(60_000)).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    owner.process.kill('SIGKILL');
    await polled;
    await expect(append(log, 'topic', 0, ['x'])).rejects.toMatchObject({
      code: 'LOG_CLOSED',
      message: expect.stringContaining('owns the log'),
    });
    await log.close();

    // What is left of the first owner's socket is in nobody's way.
    const next = compiled.start(OWNER, directory);
    await next.line('ready');
    const again = await openLog(directory);
    expect(again).toBeInstanceOf(RemoteLog);
    expect(await again.endOffset(FIRST)).toBe(1);
    await again.close();
    next.process.kill('SIGKILL');
    await next.exited();
  });
});
