import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { type Message, some } from './framing.js';
import type { ListenAddress, TakeMessages } from './tcp.js';

/** As much as the kernel gives. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** What waits at most: UDP cannot be held up. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const LOOK_EVERY_MS = 5_000;

/** What was lost since the start, in datagrams. */
export interface UdpLosses {
  /** The kernel had no room; undefined where the system does not tell. */
  readonly kernel: number | undefined;
  /** The log was slower. */
  readonly here: number;
}

/**
 * Receives syslog over UDP, a message a datagram. UDP cannot hold its senders up: what the kernel has no room for is lost,
 * and counted where the system tells.
 */
export class SyslogUdpServer {
  readonly port: number;
  readonly #socket: Socket;
  readonly #take: TakeMessages;
  readonly #onFailure: (error: Error) => void;
  #waiting = new Map<string, Message[]>();
  #waitingBytes = 0;
  #taking: Promise<void> | undefined;
  #lostHere = 0;
  #lostInKernel: number | undefined;
  readonly #timer: NodeJS.Timeout;

  private constructor(socket: Socket, take: TakeMessages, onFailure: (error: Error) => void) {
    this.#socket = socket;
    this.#take = take;
    this.#onFailure = onFailure;
    this.port = socket.address().port;
    socket.on('message', (bytes, { address }) => this.#add(bytes, address));
    socket.on('error', onFailure);
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** @throws what binding fails with */
  static async listen(
    { host, port }: ListenAddress,
    take: TakeMessages,
    onFailure: (error: Error) => void,
  ): Promise<SyslogUdpServer> {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return new SyslogUdpServer(socket, take, onFailure);
  }

  get losses(): UdpLosses {
    this.#look();
    return { kernel: this.#lostInKernel, here: this.#lostHere };
  }

  /** Resolves when what was received is durable. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#look();
    this.#socket.close();
    await this.#taking;
  }

  #add(bytes: Buffer, peer: string): void {
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      this.#lostHere++;
      return;
    }
    this.#waitingBytes += bytes.length;
    const waiting = this.#waiting.get(peer);
    if (waiting === undefined) this.#waiting.set(peer, some(bytes));
    else waiting.push(...some(bytes));
    this.#taking ??= this.#takeAll();
  }

  async #takeAll(): Promise<void> {
    // What has come in this turn goes together.
    await new Promise(setImmediate);
    try {
      while (this.#waiting.size > 0) {
        const waiting = this.#waiting;
        this.#waiting = new Map();
        this.#waitingBytes = 0;
        await Promise.all([...waiting].map(([peer, messages]) => this.#take(messages, peer)));
      }
    } catch (error) {
      this.#onFailure(error as Error);
    } finally {
      this.#taking = undefined;
    }
  }

  #look(): void {
    this.#lostInKernel = kernelDrops(this.port) ?? this.#lostInKernel;
  }
}

/** Datagrams that Linux has dropped for a socket on the port; undefined where there is no telling. */
function kernelDrops(port: number): number | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let drops: number | undefined;
  for (const file of ['/proc/self/net/udp', '/proc/self/net/udp6']) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    for (const line of text.split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(local) === true) drops = (drops ?? 0) + Number(columns.at(-1));
    }
  }
  return drops;
}
