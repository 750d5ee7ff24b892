import { chmod } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { PartitionBatches } from '../buffered-transaction.js';
import { LogError, type TopicConfig } from '../log.js';
import { checkBatch } from '../record-batch.js';
import { EmbeddedConsumer } from './embedded-consumer.js';
import type { EmbeddedLog } from './embedded-log.js';
import { encodeFrame, FrameError, FrameReader } from './frames.js';
import {
  type LogRequest,
  type LogResponse,
  type LogResponses,
  PROTOCOL_VERSION,
  requestSchema,
  type TopicSizes,
} from './log-protocol.js';
import {
  clearPlace,
  isProof,
  newNonce,
  proofOf,
  removeSocket,
  type Served,
  socketPlaces,
  tellClients,
  withSocketPath,
} from './log-socket.js';

/** A request with a record larger than this is refused. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
/** The owner holds its clients' transactions in memory until they are committed. */
const MAX_STAGED_BYTES = 512 * 1024 * 1024;
const MAX_STAGED_TRANSACTIONS = 1024;
const MAX_CONNECTIONS = 256;
/** How long a client may take to show that it knows the secret, and how much it may send until then. */
const MAX_HANDSHAKE_MS = 10_000;
const MAX_HANDSHAKE_BYTES = 16 * 1024;
const MAX_READ_BYTES = 8 * 1024 * 1024;
const MAX_WAIT_MS = 30_000;
/** A client that asks for more than it reads is not listened to until it has. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;
const MAX_REQUESTS_AT_ONCE = 64;

/** Lets other processes of this machine use the log of this one, over a Unix domain socket or a named pipe. */
export class LogServer {
  readonly #log: EmbeddedLog;
  readonly #directory: string;
  readonly #socket: string;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #staging: Staging = { bytes: 0 };
  #served: Served | undefined;

  private constructor(log: EmbeddedLog, directory: string, socket: string) {
    this.#log = log;
    this.#directory = directory;
    this.#socket = socket;
    this.#server = createServer((client) => {
      const secret = this.#served?.secret;
      if (secret === undefined) {
        client.destroy();
        return;
      }
      const connection = new Connection(this.#log, client, secret, this.#staging, () =>
        this.#connections.delete(connection),
      );
      this.#connections.add(connection);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.unref();
  }

  /** @throws LogError LOG_IO when there is nowhere to listen */
  static async listen(log: EmbeddedLog, directory: string): Promise<LogServer> {
    let cause: unknown;
    for await (const socket of socketPlaces()) {
      const server = new LogServer(log, directory, socket);
      try {
        await server.#listen();
        return server;
      } catch (error) {
        await removeSocket(directory, socket).catch(() => {});
        cause = error;
      }
    }
    throw new LogError(
      'LOG_IO',
      `cannot make a socket for other processes in ${directory}: ${cause instanceof Error ? cause.message : cause}`,
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
    await removeSocket(this.#directory, this.#socket);
  }

  async #listen(): Promise<void> {
    await clearPlace(this.#directory, this.#socket);
    await withSocketPath(this.#directory, this.#socket, async (path) => {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(path, () => {
          this.#server.off('error', reject);
          resolve();
        });
      });
      if (process.platform !== 'win32') await chmod(path, 0o600);
    });
    // Failing to accept one connection must not end the owner.
    this.#server.on('error', (error) => process.emitWarning(error));
    this.#served = await tellClients(this.#directory, this.#socket);
  }
}

/** What all clients together have staged. */
interface Staging {
  bytes: number;
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
  readonly #secret: string;
  readonly #staging: Staging;
  readonly #handshakeTimer: NodeJS.Timeout;
  /** Before the client has shown that it knows the secret: what it may send, and what it has to show. */
  #handshake: { receivedBytes: number; expected: string | undefined } | undefined;
  readonly #staged = new Map<number, Staged>();
  readonly #consumers = new Set<EmbeddedConsumer>();
  readonly #claims = new Map<string, () => Promise<void>>();
  #stagedBytes = 0;
  #running = 0;

