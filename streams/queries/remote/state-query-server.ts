import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { StateQueryError } from '../state-query.js';
import type { ApplicationServerTls } from './application-server.js';
import type { StateQueryHandler } from './state-query-handler.js';
import { STATE_QUERIES_PATH } from './state-query-wire.js';

/** Serves state queries, and nothing else, over HTTP or HTTPS. */
export interface StateQueryServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws StateQueryError CANNOT_LISTEN */
export async function serveStateQueries(
  handler: StateQueryHandler,
  address: { readonly host: string; readonly port: number },
  tls: ApplicationServerTls | undefined,
): Promise<StateQueryServer> {
  const answer: RequestListener = (request, response) => {
    if (request.url === STATE_QUERIES_PATH) return handler(request, response);
    response.statusCode = 404;
    response.end();
  };
  const refused = (cause: Error) => {
    const place = `${address.host}:${address.port}`;
    return new StateQueryError('CANNOT_LISTEN', `cannot listen at ${place} for queries: ${cause.message}`, { cause });
  };
  let server: Server;
  try {
    server = tls === undefined ? createServer(answer) : createTlsServer({ cert: tls.cert, key: tls.key }, answer);
  } catch (error) {
    throw refused(error as Error);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(refused(cause)));
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
