import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { HOST } from '../../stack/ports.js';

/** The network between clients and one broker, which can be cut: what is sent arrives only when it is mended. */
export class BrokerProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#connect(client));
  }

  static async listen(target: number): Promise<BrokerProxy> {
    const proxy = new BrokerProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen({ port: 0, host: HOST }, resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Nobody notices but by time-outs: no connection ends, and nothing arrives. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connect(client: Socket): void {
    const broker = connect({ port: this.#target, host: HOST });
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.on('data', (data) => {
        if (!other.write(data)) one.pause();
      });
      other.on('drain', () => {
        if (!this.#isCut) one.resume();
      });
      if (this.#isCut) one.pause();
    }
  }
}
