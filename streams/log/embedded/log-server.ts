import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { PartitionBatches } from '../buffered-transaction.js';
import { LogError, type TopicConfig } from '../log.js';
import { checkBatch } from '../record-batch.js';
import { EmbeddedConsumer } from './embedded-consumer.js';
import type { EmbeddedLog } from './embedded-log.js';
import { encodeFrame, FrameReader } from './frames.js';
import {
  type LogRequest,
  type LogResponse,
  type LogResponses,
  PROTOCOL_VERSION,
  requestSchema,
  type TopicSizes,
} from './log-protocol.js';
import { socketPaths } from './log-socket.js';

/** A request with a record larger than this is refused. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
/** The owner holds a client's transaction in memory until it is committed. */
const MAX_STAGED_BYTES = 512 * 1024 * 1024;
const MAX_READ_BYTES = 8 * 1024 * 1024;
const MAX_WAIT_MS = 30_000;
/** A client that asks for more than it reads is not listened to until it has. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;
const MAX_REQUESTS_AT_ONCE = 64;

/** Lets other processes of this machine use the log of this one, over a Unix domain socket or a named pipe. */
export class LogServer {
  readonly #log: EmbeddedLog;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();

  private constructor(log: EmbeddedLog) {
    this.#log = log;
    this.#server = createServer((socket) => {
      const connection = new Connection(this.#log, socket, () => this.#connections.delete(connection));
      this.#connections.add(connection);
    });
    this.#server.unref();
  }

  /** @throws LogError LOG_IO when there is nowhere to listen */
  static async listen(log: EmbeddedLog, directory: string): Promise<LogServer> {
    const paths = socketPaths(directory);
    let cause: unknown;
    for (const path of paths) {
      const server = new LogServer(log);
      try {
        await server.#listen(path);
        return server;
      } catch (error) {
        cause = error;
      }
    }
    throw new LogError(
      'LOG_IO',
      `cannot make a socket for other processes at ${paths.join(' or ')}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }

  /** Tells the clients. */
  topicsChanged(): void {
    for (const connection of this.#connections) connection.sendTopics();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #listen(path: string): Promise<void> {
    const isFile = process.platform !== 'win32';
    // Whoever holds LevelDB's lock is alone with the directory: what lies here is left from a process that is gone.
    if (isFile) await rm(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    // Failing to accept one connection must not end the owner.
    this.#server.on('error', (error) => process.emitWarning(error));
    if (isFile) await chmod(path, 0o600);
  }
}

interface Staged {
  readonly appends: PartitionBatches[];
  bytes: number;
  error: unknown;
}

/** One client. Whatever it sends, the worst that happens is that it is disconnected. */
class Connection {
  readonly #log: EmbeddedLog;
  readonly #socket: Socket;
  readonly #frames = new FrameReader(MAX_REQUEST_BYTES);
  readonly #staged = new Map<number, Staged>();
  readonly #consumers = new Set<EmbeddedConsumer>();
  readonly #claims = new Map<string, () => Promise<void>>();
  #stagedBytes = 0;
  #running = 0;

  constructor(log: EmbeddedLog, socket: Socket, onClose: () => void) {
    this.#log = log;
    this.#socket = socket;
    socket.unref();
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#resumeWhenQuiet());
    // 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#staged.clear();
      for (const consumer of this.#consumers) void consumer.close();
      for (const release of this.#claims.values()) void release();
      onClose();
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  sendTopics(): void {
    void this.#topics().then(
      (topics) => this.#send(0, { topics }),
      // The log is being closed, and so is this.
      () => this.destroy(),
    );
  }

  #receive(chunk: Buffer): void {
    try {
      for (const { id, message, bytes } of this.#frames.push(chunk)) this.#serve(id, message, bytes);
    } catch (error) {
      this.#send(0, errorResponse(error));
      this.#socket.destroySoon();
    }
  }

  #serve(id: number, message: unknown, bytes: Buffer): void {
    const parsed = requestSchema.safeParse(message);
    if (!parsed.success) {
      this.#send(id, errorResponse(new Error(`a request that is not known: ${parsed.error.message}`)));
      return;
    }
    if (parsed.data.op === 'stage') {
      this.#stage(parsed.data, bytes);
      return;
    }
    this.#running++;
    if (this.#running >= MAX_REQUESTS_AT_ONCE) this.#socket.pause();
    this.#answer(id, parsed.data)
      .catch((error: unknown) => this.#send(id, errorResponse(error)))
      .finally(() => {
        this.#running--;
        this.#resumeWhenQuiet();
      });
  }

  async #answer(id: number, request: Exclude<LogRequest, { op: 'stage' }>): Promise<void> {
    switch (request.op) {
      case 'hello': {
        if (request.version !== PROTOCOL_VERSION) {
          throw new LogError(
            'LOG_LOCKED',
            `the directory ${this.#log.location} is in use by another version of millrace; stop that one first`,
          );
        }
        return this.#reply<'hello'>(id, { topics: await this.#topics() });
      }
      case 'ensureTopic':
        await this.#log.ensureTopic(request.topic, request.config as TopicConfig);
        return this.#reply<'ensureTopic'>(id, { topics: await this.#topics() });
      case 'offsets': {
        const [startOffset, endOffset] = await Promise.all([
          this.#log.startOffset(request.topicPartition),
          this.#log.endOffset(request.topicPartition),
        ]);
        return this.#reply<'offsets'>(id, { startOffset, endOffset });
      }
      case 'committed':
        return this.#reply<'committed'>(id, {
          committed: await this.#log.committed(request.group, request.topicPartition),
        });
      case 'claim': {
        const release = await this.#log.claim(request.group);
        this.#claims.set(request.group, release);
        // It may have gone meanwhile.
        if (this.#socket.destroyed) await release();
        return this.#reply<'claim'>(id, null);
      }
      case 'release':
        await this.#claims.get(request.group)?.();
        this.#claims.delete(request.group);
        return this.#reply<'release'>(id, null);
      case 'deleteRecords':
        await this.#log.deleteRecords(request.topicPartition, request.beforeOffset);
        return this.#reply<'deleteRecords'>(id, null);
      case 'read':
        return this.#read(id, request);
      case 'commit':
        return this.#commit(id, request);
    }
  }

  async #read(id: number, { positions, maxWaitMs }: LogRequest & { op: 'read' }): Promise<void> {
    const consumer = new EmbeddedConsumer(this.#log, { maxBytes: MAX_READ_BYTES });
    this.#consumers.add(consumer);
    try {
      for (const { topic, partition, offset } of positions) consumer.assign({ topic, partition }, offset);
      const cursors = await consumer.poll(Math.min(maxWaitMs, MAX_WAIT_MS));
      const batches = cursors.map(({ topic, partition, baseOffset, bytes }) => ({
        topic,
        partition,
        baseOffset,
        sizeBytes: bytes.length,
      }));
      this.#reply<'read'>(
        id,
        { batches },
        cursors.map(({ bytes }) => bytes),
      );
    } finally {
      this.#consumers.delete(consumer);
      await consumer.close();
    }
  }

  #stage({ transaction, batches }: LogRequest & { op: 'stage' }, bytes: Buffer): void {
    const staged = this.#staged.get(transaction) ?? { appends: [], bytes: 0, error: undefined };
    this.#staged.set(transaction, staged);
    if (staged.error !== undefined) return;
    staged.bytes += bytes.length;
    this.#stagedBytes += bytes.length;
    try {
      if (this.#stagedBytes > MAX_STAGED_BYTES) {
        throw new LogError('LOG_IO', `a transaction of more than ${MAX_STAGED_BYTES} bytes; commit more often`);
      }
      let at = 0;
      for (const { topic, partition, sizeBytes } of batches) {
        this.#log.requirePartition(topic, partition);
        const batch = bytes.subarray(at, at + sizeBytes);
        at += sizeBytes;
        const count = checkBatch(topic, partition, batch);
        staged.appends.push({ topic, partition, batches: [{ bytes: batch, count }] });
      }
    } catch (error) {
      // It is told when the transaction is to be committed; until then its bytes need not be held.
      staged.error = error;
      staged.appends.length = 0;
    }
  }

  async #commit(id: number, { transaction, offsets }: LogRequest & { op: 'commit' }): Promise<void> {
    const staged = this.#staged.get(transaction);
    this.#staged.delete(transaction);
    this.#stagedBytes -= staged?.bytes ?? 0;
    if (staged?.error !== undefined) throw staged.error;
    for (const { topicPartition } of offsets) {
      this.#log.requirePartition(topicPartition.topic, topicPartition.partition);
    }
    const appends = staged?.appends ?? [];
    const result = await this.#log.commitBatches(appends, offsets);
    const ends = new Map<string, { topic: string; partition: number; endOffset: number }>();
    for (const { topic, partition } of appends) {
      const endOffset = result.endOffset(topic, partition);
      if (endOffset !== undefined) ends.set(`${topic}-${partition}`, { topic, partition, endOffset });
    }
    this.#reply<'commit'>(id, { endOffsets: [...ends.values()] });
  }

  async #topics(): Promise<TopicSizes> {
    const topics = await this.#log.topics();
    return Object.fromEntries(
      await Promise.all(topics.map(async (topic) => [topic, (await this.#log.partitions(topic)) ?? 0] as const)),
    );
  }

  #reply<Op extends keyof LogResponses>(id: number, ok: LogResponses[Op], bytes: readonly Buffer[] = []): void {
    this.#send(id, { ok }, bytes);
  }

  #send(id: number, response: LogResponse, bytes: readonly Buffer[] = []): void {
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    for (const part of encodeFrame(id, response, bytes)) this.#socket.write(part);
    this.#socket.uncork();
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#socket.pause();
  }

  #resumeWhenQuiet(): void {
    if (this.#running < MAX_REQUESTS_AT_ONCE && this.#socket.writableLength <= MAX_UNSENT_BYTES) this.#socket.resume();
  }
}

function errorResponse(error: unknown): LogResponse {
  const code = error instanceof LogError ? error.code : 'LOG_IO';
  return { error: { code, message: error instanceof Error ? error.message : String(error) } };
}