  constructor(log: EmbeddedLog, socket: Socket, secret: string, staging: Staging, onClose: () => void) {
    this.#log = log;
    this.#socket = socket;
    this.#secret = secret;
    this.#staging = staging;
    this.#handshake = { receivedBytes: 0, expected: undefined };
    this.#handshakeTimer = setTimeout(() => socket.destroy(), MAX_HANDSHAKE_MS);
    this.#handshakeTimer.unref();
    socket.unref();
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#resumeWhenQuiet());
    // 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(this.#handshakeTimer);
      this.#staged.clear();
      this.#staging.bytes -= this.#stagedBytes;
      this.#stagedBytes = 0;
      for (const consumer of this.#consumers) void consumer.close();
      for (const release of this.#claims.values()) void release();
      onClose();
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  sendTopics(): void {
    if (this.#handshake !== undefined) return;
    void this.#topics().then(
      (topics) => this.#send(0, { topics }),
      // The log is being closed, and so is this.
      () => this.destroy(),
    );
  }

  #receive(chunk: Buffer): void {
    try {
      if (this.#handshake !== undefined) {
        this.#handshake.receivedBytes += chunk.length;
        if (this.#handshake.receivedBytes > MAX_HANDSHAKE_BYTES) throw new FrameError('more than a greeting');
      }
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
    if (this.#handshake !== undefined && !['hello', 'prove'].includes(parsed.data.op)) {
      throw new FrameError(`"${parsed.data.op}" before the client has shown that it may read the directory`);
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
        const nonces = [request.nonce, newNonce()] as const;
        if (this.#handshake !== undefined) this.#handshake.expected = proofOf('client', this.#secret, nonces);
        return this.#reply<'hello'>(id, { nonce: nonces[1], proof: proofOf('owner', this.#secret, nonces) });
      }
      case 'prove': {
        const { expected } = this.#handshake ?? {};
        if (expected === undefined || !isProof(request.proof, expected)) {
          const error = new LogError('LOG_LOCKED', `this client does not know the secret of ${this.#log.location}`);
          this.#send(id, errorResponse(error));
          this.#socket.destroySoon();
          return;
        }
        this.#handshake = undefined;
        clearTimeout(this.#handshakeTimer);
        return this.#reply<'prove'>(id, { topics: await this.#topics() });
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
    if (!this.#staged.has(transaction) && this.#staged.size >= MAX_STAGED_TRANSACTIONS) {
      throw new FrameError(`more than ${MAX_STAGED_TRANSACTIONS} transactions at a time`);
    }
    this.#staged.set(transaction, staged);
    if (staged.error !== undefined) return;
    try {
      if (this.#staging.bytes + bytes.length > MAX_STAGED_BYTES) {
        throw new LogError('LOG_IO', `a transaction of more than ${MAX_STAGED_BYTES} bytes; commit more often`);
      }
      staged.bytes += bytes.length;
      this.#stagedBytes += bytes.length;
      this.#staging.bytes += bytes.length;
      let at = 0;
      for (const { topic, partition, sizeBytes } of batches) {
        this.#log.requirePartition(topic, partition);
        const batch = bytes.subarray(at, at + sizeBytes);
        at += sizeBytes;
        const count = checkBatch(topic, partition, batch);
        staged.appends.push({ topic, partition, batches: [{ bytes: batch, count }] });
      }
    } catch (error) {
      // The commit reports it; until then its bytes need not be held.
      staged.error = error;
      staged.appends.length = 0;
      this.#unstage(staged);
    }
  }

  #unstage(staged: Staged): void {
    this.#stagedBytes -= staged.bytes;
    this.#staging.bytes -= staged.bytes;
    staged.bytes = 0;
  }

  async #commit(id: number, { transaction, offsets, expected }: LogRequest & { op: 'commit' }): Promise<void> {
    const staged = this.#staged.get(transaction);
    this.#staged.delete(transaction);
    if (staged !== undefined) this.#unstage(staged);
    if (staged?.error !== undefined) throw staged.error;
    for (const { topicPartition } of [...offsets, ...expected]) {
      this.#log.requirePartition(topicPartition.topic, topicPartition.partition);
    }
    const appends = staged?.appends ?? [];
    const result = await this.#log.commitBatches(appends, offsets, expected);
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
