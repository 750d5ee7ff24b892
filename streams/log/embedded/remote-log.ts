import { connect, type Socket } from 'node:net';
import type { PartitionBatches } from '../buffered-transaction.js';
import {
  type CommitResult,
  type CommittedOffset,
  type GroupOffset,
  type Log,
  type LogConsumer,
  LogError,
  type TopicConfig,
  type TopicPartition,
  type Transaction,
} from '../log.js';
import { BatchCursor } from '../record-batch.js';
import { ConditionalTransaction, type ExpectedEnd } from './conditional-transaction.js';
import { encodeFrame, FrameReader } from './frames.js';
import { closedError } from './level-errors.js';
import {
  type LogRequest,
  type LogResponse,
  type LogResponses,
  PROTOCOL_VERSION,
  type TopicSizes,
} from './log-protocol.js';
import { isOwnSocket, isProof, newNonce, proofOf, readServed, type Served, withSocketPath } from './log-socket.js';
import { RemoteConsumer } from './remote-consumer.js';

/** The owner is trusted; this only keeps nonsense from taking all memory. */
const MAX_RESPONSE_BYTES = 1024 * 1024 * 1024;
/** A busy owner may take a while to answer. */
const MAX_HANDSHAKE_MS = 10_000;
/** A transaction travels in frames of about this size. */
const STAGE_BYTES = 4 * 1024 * 1024;

interface Call {
  resolve(answer: { readonly ok: unknown; readonly bytes: Buffer }): void;
  reject(error: LogError): void;
}

/** The log of a directory that another process of this machine owns, used through that process. */
export class RemoteLog implements Log {
  readonly singleOwner = false;
  readonly location: string;
  readonly #socket: Socket;
  readonly #frames = new FrameReader(MAX_RESPONSE_BYTES);
  readonly #calls = new Map<number, Call>();
  #topics: ReadonlyMap<string, number> = new Map();
  #lastId = 0;
  #lastTransaction = 0;
  #failure: LogError | undefined;

