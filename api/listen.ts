import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';

/** After a busy port so many others are tried. */
const MORE_PORTS = 20;
const HEADERS_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 60_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Listens at the port, or where it is busy at one of the next. @throws what listening failed with */
export async function listen(app: Express, { host, port }: Address): Promise<{ server: Server; url: string }> {
  const server = createHttpServer({ headersTimeout: HEADERS_WITHIN_MS, requestTimeout: REQUEST_WITHIN_MS }, app);
  for (let tried = port; ; tried++) {
    try {
      await listenAt(server, host, tried);
      const { port: got } = server.address() as AddressInfo;
      return { server, url: `http://${host.includes(':') ? `[${host}]` : host}:${got}` };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' || port === 0 || tried >= Math.min(port + MORE_PORTS, 65_535)) throw error;
    }
  }
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
