import { createServer, type Server, type Socket } from 'node:net';
import { type Message, SyslogFramer } from './framing.js';

/** As many senders at a time. */
const MAX_CONNECTIONS = 1000;
const KEEP_ALIVE_MS = 60_000;

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Takes messages of a peer; resolves when they are durable, and only then more are read. */
export type TakeMessages = (messages: readonly Message[], peer: string) => Promise<void>;

/**
 * Receives syslog over TCP. Nothing is read of a connection until what was read before is durable: a sender that is faster
 * than the log is held up by TCP's window. The protocol has no acknowledgements: what is on its way when a connection
 * breaks is for the sender to send again.
 */
export class SyslogTcpServer {
  readonly port: number;
  readonly #server: Server;
  readonly #connections = new Set<Promise<void>>();
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** @param onFailure told what a batch could not be made durable for: its connection ends. @throws what listening fails with */
  static async listen(
    { host, port }: ListenAddress,
    take: TakeMessages,
    onFailure: (error: Error) => void,
  ): Promise<SyslogTcpServer> {
    const server = createServer({ keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    server.maxConnections = MAX_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const address = server.address();
    const running = new SyslogTcpServer(server, typeof address === 'object' ? (address?.port ?? port) : port);
    server.on('connection', (socket) => running.#receive(socket, take, onFailure));
    return running;
  }

  /** Reads nothing more; resolves when what was read is durable. */
  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#connections);
  }

  #receive(socket: Socket, take: TakeMessages, onFailure: (error: Error) => void): void {
    this.#sockets.add(socket);
    const received = readAll(socket, take).catch((error: Error) => {
      socket.destroy();
      onFailure(error);
    });
    this.#connections.add(received);
    received.finally(() => {
      this.#sockets.delete(socket);
      this.#connections.delete(received);
    });
  }
}

async function readAll(socket: Socket, take: TakeMessages): Promise<void> {
  const peer = socket.remoteAddress ?? 'unknown';
  const framer = new SyslogFramer();
  const pieces = (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (;;) {
    // A sender that goes without a word has sent what it has sent.
    const next = await pieces.next().catch(() => ({ done: true as const, value: undefined }));
    const messages = next.done ? framer.end() : framer.push(next.value);
    if (messages.length > 0) await take(messages, peer);
    if (next.done) return;
  }
}
