import { createServer, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What stands between an application and its registry, and goes wrong in ways of its own. */
export type FrontMode =
  | { readonly kind: 'passes' }
  /** Takes requests, and never answers. */
  | { readonly kind: 'hangs' }
  /** Answers by itself, as a load balancer with nothing behind it does. */
  | { readonly kind: 'answers'; readonly status: number; readonly body: string }
  /** Passes what comes with these credentials. */
  | { readonly kind: 'guards'; readonly credentials: string };

export interface FrontOptions {
  readonly target: string;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A reverse proxy in front of a registry. */
export class RegistryFront {
  mode: FrontMode = { kind: 'passes' };
  /** What has come in: method and path. */
  readonly requests: string[] = [];
  readonly #target: URL;
  readonly #server: Server;
  readonly #scheme: string;
  #port = 0;

  private constructor({ target, tls }: FrontOptions) {
    this.#target = new URL(target);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer() : createTlsServer(tls);
    this.#server.on('request', (incoming, response: ServerResponse) => {
      const { headers, method = 'GET', url = '/' } = incoming;
      this.requests.push(`${method} ${url}`);
      const { mode } = this;
      if (mode.kind === 'hangs') return;
      if (mode.kind === 'answers') {
        response.writeHead(mode.status, { 'content-type': 'text/html' }).end(mode.body);
        return;
      }
      const wanted = mode.kind === 'guards' ? Buffer.from(mode.credentials).toString('base64') : undefined;
      if (wanted !== undefined && headers.authorization !== `Basic ${wanted}`) {
        response.writeHead(401, { 'content-type': 'text/html' }).end('who are you?');
        return;
      }
      const { hostname, port } = this.#target;
      const outgoing = request({ hostname, port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => response.writeHead(502).end());
      incoming.pipe(outgoing);
    });
  }

  static async open(options: FrontOptions): Promise<RegistryFront> {
    const front = new RegistryFront(options);
    await front.start();
    return front;
  }

  /** The registry's URL, by way of this front. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}${this.#target.pathname}`;
  }

  /** Listens again, on the port that it had. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** From now on connections are refused; more than once is as once. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