  private constructor(socket: Socket, location: string) {
    this.#socket = socket;
    this.location = location;
    socket.on('data', (chunk) => this.#receive(chunk));
    // 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#fail(ownerGone(location)));
  }

  /**
   * Connects to the process that has the directory open with `serve`.
   *
   * @returns undefined when there is none, or what listens in its place does not know the directory's secret
   * @throws LogError LOG_LOCKED when it is of another version
   */
  static async connect(directory: string): Promise<RemoteLog | undefined> {
    const served = await readServed(directory);
    if (served === undefined || !(await isOwnSocket(directory, served.socket))) return undefined;
    const socket = await withSocketPath(directory, served.socket, connectTo);
    if (socket === undefined) return undefined;
    const log = new RemoteLog(socket, directory);
    // Whoever squats there may also say nothing.
    const timer = setTimeout(() => socket.destroy(), MAX_HANDSHAKE_MS);
    try {
      await log.#shakeHands(served);
      return log;
    } catch (error) {
      socket.destroy();
      if (error instanceof LogError && (error.code === 'LOG_CLOSED' || error.code === 'LOG_IO')) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #shakeHands({ secret }: Served): Promise<void> {
    const nonce = newNonce();
    const { ok } = await this.#call<'hello'>({ op: 'hello', version: PROTOCOL_VERSION, nonce });
    const nonces = [nonce, String(ok?.nonce)] as const;
    if (!isProof(String(ok?.proof), proofOf('owner', secret, nonces))) {
      throw new LogError('LOG_IO', `what listens for ${this.location} is not its owner`);
    }
    const { ok: proven } = await this.#call<'prove'>({ op: 'prove', proof: proofOf('client', secret, nonces) });
    this.#setTopics(proven.topics);
  }

  /** An object would also have "constructor" and other topics that are not there. */
  #setTopics(topics: TopicSizes): void {
    this.#topics = new Map(Object.entries(topics));
  }

  async ensureTopic(topic: string, config: TopicConfig): Promise<void> {
    this.#setTopics((await this.#call<'ensureTopic'>({ op: 'ensureTopic', topic, config })).ok.topics);
  }

  async topics(): Promise<string[]> {
    this.requireOpen();
    return [...this.#topics.keys()].sort();
  }

  async partitions(topic: string): Promise<number | undefined> {
    this.requireOpen();
    return this.#topics.get(topic);
  }

  async startOffset(topicPartition: TopicPartition): Promise<number> {
    return (await this.#call<'offsets'>({ op: 'offsets', topicPartition })).ok.startOffset;
  }

  async endOffset(topicPartition: TopicPartition): Promise<number> {
    return (await this.#call<'offsets'>({ op: 'offsets', topicPartition })).ok.endOffset;
  }

  async committed(group: string, topicPartition: TopicPartition): Promise<CommittedOffset | undefined> {
    return (await this.#call<'committed'>({ op: 'committed', group, topicPartition })).ok.committed;
  }

  async claim(group: string): Promise<() => Promise<void>> {
    await this.#call<'claim'>({ op: 'claim', group });
    return async () => {
      // Where the connection is gone, so is the claim.
      if (this.#failure === undefined) await this.#call<'release'>({ op: 'release', group });
    };
  }

  transaction(): Transaction {
    return new ConditionalTransaction(this);
  }

  consumer(): LogConsumer {
    return new RemoteConsumer(this);
  }

  async deleteRecords(topicPartition: TopicPartition, beforeOffset: number): Promise<void> {
    await this.#call<'deleteRecords'>({ op: 'deleteRecords', topicPartition, beforeOffset });
  }

  async close(): Promise<void> {
    this.#fail(closedError(this.location));
    await new Promise<void>((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once('close', () => resolve()).destroySoon();
    });
  }

  /** @throws LogError LOG_CLOSED */
  requireOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** @throws LogError UNKNOWN_TOPIC */
  requirePartition(topic: string, partition: number): void {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) {
      throw new LogError('UNKNOWN_TOPIC', `there is no topic "${topic}" in ${this.location}`);
    }
    if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return;
    throw new LogError('UNKNOWN_TOPIC', `the topic "${topic}" has partitions 0 to ${partitions - 1}, not ${partition}`);
  }

  async commitBatches(
    appends: readonly PartitionBatches[],
    offsets: readonly GroupOffset[],
    expected: readonly ExpectedEnd[],
  ): Promise<CommitResult> {
    const transaction = ++this.#lastTransaction;
    this.#stage(transaction, appends);
    const { ok } = await this.#call<'commit'>({
      op: 'commit',
      transaction,
      offsets: [...offsets],
      expected: [...expected],
    });
    return {
      endOffset: (topic, partition) =>
        ok.endOffsets.find((end) => end.topic === topic && end.partition === partition)?.endOffset,
    };
  }

  /** One batch at most of each partition; waits until there is one, or for the time. */
  async read(
    positions: readonly (TopicPartition & { readonly offset: number })[],
    maxWaitMs: number,
  ): Promise<BatchCursor[]> {
    const { ok, bytes } = await this.#call<'read'>({ op: 'read', positions: [...positions], maxWaitMs });
    let at = 0;
    return ok.batches.map(({ topic, partition, baseOffset, sizeBytes }) => {
      at += sizeBytes;
      return new BatchCursor(topic, partition, bytes.subarray(at - sizeBytes, at), baseOffset);
    });
  }

  #call<Op extends keyof LogResponses>(
    request: LogRequest & { op: Op },
  ): Promise<{ readonly ok: LogResponses[Op]; readonly bytes: Buffer }> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, {
        resolve: ({ ok, bytes }) => resolve({ ok: ok as LogResponses[Op], bytes }),
        reject,
      });
      this.#send(id, request);
    });
  }

  #stage(transaction: number, appends: readonly PartitionBatches[]): void {
    this.requireOpen();
    let batches: (LogRequest & { op: 'stage' })['batches'] = [];
    let bytes: Buffer[] = [];
    let size = 0;
    const send = () => {
      if (batches.length === 0) return;
      this.#send(0, { op: 'stage', transaction, batches }, bytes);
      batches = [];
      bytes = [];
      size = 0;
    };
    for (const { topic, partition, batches: appended } of appends) {
      for (const batch of appended) {
        batches.push({ topic, partition, sizeBytes: batch.bytes.length });
        bytes.push(batch.bytes);
        size += batch.bytes.length;
        if (size >= STAGE_BYTES) send();
      }
    }
    send();
  }

  #send(id: number, request: LogRequest, bytes: readonly Buffer[] = []): void {
    this.#socket.cork();
    for (const part of encodeFrame(id, request, bytes)) this.#socket.write(part);
    this.#socket.uncork();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const { id, message, bytes } of this.#frames.push(chunk)) {
        const response = message as LogResponse;
        if ('topics' in response) this.#setTopics(response.topics);
        else if ('ok' in response) this.#calls.get(id)?.resolve({ ok: response.ok, bytes });
        else if (id === 0) this.#fail(toLogError(response.error));
        else this.#calls.get(id)?.reject(toLogError(response.error));
        this.#calls.delete(id);
      }
    } catch (cause) {
      this.#fail(new LogError('LOG_IO', `the owner of ${this.location} sent what cannot be read`, { cause }));
      this.#socket.destroy();
    }
  }

  #fail(failure: LogError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#calls.values()) reject(this.#failure);
    this.#calls.clear();
  }
}

/** Undefined when nobody listens there. */
function connectTo(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const failed = () => resolve(undefined);
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

function ownerGone(location: string): LogError {
  return new LogError(
    'LOG_CLOSED',
    `the process that owns the log in ${location} has ended, or closed it; start it, or this one, again`,
  );
}

function toLogError({ code, message }: { readonly code: string; readonly message: string }): LogError {
  return new LogError(code as LogError['code'], message);
}
