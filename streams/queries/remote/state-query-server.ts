import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StateQueryError } from '../state-query.js';
import type { StateQueryHandler } from './state-query-handler.js';
import { STATE_QUERIES_PATH } from './state-query-wire.js';

/** Serves state queries, and nothing else, over HTTP. */
export interface StateQueryServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws StateQueryError CANNOT_LISTEN */
export async function serveStateQueries(
  handler: StateQueryHandler,
  address: { readonly host: string; readonly port: number },
): Promise<StateQueryServer> {
  const server = createServer((request, response) => {
    if (request.url === STATE_QUERIES_PATH) return handler(request, response);
    response.statusCode = 404;
    response.end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const place = `${address.host}:${address.port}`;
      reject(
        new StateQueryError('CANNOT_LISTEN', `cannot listen at ${place} for queries: ${cause.message}`, { cause }),
      );
    });
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
