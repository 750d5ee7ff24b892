import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
}

export type Behaviour = (response: ServerResponse, call: Received) => void;

export const ok: Behaviour = (response) => response.writeHead(200).end('ok');
export const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (response) =>
    response.writeHead(code, headers).end('no');
export const hang: Behaviour = () => {};
export const reset: Behaviour = (response) => response.socket?.resetAndDestroy();
export const endless: Behaviour = (response) => {
  const write = () => {
    if (!response.destroyed) response.write('x'.repeat(16_384), () => setImmediate(write));
  };
  write();
};

/** A receiver of calls that does as it is told, one behaviour a call, and is well behaved after those. */
export class Receiver {
  readonly received: Received[] = [];
  behaviours: Behaviour[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const call = { path: request.url ?? '', headers: request.headers, body, at: Date.now() };
        this.received.push(call);
        (this.behaviours.shift() ?? ok)(response, call);
      });
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Bodies as the JSON that they are. */
  get bodies(): unknown[] {
    return this.received.map(({ body }) => JSON.parse(body) as unknown);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
