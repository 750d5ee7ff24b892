import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { Problem, problemBody } from './problems.js';

/** After a busy port that nobody named so many others are tried. */
const MORE_PORTS = 20;
const HEADERS_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 60_000;
/**
 * How long a connection waits for its next request. Longer than proxies and load balancers keep one, mostly 60 s: a
 * request that is sent while this end closes is lost.
 */
const IDLE_CONNECTION_MS = 75_000;
/** A search of 2,000 characters takes 24 KiB in a URL. */
const MAX_HEADER_BYTES = 64 * 2 ** 10;

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Whether it is a default, which nobody waits at: the next ports are as good. */
  readonly isDefault?: boolean;
}

/** Another program listens at a port that was named. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
  readonly code = 'EADDRINUSE';

  constructor(address: Address, cause: unknown) {
    super(portTaken('--http', address, 'tcp'), { cause });
  }
}

/** What to say of a port that the option names, and where another program listens. */
export function portTaken(option: string, { host, port }: Address, protocol: 'tcp' | 'udp'): string {
  const flags = protocol === 'tcp' ? '-ltnp' : '-lunp';
  return `${option}: port ${port} of ${host} is taken: \`ss ${flags} sport = :${port}\` tells by whom; choose another`;
}

/**
 * Listens at the port, or where it is a default and busy, at one of the next.
 *
 * @throws PortTakenError, and what else listening failed with
 */
export async function listen(app: Express, address: Address): Promise<{ server: Server; url: string }> {
  const { host, isDefault = false, port } = address;
  const limits = {
    headersTimeout: HEADERS_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = createHttpServer(limits, app);
  server.on('clientError', refuse);
  for (let tried = port; ; tried++) {
    try {
      await listenAt(server, host, tried);
      const { port: got } = server.address() as AddressInfo;
      return { server, url: `http://${host.includes(':') ? `[${host}]` : host}:${got}` };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE') throw error;
      if (!isDefault || tried >= Math.min(port + MORE_PORTS, 65_535)) throw new PortTakenError(address, error);
    }
  }
}

/** What is no request that could be given to a route. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemOf(error.code);
  const body = JSON.stringify(problemBody(problem, '', randomUUID()));
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function problemOf(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Problem(431, 'too-large', 'The request line and headers have more than 64 KiB.');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem(408, 'too-slow', 'The request did not come in time.');
  return new Problem(400, 'invalid-request', 'It is no request of HTTP that can be read.');
}

function listenAt(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Names by which a server on loopback may be asked: a page elsewhere can make its own name point here. */
export function namesOf(host: string): ReadonlySet<string> | undefined {
  return isLoopback(host) ? new Set(['127.0.0.1', 'localhost', '[::1]', host]) : undefined;
}
